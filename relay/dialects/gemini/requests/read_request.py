"""A Gemini client's body to the neutral conversation.

PURE. Content that only Gemini has is refused, parameters that only Gemini has are named as dropped.
"""

from collections.abc import Collection

from relay.dialects.gemini.fields import camel_keys
from relay.dialects.gemini.inspection import generation_request
from relay.dialects.gemini.requests.client_schema import json_schema
from relay.dialects.gemini.requests.enum_numbers import mode_word
from relay.dialects.gemini.requests.read_parts import Calls, joined_deltas, read_part
from relay.dialects.gemini.requests.thinking import read_thinking
from relay.dialects.request_fields import (
    as_object,
    as_text,
    integer_in,
    list_in,
    number_in,
    object_in,
    objects_in,
    place,
    text_in,
)
from relay.neutral.conversation import Conversation, Json, Part, Sampling, Text, Tool, ToolChoice, Turn
from relay.neutral.failures import BadRequest, CannotCarry

_ROLES = {"user": "user", "model": "assistant", "function": "user", "tool": "user", "system": "system"}
_SEARCHES = ("googleSearch", "googleSearchRetrieval", "enterpriseWebSearch")
_READ = frozenset(
    {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "cachedContent", "model"}
)
_READ_CONFIG = frozenset(
    {
        "temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty", "maxOutputTokens",
        "stopSequences", "responseMimeType", "responseSchema", "responseJsonSchema", "thinkingConfig",
        "candidateCount", "responseModalities", "continuationToken",
    }
)  # fmt: skip


def read(body: Json) -> Conversation:
    """``body`` as a neutral conversation. Raises BadRequest and CannotCarry."""
    try:
        request = camel_keys(generation_request(body))
    except RecursionError as error:
        raise BadRequest("the body is nested too deeply") from error
    config = object_in(request, "generationConfig")
    _check_carriable(request, config)
    dropped = [*_leftovers(request, _READ), *_leftovers(config, _READ_CONFIG)]
    tools, has_search = _tools(request, dropped)
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    media_type = text_in(config, "responseMimeType", "generationConfig")
    if media_type not in ("", "text/plain", "application/json"):
        dropped.append(f"responseMimeType {media_type}")
    return Conversation(
        turns=_turns(request, dropped),
        system=_system(request),
        tools=tools,
        web_search=has_search,
        tool_choice=_tool_choice(request, dropped),
        thinking=read_thinking(
            object_in(config, "thinkingConfig", "generationConfig"), "generationConfig.thinkingConfig"
        ),
        sampling=_sampling(config),
        max_tokens=integer_in(config, "maxOutputTokens", "generationConfig"),
        stop_sequences=tuple(
            as_text(item, "generationConfig.stopSequences")
            for item in list_in(config, "stopSequences", "generationConfig")
        ),
        json_answer=media_type == "application/json",
        response_schema=json_schema(schema) if schema else None,
        dropped=tuple(dict.fromkeys(dropped)),
    )


def _check_carriable(request: Json, config: Json) -> None:
    if request.get("cachedContent"):
        raise CannotCarry("cachedContent: only the Gemini account that holds it can read it")
    if config.get("continuationToken"):
        raise CannotCarry("generationConfig.continuationToken: only the Gemini model that gave it can use it")
    if (integer_in(config, "candidateCount", "generationConfig") or 1) > 1:
        raise CannotCarry("generationConfig.candidateCount: this upstream gives one answer only")
    for modality in list_in(config, "responseModalities", "generationConfig"):
        if modality not in ("TEXT", "MODALITY_UNSPECIFIED"):
            raise CannotCarry(f"generationConfig.responseModalities: this upstream answers no {modality}")


