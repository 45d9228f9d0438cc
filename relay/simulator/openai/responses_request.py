"""Reads a responses request, as strict as the API is."""

from typing import Any

from relay.simulator.dialect import Inbound
from relay.simulator.model.asks import ANY_TOOL, Ask, AskedTurn
from relay.simulator.model.prefix import Prefix
from relay.simulator.model.signatures import NotBase64Error, read
from relay.simulator.openai.errors import bad_request, missing, unknown
from relay.simulator.openai.parameters import (
    check_effort,
    check_function,
    check_json_schema,
    check_sampling,
)
from relay.simulator.openai.parts import MEDIA_TOKENS, read_parts
from relay.simulator.openai.rules import OpenAIRules

Json = dict[str, Any]

FAMILY = "gpt"
_FIELD_NAMES = """
model input instructions previous_response_id conversation store reasoning text max_output_tokens
max_tool_calls tools tool_choice parallel_tool_calls include truncation background context_management
prompt_cache_key prompt_cache_options prompt_cache_retention service_tier stream stream_options
temperature top_p top_logprobs metadata user safety_identifier prompt moderation access_programs
client_metadata
"""
_FIELDS = frozenset(_FIELD_NAMES.split())
_ROLES = ("user", "assistant", "system", "developer")


def read_responses(inbound: Inbound, rules: OpenAIRules) -> tuple[Ask, Prefix]:
    """What is asked, and the conversation's digest. Raises Refused."""
    body = inbound.body
    for name in body:
        if name not in _FIELDS:
            raise unknown(name)
    if body.get("input") in (None, "", []):
        raise missing("input")
    if previous := body.get("previous_response_id"):
        raise bad_request(
            f"Previous response with id '{previous}' not found.",
            "previous_response_id",
            "previous_response_not_found",
        )
    reasoning = body.get("reasoning") or {}
    effort = reasoning.get("effort")
    check_effort(effort, "reasoning.effort", rules)
    check_sampling(body, effort, rules)
    limit = body.get("max_output_tokens")
    if limit is not None and not (isinstance(limit, int) and 16 <= limit <= 128_000):
        raise bad_request(
            f"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got "
            f"{limit} instead.",
            "max_output_tokens",
        )
    tools = _tools(body)
    choice = body.get("tool_choice")
    items = body["input"] if isinstance(body["input"], list) else [{"role": "user", "content": body["input"]}]
    return (
        Ask(
            turns=_turns(items),
            tools=tools if choice != "none" else {},
            forced=_forced(choice, tools),
            parallel=body.get("parallel_tool_calls") is not False,
            json_schema=_format(body),
            max_tokens=limit,
            thinks=rules.reasons and effort != "none",
            shows_thinking=bool(reasoning.get("summary")),
            searches=any(str(tool.get("type")).startswith("web_search") for tool in body.get("tools") or []),
            must_search=isinstance(choice, dict) and str(choice.get("type")).startswith("web_search"),
        ),
        _prefix(body, items),
    )


def _tools(body: Json) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for position, tool in enumerate(body.get("tools") or []):
        if not isinstance(tool, dict) or not isinstance(tool.get("type"), str):
            raise missing(f"tools[{position}].type")
        if tool["type"] == "function":
            name, parameters = check_function(tool, f"tools[{position}]")
            found[name] = parameters
    return found


def _forced(choice: Any, tools: dict[str, Any]) -> str:
    if choice == "required":
        return ANY_TOOL
    if isinstance(choice, dict) and choice.get("type") == "function":
        if choice.get("name") not in tools:
            raise bad_request("Tool choice 'function' not found in 'tools' parameter.", "tool_choice")
        return str(choice["name"])
    return ""


def _format(body: Json) -> dict[str, Any] | None:
    form = (body.get("text") or {}).get("format") or {}
    match form.get("type", "text"):
        case "text":
            return None
        case "json_object":
            return {}
        case "json_schema":
            return dict(check_json_schema(form, "text.format"))
        case other:
            raise bad_request(f"Invalid value: '{other}'.", "text.format.type")


def _turns(items: list[Any]) -> list[AskedTurn]:
    turns: list[AskedTurn] = []
    calls: list[str] = []
    answered: set[str] = set()
    for position, item in enumerate(items):
        place = f"input[{position}]"
        kind = item.get("type", "message") if isinstance(item, dict) else None
        match kind:
            case "message":
                if item.get("role") not in _ROLES:
                    raise bad_request(
                        f"Invalid value: '{item.get('role')}'.", f"{place}.role", "invalid_value"
                    )
                texts, media = read_parts(item.get("content"), f"{place}.content")
                if item["role"] in ("user", "assistant"):
                    role = "user" if item["role"] == "user" else "model"
                    turns.append(
                        AskedTurn("user" if role == "user" else "model", tuple(texts), (), tuple(media))
                    )
            case "reasoning":
                _check_encrypted(item.get("encrypted_content"))
            case "function_call":
                if not isinstance(item.get("call_id"), str) or not isinstance(item.get("arguments"), str):
                    raise missing(f"{place}.call_id")
                calls.append(item["call_id"])
            case "function_call_output":
                call = item.get("call_id")
                if call not in calls:
                    raise bad_request(
                        f"No tool call found for function call output with call_id {call}.", "input"
                    )
                answered.add(call)
                texts, media = read_parts(item.get("output"), f"{place}.output")
                earlier = turns.pop().results if turns and turns[-1].results else ()
                turns.append(AskedTurn("user", (), (*earlier, " ".join(texts)), tuple(media)))
            case "item_reference" | None:
                raise bad_request(f"Item with id '{(item or {}).get('id')}' not found.", "input")
            case _:
                pass  # server tools' items and the like say nothing that the answer depends on
    if open_calls := [call for call in calls if call not in answered]:
        raise bad_request(f"No tool output found for function call {open_calls[0]}.", "input")
    return turns


def _check_encrypted(encrypted: Any) -> None:
    if encrypted is None:
        return
    try:
        seal = read(str(encrypted))
    except NotBase64Error:
        seal = None
    if seal is None or seal.family != FAMILY:
        raise bad_request(
            f"The encrypted content {str(encrypted)[:8]}... could not be verified. Reason: Encrypted content "
            "could not be decrypted or parsed.",
            code="invalid_encrypted_content",
        )


def _prefix(body: Json, items: list[Any]) -> Prefix:
    prefix = Prefix()
    if body.get("tools"):
        prefix.add(["tools", body["tools"]])
    if body.get("instructions"):
        prefix.add(["instructions", body["instructions"]])
    for item in items:
        content = item.get("content")
        has_media = isinstance(content, list) and any(part.get("type") == "input_image" for part in content)
        prefix.add(item, MEDIA_TOKENS if has_media else None)
    return prefix
