"""The neutral conversation to a body for a Gemini upstream.

PURE. What the model refuses is mapped to the nearest that it takes, or dropped, and named in ``changes``.
"""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.gemini.requests.schema import answer_schema, parameters_schema
from relay.dialects.gemini.requests.thinking import write_thinking
from relay.dialects.gemini.requests.write_turns import write_contents
from relay.dialects.names.rules import LETTERS, PLAIN, NameRule
from relay.dialects.schemas.words import described
from relay.neutral.conversation import Conversation, Json, Sampling, Tool

TOOL_NAMES = NameRule(PLAIN | {".", ":"}, 128, first=LETTERS | {"_"})
"""Of functions: google-genai's types say so of ``FunctionDeclaration.name``."""

MAX_STOP_SEQUENCES = 5
"""More are refused."""

_SAMPLING = {"temperature": "temperature", "top_p": "topP", "top_k": "topK"}
_PENALTIES = {"presence_penalty": "presencePenalty", "frequency_penalty": "frequencyPenalty"}


def write(conversation: Conversation, model: str, facts: ModelFacts, changes: list[str]) -> Json:
    """The body for ``conversation``. ``model`` stands in the path, not in here."""
    body: Json = {"contents": write_contents(conversation, facts, changes)}
    system = [{"text": text.text} for text in conversation.system if text.text]
    if system:
        body["systemInstruction"] = {"parts": system}
    tools = _tools(conversation, changes)
    if tools:
        body["tools"] = tools
    choice = _tool_choice(conversation, changes)
    if choice:
        body["toolConfig"] = {"functionCallingConfig": choice}
    config = _generation_config(conversation, facts, changes)
    if config:
        body["generationConfig"] = config
    return body


def _tools(conversation: Conversation, changes: list[str]) -> list[Json]:
    tools: list[Json] = []
    if conversation.tools:
        if any(tool.strict for tool in conversation.tools):
            changes.append("strict tool schemas: Gemini does not enforce them")
        tools.append({"functionDeclarations": [_declaration(tool, changes) for tool in conversation.tools]})
    if conversation.web_search:
        if tools:
            changes.append("web search dropped: Gemini refuses it beside functions")
        else:
            tools.append({"googleSearch": {}})
    return tools


def _declaration(tool: Tool, changes: list[str]) -> Json:
    fitted = parameters_schema(tool.schema)
    changes += [f"schema of {tool.name}: {what}" for what in fitted.changes]
    declaration: Json = {"name": tool.name}
    if description := described(tool.description, fitted.said):
        declaration["description"] = description
    return {**declaration, "parametersJsonSchema": fitted.schema}


def _tool_choice(conversation: Conversation, changes: list[str]) -> Json:
    choice = conversation.tool_choice
    if choice.searches:
        changes.append("a search that must be made became one that may be: Gemini forces functions only")
    if not conversation.tools:
        return {}
    if not choice.parallel and choice.mode != "none":
        changes.append("one tool call at a time: Gemini has no such setting")
    match choice.mode:
        case "auto":
            return {}
        case "none":
            return {"mode": "NONE"}
        case "any":
            return (
                {"mode": "ANY", "allowedFunctionNames": list(choice.names)}
                if choice.names
                else {"mode": "ANY"}
            )


def _generation_config(conversation: Conversation, facts: ModelFacts, changes: list[str]) -> Json:
    config: Json = {}
    if conversation.max_tokens is not None:
        config["maxOutputTokens"] = fitted_limit(conversation.max_tokens, facts, changes)
    config |= _numbers(conversation.sampling, facts, changes)
    sequences = [sequence for sequence in conversation.stop_sequences if sequence]
    if sequences:
        if len(sequences) > MAX_STOP_SEQUENCES:
            changes.append(f"{len(sequences) - MAX_STOP_SEQUENCES} stop sequences dropped: Gemini takes five")
        config["stopSequences"] = sequences[:MAX_STOP_SEQUENCES]
    if conversation.json_answer or conversation.response_schema is not None:
        if conversation.tools and not facts.json_with_tools:
            changes.append("JSON mode dropped: the model refuses it beside functions")
        else:
            config["responseMimeType"] = "application/json"
            if conversation.response_schema is not None:
                fitted = answer_schema(conversation.response_schema)
                config["responseJsonSchema"] = fitted.schema
                changes += [f"schema of the answer: {what}" for what in fitted.changes]
    thinking = write_thinking(conversation.thinking, facts, changes)
    if thinking:
        config["thinkingConfig"] = thinking
    return config


def fitted_limit(limit: int, facts: ModelFacts, changes: list[str]) -> int:
    """The output limit within what the model can give."""
    fitted = max(min(limit, facts.max_output_tokens), 1)
    if fitted != limit:
        changes.append(f"output limit {limit} became {fitted}")
    return fitted


def _numbers(sampling: Sampling, facts: ModelFacts, changes: list[str]) -> Json:
    """The sampling parameters that the model takes."""
    config: Json = {}
    takes_sampling = facts.sampling == "any"
    for names, is_taken in ((_SAMPLING, takes_sampling), (_PENALTIES, facts.penalties)):
        for name, field in names.items():
            value = getattr(sampling, name)
            if value is None:
                continue
            if is_taken:
                config[field] = value
            else:
                changes.append(f"{name} dropped: the model takes none")
    if sampling.seed is not None:
        if -(2**31) <= sampling.seed < 2**31:
            config["seed"] = sampling.seed
        else:
            changes.append("seed dropped: Gemini takes 32 bits")
    return config