def _turns(request: Json, dropped: list[str]) -> tuple[Turn, ...]:
    calls = Calls()
    turns: list[tuple[str, list[Part]]] = []
    for content, where in objects_in(request, "contents"):
        told = text_in(content, "role", where) or "user"
        role = _ROLES.get(told)
        if role is None:
            raise BadRequest(f"{where}.role must be user or model")
        read = [read_part(part, here, calls, dropped) for part, here in objects_in(content, "parts", where)]
        parts = [part for part in read if part is not None]
        if turns and role == turns[-1][0] == "assistant":  # chats send a streamed answer chunk by chunk
            turns[-1][1].extend(parts)
        else:
            turns.append((role, parts))
    return tuple(
        Turn(role, joined_deltas(parts) if role == "assistant" else tuple(parts))  # type: ignore[arg-type]
        for role, parts in turns
        if parts
    )


def _system(request: Json) -> tuple[Text, ...]:
    instruction = request.get("systemInstruction")
    if isinstance(instruction, str):
        return (Text(instruction),) if instruction else ()
    parts = objects_in(object_in(request, "systemInstruction"), "parts", "systemInstruction")
    texts = [text_in(part, "text", where) for part, where in parts]
    return tuple(Text(text) for text in texts if text)


def _tools(request: Json, dropped: list[str]) -> tuple[tuple[Tool, ...], bool]:
    tools: list[Tool] = []
    has_search = False
    for tool, where in objects_in(request, "tools"):
        for key, value in tool.items():
            if key == "functionDeclarations":
                tools += [_tool(*declared, dropped) for declared in objects_in(tool, key, where)]
            elif key in _SEARCHES and value is not None:
                has_search = True
                if value:
                    dropped.append(f"options of {key}")
            elif value is not None:
                raise CannotCarry(
                    f"{place(where, key)} has no counterpart upstream; it only exists at Gemini"
                )
    return tuple(tools), has_search


def _tool(declared: Json, where: str, dropped: list[str]) -> Tool:
    name = text_in(declared, "name", where)
    if not name:
        raise BadRequest(f"{where}.name is missing")
    for key in ("response", "responseJsonSchema", "behavior"):
        if declared.get(key):
            dropped.append(f"functionDeclarations.{key}")
    given = declared.get("parametersJsonSchema")
    key = "parameters" if given is None else "parametersJsonSchema"
    given = declared.get(key)
    schema = json_schema(as_object(given, place(where, key))) if given is not None else {}
    schema = schema if schema.get("type") else {"type": "object", "properties": {}, **schema}
    return Tool(name, text_in(declared, "description", where), schema)


def _tool_choice(request: Json, dropped: list[str]) -> ToolChoice:
    where = "toolConfig.functionCallingConfig"
    tool_config = object_in(request, "toolConfig")
    dropped += _leftovers(tool_config, ("functionCallingConfig",))
    config = object_in(tool_config, "functionCallingConfig", "toolConfig")
    names = tuple(as_text(name, where) for name in list_in(config, "allowedFunctionNames", where))
    mode = as_text(mode_word(config.get("mode") or ""), place(where, "mode"))
    match mode.upper():
        case "ANY":
            return ToolChoice("any", names)
        case "NONE":
            return ToolChoice("none")
        case "VALIDATED":
            dropped.append("functionCallingConfig.mode VALIDATED became AUTO")
            return ToolChoice()
        case _:
            return ToolChoice()


def _sampling(config: Json) -> Sampling:
    where = "generationConfig"
    top_k = number_in(config, "topK", where)
    return Sampling(
        temperature=number_in(config, "temperature", where),
        top_p=number_in(config, "topP", where),
        top_k=None if top_k is None else int(top_k),
        seed=integer_in(config, "seed", where),
        presence_penalty=number_in(config, "presencePenalty", where),
        frequency_penalty=number_in(config, "frequencyPenalty", where),
    )


def _leftovers(obj: Json, read: Collection[str]) -> list[str]:
    """What would have meant something and has no place in the neutral conversation."""
    return [key for key, value in obj.items() if key not in read and value not in (None, False, [], {}, "")]
