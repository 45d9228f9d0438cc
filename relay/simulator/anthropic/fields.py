"""Checks of an Anthropic request's parameters, as strict as the API is with them."""

import re
from collections.abc import Mapping
from typing import Any

from relay.simulator.anthropic.errors import bad_request
from relay.simulator.anthropic.rules import ClaudeRules
from relay.simulator.anthropic.schemas import check_input_schema
from relay.simulator.faults.refused import OrderedRefusal

Json = dict[str, Any]

VERSIONS = ("2023-01-01", "2023-06-01", "2026-10-21")
_GENERAL_NAMES = """
model max_tokens messages system stream stop_sequences metadata tools tool_choice thinking output_config
cache_control container diagnostics inference_geo service_tier speed temperature top_p top_k
"""
_GENERAL = frozenset(_GENERAL_NAMES.split())
# only with a beta header; where the header's name is documented, with that one
_BETA = {
    "context_management": "",
    "compaction": "compact-2026-09-04",
    "mcp_servers": "",
    "fallbacks": "server-side-fallback-2026-07-01",
    "fallback_credit_token": "",
    "billing_policy": "",
    "thread": "message-threads-2026-08-12",
}
BLOCK_BINDING_BETA = "thinking-binding-controls-2026-08-01"
_UPDATES_BETA = "thinking-display-updates-2026-08-18"
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_SAMPLING_DEFAULTS: dict[str, Any] = {"temperature": 1, "top_p": 1, "top_k": None}
_EFFORTS_OVER_HIGH = ("xhigh", "max")


def betas(headers: Mapping[str, str]) -> set[str]:
    """The values of ``anthropic-beta``."""
    return {value.strip() for value in headers.get("anthropic-beta", "").split(",") if value.strip()}


def check_fields(body: Json, headers: Mapping[str, str], rules: ClaudeRules, *, counting: bool) -> None:
    """Check everything but the messages. Raises Refused."""
    version = headers.get("anthropic-version", "")
    if not version:
        raise bad_request("anthropic-version", "header is required")
    if version not in VERSIONS:
        raise bad_request("anthropic-version", f'"{version}" is not a valid version')
    sent = betas(headers)
    for name in body:
        if name not in _GENERAL and (
            name not in _BETA or not sent or (_BETA[name] and _BETA[name] not in sent)
        ):
            raise bad_request(name, "Extra inputs are not permitted")
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        raise bad_request(
            "messages", "at least one message is required" if "messages" in body else "Field required"
        )
    if not counting:
        _check_max_tokens(body, rules)
        if not isinstance(body.get("stream", False), bool):
            raise bad_request("stream", "Input should be a valid boolean")
    _check_system(body.get("system"))
    _check_stop_sequences(body.get("stop_sequences"))
    _check_sampling(body, version, rules)
    _check_tools(body)
    _check_thinking(body, sent, rules)
    _check_tool_choice(body, rules)


def thinking_type(body: Json, rules: ClaudeRules) -> str:
    """The kind of thinking that is on: ``adaptive``, ``enabled``, ``between_tools`` or ``disabled``."""
    thinking = body.get("thinking")
    if isinstance(thinking, dict):
        return str(thinking.get("type"))
    return "adaptive" if rules.thinks_when_omitted else "disabled"


def _check_max_tokens(body: Json, rules: ClaudeRules) -> None:
    limit = body.get("max_tokens")
    if limit is None:
        raise bad_request("max_tokens", "Field required")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise bad_request("max_tokens", "Input should be a valid integer, greater than or equal to 0")
    if limit > rules.max_tokens:
        raise bad_request(
            "max_tokens",
            f"{limit} > {rules.max_tokens}, which is the maximum allowed number of output tokens for "
            f"{body['model']}",
        )


def _check_system(system: Any) -> None:
    for position, block in enumerate(system if isinstance(system, list) else []):
        if (
            not isinstance(block, dict)
            or block.get("type") != "text"
            or not isinstance(block.get("text"), str)
        ):
            raise bad_request(f"system.{position}", "Input should be a text block")
        if not block["text"]:
            raise OrderedRefusal(400, f"system.{position}: text content blocks must be non-empty")
    if not isinstance(system, str | list | None):
        raise bad_request("system", "Input should be a valid string or list of text blocks")


def _check_stop_sequences(sequences: Any) -> None:
    if sequences is None:
        return
    if not isinstance(sequences, list) or not all(isinstance(one, str) for one in sequences):
        raise bad_request("stop_sequences", "Input should be a valid list of strings")
    if not all(one.strip() for one in sequences):
        raise bad_request("stop_sequences", "each stop sequence must contain non-whitespace")


