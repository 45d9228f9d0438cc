"""The fields that a generateContent request may have: snake case becomes camel case, unknown ones a 400.

What a client puts into ``args``, ``response`` or a real JSON schema is its own and is left alone.
"""

import re
from typing import Any

from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.gemini.errors import unknown_name

Json = dict[str, Any]

# what each message has of plain data, and below which of its fields are messages again
_PLAIN: dict[str, str] = {
    "Request": "model safetySettings cachedContent labels serviceTier store continuationToken",
    "Content": "role",
    "Part": """
        text thought thoughtSignature executableCode codeExecutionResult toolCall toolResponse videoMetadata
        mediaResolution mediaProcessing partMetadata audioTranscription speechMetadata documentMetadata
        spreadsheetMetadata audioMetadata""",
    "FunctionCall": "id name args partialArgs willContinue",
    "FunctionResponse": "id name response willContinue scheduling",
    "Blob": "mimeType data displayName",
    "FileData": "mimeType fileUri displayName",
    "Tool": """
        googleSearch urlContext codeExecution googleMaps computerUse fileSearch mcpServers retrieval
        enterpriseWebSearch parallelAiSearch exaAiSearch googleSearchRetrieval""",
    "FunctionDeclaration": "name description parametersJsonSchema responseJsonSchema behavior",
    "Schema": """
        type format title description nullable enum maxItems minItems required minProperties maxProperties
        minLength maxLength pattern example propertyOrdering default minimum maximum additionalProperties
        ref""",
    "ToolConfig": "retrievalConfig includeServerSideToolInvocations",
    "FunctionCallingConfig": "mode allowedFunctionNames streamFunctionCallArguments",
    "GenerationConfig": """
        temperature topP topK candidateCount maxOutputTokens stopSequences responseLogprobs logprobs
        presencePenalty frequencyPenalty seed responseMimeType responseJsonSchema responseModalities
        mediaResolution speechConfig imageConfig audioTranscriptionConfig enableEnhancedCivicAnswers
        continuationToken routingConfig modelSelectionConfig modelConfig audioTimestamp""",
    "ThinkingConfig": "includeThoughts thinkingBudget thinkingLevel",
}
_MESSAGES: dict[str, dict[str, str]] = {  # "*" before a message: a map of them
    "Request": {
        "contents": "Content",
        "systemInstruction": "Content",
        "tools": "Tool",
        "toolConfig": "ToolConfig",
        "generationConfig": "GenerationConfig",
    },
    "Content": {"parts": "Part"},
    "Part": {
        "functionCall": "FunctionCall",
        "functionResponse": "FunctionResponse",
        "inlineData": "Blob",
        "fileData": "FileData",
    },
    "FunctionResponse": {"parts": "Part"},
    "Tool": {"functionDeclarations": "FunctionDeclaration"},
    "FunctionDeclaration": {"parameters": "Schema", "response": "Schema"},
    "Schema": {"properties": "*Schema", "items": "Schema", "anyOf": "Schema", "defs": "*Schema"},
    "ToolConfig": {"functionCallingConfig": "FunctionCallingConfig"},
    "GenerationConfig": {"responseSchema": "Schema", "thinkingConfig": "ThinkingConfig"},
}
_FIELDS = {name: dict.fromkeys(plain.split(), "") | _MESSAGES.get(name, {}) for name, plain in _PLAIN.items()}
_REPEATED = frozenset({"contents", "parts", "tools", "functionDeclarations", "anyOf"})
_SNAKE = re.compile(r"_([a-z])")
_CAMEL = re.compile(r"([A-Z])")


def normalized(body: Json) -> Json:
    """``body`` with camel-case names throughout. Raises Refused for unknown fields and wrong shapes."""
    return _message(body, "Request", "")


def _message(value: Any, message: str, where: str) -> Json:
    if not isinstance(value, dict):
        raise OrderedRefusal(400, f"Invalid value at '{where}' ({message}), expected an object")
    known, result = _FIELDS[message], Json()
    for name, inner in value.items():
        camel = _SNAKE.sub(lambda found: found[1].upper(), name)
        if camel not in known:
            raise unknown_name(name, where)
        if inner is None:
            continue
        place = f"{where}.{_snake(camel)}" if where else _snake(camel)
        result[camel] = _field(inner, camel, known[camel], place)
    return result


def _field(value: Any, name: str, message: str, where: str) -> Any:
    if not message:
        return value
    if message.startswith("*"):
        if not isinstance(value, dict):
            raise OrderedRefusal(400, f"Invalid value at '{where}', expected a map")
        return {
            key: _message(one, message[1:], f"{where}[{position}].value")
            for position, (key, one) in enumerate(value.items())
        }
    if name not in _REPEATED:
        return _message(value, message, where)
    # a lone object is taken for a list of one, as the API does
    items = value if isinstance(value, list) else [value]
    return [_message(one, message, f"{where}[{position}]") for position, one in enumerate(items)]


def _snake(camel: str) -> str:
    return _CAMEL.sub(lambda found: "_" + found[1].lower(), camel)
