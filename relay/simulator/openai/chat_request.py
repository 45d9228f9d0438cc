"""Reads a chat completions request, as strict as the API is."""

from typing import Any

from relay.simulator.dialect import Inbound
from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.model.asks import ANY_TOOL, Ask, AskedTurn
from relay.simulator.model.prefix import Prefix
from relay.simulator.openai.errors import bad_request, missing, unsupported
from relay.simulator.openai.parameters import (
    check_effort,
    check_function,
    check_json_schema,
    check_sampling,
)
from relay.simulator.openai.parts import MEDIA_TOKENS, read_parts
from relay.simulator.openai.rules import OpenAIRules

Json = dict[str, Any]

_FIELD_NAMES = """
model messages stream stream_options temperature top_p n stop max_tokens max_completion_tokens
presence_penalty frequency_penalty logit_bias logprobs top_logprobs user seed tools tool_choice
parallel_tool_calls functions
function_call response_format reasoning_effort verbosity prompt_cache_key prompt_cache_options
prompt_cache_retention safety_identifier service_tier moderation prediction web_search_options store metadata
modalities audio
"""
_FIELDS = frozenset(_FIELD_NAMES.split())
_ROLES = ("developer", "system", "user", "assistant", "tool", "function")


def read_chat(inbound: Inbound, rules: OpenAIRules) -> tuple[Ask, Prefix]:
    """What is asked, and the conversation's digest. Raises Refused."""
    body = inbound.body
    for name in body:
        # compatible servers take extensions of their own
        if name not in _FIELDS and rules.reasons:
            raise bad_request(f"Unrecognized request argument supplied: {name}")
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise missing("messages")
    if not messages:
        raise bad_request(
            "Invalid 'messages': empty array. Expected an array with minimum length 1.", "messages"
        )
    effort = body.get("reasoning_effort")
    check_effort(effort, "reasoning_effort", rules)
    check_sampling(body, effort, rules)
    _check_limits(body, effort, rules)
    tools = _tools(body)
    if tools and effort not in (None, "none") and not rules.tools_beside_effort:
        raise bad_request(
            f"Function tools with reasoning_effort are not supported for {inbound.base_model} in "
            "/v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to "
            "'none'.",
            "reasoning_effort",
        )
    turns, prefix = _turns(messages), _prefix(body)
    choice = body.get("tool_choice")
    return (
        Ask(
            turns=turns,
            tools=_usable(tools, choice),
            forced=_forced(choice, tools),
            parallel=body.get("parallel_tool_calls") is not False,
            json_schema=_format(body),
            stop_sequences=_stop(body.get("stop")),
            max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
            searches=body.get("web_search_options") is not None,
            thinks=rules.tells_reasoning or (rules.reasons and effort != "none"),
            shows_thinking=rules.tells_reasoning,
        ),
        prefix,
    )


def _check_limits(body: Json, effort: Any, rules: OpenAIRules) -> None:
    if rules.reasons and body.get("max_tokens") is not None:
        raise unsupported(
            "max_tokens",
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead.",
        )
    if rules.reasons and effort != "none" and body.get("stop"):
        raise unsupported("stop", "Unsupported parameter: 'stop' is not supported with this model.")
    for name in ("max_tokens", "max_completion_tokens"):
        value = body.get(name)
        if value is not None and not (isinstance(value, int) and 1 <= value <= 128_000):
            raise bad_request(f"{name} is too large or not a positive integer: {value}.", name)
    if body.get("stream_options") and not body.get("stream"):
        raise bad_request(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options"
        )
    if len(_stop(body.get("stop"))) > 4:
        raise bad_request("Invalid 'stop': array too long. Expected an array with maximum length 4.", "stop")
    if body.get("n", 1) not in (None, 1):
        raise bad_request("The simulator answers with one choice only.", "n")


def _stop(stop: Any) -> tuple[str, ...]:
    return (stop,) if isinstance(stop, str) else tuple(stop or ())


def _tools(body: Json) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for position, tool in enumerate(body.get("tools") or []):
        kind = tool.get("type") if isinstance(tool, dict) else None
        if kind not in ("function", "custom"):
            raise missing(f"tools[{position}].type")
        if kind == "function":
            name, parameters = check_function(tool.get("function"), f"tools[{position}].function")
            found[name] = parameters
    if body.get("tool_choice") not in (None, "none", "auto") and not found:
        raise bad_request(
            "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
        )
    return found