def _check_sampling(body: Json, version: str, rules: ClaudeRules) -> None:
    for name, default in _SAMPLING_DEFAULTS.items():
        value = body.get(name)
        if value is None:
            continue
        if version == VERSIONS[-1]:
            raise bad_request(name, "Extra inputs are not permitted")
        if rules.sampling == "no" or (rules.sampling == "default" and value != default):
            raise OrderedRefusal(400, f"`{name}` is not supported for this model.")
        if name != "top_k" and (not isinstance(value, int | float) or not 0 <= value <= 1):
            raise bad_request(name, "range: 0..1")
    if thinking_type(body, rules) == "enabled" and body.get("temperature") not in (None, 1):
        raise OrderedRefusal(400, "`temperature` may only be set to 1 when thinking is enabled.")


def _check_tools(body: Json) -> None:
    names: set[str] = set()
    for position, tool in enumerate(body.get("tools") or []):
        where = f"tools.{position}"
        if not isinstance(tool, dict) or not isinstance(tool.get("name", ""), str):
            raise bad_request(where, "Input should be a valid dictionary")
        if tool.get("type", "custom") != "custom":
            continue  # a server tool: its schema is the API's own
        if not _TOOL_NAME.fullmatch(tool.get("name", "")):
            raise bad_request(f"{where}.custom.name", "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'")
        schema = tool.get("input_schema")
        if not isinstance(schema, dict):
            raise bad_request(f"{where}.custom.input_schema", "Field required")
        check_input_schema(schema, f"{where}.custom.input_schema")
        if tool["name"] in names:
            raise bad_request("tools", "Tool names must be unique.")
        names.add(tool["name"])


def _check_thinking(body: Json, sent: set[str], rules: ClaudeRules) -> None:
    config = body.get("output_config") or {}
    effort = config.get("effort")
    if effort is not None and effort not in rules.efforts:
        raise bad_request("output_config.effort", f"{effort!r} is not supported for this model.")
    thinking = body.get("thinking")
    if thinking is None:
        return
    if not isinstance(thinking, dict):
        raise bad_request("thinking", "Input should be a valid dictionary")
    kind = thinking.get("type")
    if kind not in ("adaptive", "enabled", "disabled", "between_tools"):
        raise bad_request("thinking.type", f"Input tag {kind!r} does not match any of the expected tags")
    if kind not in rules.thinking:
        raise OrderedRefusal(400, f'"thinking.type.{kind}" is not supported for this model.')
    if kind == "disabled" and rules.off_needs_effort_up_to_high and effort in _EFFORTS_OVER_HIGH:
        raise OrderedRefusal(400, f'"thinking.type.disabled" is not supported at effort {effort!r}.')
    if kind == "between_tools" and (len(thinking) > 1 or effort in _EFFORTS_OVER_HIGH):
        raise bad_request("thinking.between_tools", "Extra inputs are not permitted")
    if kind == "enabled":
        _check_budget(thinking.get("budget_tokens"), body.get("max_tokens"))
    display = thinking.get("display")
    if display not in (None, "summarized", "omitted") and not (
        display == "updates" and _UPDATES_BETA in sent
    ):
        raise bad_request(f"thinking.{kind}.display", "Input should be 'summarized' or 'omitted'")
    if "block_binding" in thinking and BLOCK_BINDING_BETA not in sent:
        raise bad_request(f"thinking.{kind}.block_binding", "Extra inputs are not permitted")


def _check_budget(budget: Any, max_tokens: Any) -> None:
    if not isinstance(budget, int):
        raise bad_request("thinking.enabled.budget_tokens", "Field required")
    if budget < 1024:
        raise bad_request("thinking.enabled.budget_tokens", "Input should be greater than or equal to 1024")
    if isinstance(max_tokens, int) and budget >= max_tokens:
        raise OrderedRefusal(400, "`max_tokens` must be greater than `thinking.budget_tokens`.")


def _check_tool_choice(body: Json, rules: ClaudeRules) -> None:
    choice = body.get("tool_choice")
    if choice is None:
        return
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind not in ("auto", "any", "tool", "none"):
        raise bad_request("tool_choice", f"Input tag {kind!r} does not match any of the expected tags")
    if not body.get("tools"):
        raise bad_request("tool_choice", "tool_choice may only be specified while providing tools.")
    if kind == "tool" and choice.get("name") not in {tool.get("name") for tool in body["tools"]}:
        raise OrderedRefusal(400, f"Tool '{choice.get('name')}' not found in provided tools")
    if kind in ("any", "tool"):
        if rules.forced_tools == "no":
            raise OrderedRefusal(400, f'tool_choice type "{kind}" is not supported for this model.')
        if rules.forced_tools == "without_thinking" and thinking_type(body, rules) != "disabled":
            raise OrderedRefusal(400, "Thinking may not be enabled when tool_choice forces tool use.")