def _usable(tools: dict[str, Any], choice: Any) -> dict[str, Any]:
    if choice == "none":
        return {}
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        allowed = choice.get("allowed_tools") or choice
        names = {(one.get("function") or one).get("name") for one in allowed.get("tools") or []}
        return {name: schema for name, schema in tools.items() if name in names}
    return tools


def _forced(choice: Any, tools: dict[str, Any]) -> str:
    if choice == "required":
        return ANY_TOOL
    if not isinstance(choice, dict):
        return ""
    if choice.get("type") == "allowed_tools":
        return ANY_TOOL if (choice.get("allowed_tools") or choice).get("mode") == "required" else ""
    name = (choice.get("function") or {}).get("name", "")
    if name not in tools:
        raise bad_request(f"Tool choice 'function' {name!r} not found in 'tools' parameter.", "tool_choice")
    return str(name)


def _format(body: Json) -> dict[str, Any] | None:
    form = body.get("response_format") or {}
    match form.get("type", "text"):
        case "text":
            return None
        case "json_object":
            if "json" not in str(body["messages"]).lower():
                raise bad_request(
                    "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
                    "'json_object'.",
                    "messages",
                )
            return {}
        case "json_schema":
            return dict(check_json_schema(form.get("json_schema"), "response_format.json_schema"))
        case other:
            raise bad_request(f"Invalid value: '{other}'.", "response_format.type")


def _turns(messages: list[Any]) -> list[AskedTurn]:
    turns: list[AskedTurn] = []
    open_ids: list[str] = []
    for position, message in enumerate(messages):
        place = f"messages[{position}]"
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _ROLES:
            raise bad_request(
                f"Invalid value: '{role}'. Supported values are: {', '.join(_ROLES)}.", f"{place}.role"
            )
        if open_ids and role != "tool":
            raise _unanswered(open_ids)
        calls = message.get("tool_calls") or []
        if message.get("content") is None and not calls and not message.get("refusal"):
            raise bad_request("Invalid value for 'content': expected a string, got null.", f"{place}.content")
        texts, media = read_parts(message.get("content"), f"{place}.content")
        match role:
            case "user":
                turns.append(AskedTurn("user", tuple(texts), (), tuple(media)))
            case "assistant":
                open_ids = [_call_id(call, f"{place}.tool_calls[{i}]") for i, call in enumerate(calls)]
                turns.append(AskedTurn("model", tuple(texts)))
            case "tool":
                if message.get("tool_call_id") not in open_ids:
                    raise bad_request(
                        "Invalid parameter: messages with role 'tool' must be a response to a preceding "
                        "message with 'tool_calls'.",
                        f"{place}.role",
                    )
                if media:
                    raise bad_request("Tool messages take text only.", f"{place}.content")
                open_ids.remove(message["tool_call_id"])
                _add_result(turns, " ".join(texts))
    if open_ids:
        raise _unanswered(open_ids)
    return turns


def _add_result(turns: list[AskedTurn], result: str) -> None:
    """Results of parallel calls make one turn."""
    if turns and turns[-1].role == "user" and turns[-1].results:
        turns[-1] = AskedTurn("user", (), (*turns[-1].results, result))
    else:
        turns.append(AskedTurn("user", (), (result,)))


def _call_id(call: Any, place: str) -> str:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(call.get("id"), str):
        raise missing(f"{place}.id")
    if not isinstance(function.get("arguments"), str):
        raise bad_request(
            f"Invalid type for '{place}.function.arguments': expected a string.", place, "invalid_type"
        )
    return str(call["id"])


def _unanswered(ids: list[str]) -> OrderedRefusal:
    return bad_request(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(ids)}",
        "messages",
    )


def _prefix(body: Json) -> Prefix:
    prefix = Prefix()
    if body.get("tools"):
        prefix.add(["tools", body["tools"]])
    for message in body["messages"]:
        content = message.get("content")
        has_media = isinstance(content, list) and any(part.get("type") != "text" for part in content)
        prefix.add(message, MEDIA_TOKENS if has_media else None)
    return prefix
