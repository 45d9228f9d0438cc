"""Checks of an Anthropic request's messages: roles, blocks, and the order of tool calls and results."""

import re
from collections.abc import Iterator
from typing import Any

from relay.simulator.anthropic.errors import bad_request
from relay.simulator.anthropic.rules import ClaudeRules
from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.model.signatures import NotBase64Error, decode

Json = dict[str, Any]

_BOTH = {"text"}
_USER = _BOTH | {"image", "document", "search_result", "tool_result", "container_upload", "tool_reference"}
_ASSISTANT = _BOTH | {
    "thinking",
    "redacted_thinking",
    "tool_use",
    "server_tool_use",
    "compaction",
    "fallback",
}
_ASSISTANT |= {"image", "document", "search_result", "mcp_tool_use"}  # accepted, though rarely sent
_SYSTEM = _BOTH | {"tool_addition", "tool_removal"}
_TOOL_ID = re.compile(r"[a-zA-Z0-9_-]+")
_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")


def blocks_of(content: Any) -> list[Json]:
    """The blocks of a message's content; a string is one text block."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def check_messages(body: Json, version: str, rules: ClaudeRules) -> None:
    """Check structure and order of ``body["messages"]``. Raises Refused."""
    messages = body["messages"]
    for position, message in enumerate(messages):
        _check_message(message, position, position == len(messages) - 1, version)
    _check_system_turns(messages, rules)
    if next((m["role"] for m in messages if m["role"] != "system"), "user") != "user":
        raise bad_request("messages", 'first message must use the "user" role')
    _check_prefill(messages[-1], rules)
    _check_tool_order(messages)


def _check_message(message: Any, position: int, is_last: bool, version: str) -> None:
    where = f"messages.{position}"
    if not isinstance(message, dict):
        raise bad_request(where, "Input should be a valid dictionary")
    role = message.get("role")
    if role not in ("user", "assistant", "system"):
        raise bad_request(f"{where}.role", "Input should be 'user', 'assistant' or 'system'")
    extra = message.keys() - {"role", "content", "clear_at", "output_config"}
    if extra:
        raise bad_request(f"{where}.{min(extra)}", "Extra inputs are not permitted")
    content = message.get("content")
    if not isinstance(content, str | list):
        raise bad_request(f"{where}.content", "Field required")
    if not content and not (is_last and role == "assistant"):
        raise bad_request(
            where, "all messages must have non-empty content except for the optional final assistant message"
        )
    for index, block in enumerate(blocks_of(content)):
        _check_block(block, role, f"{where}.content.{index}", version)


def _check_block(block: Any, role: str, where: str, version: str) -> None:
    kind = block.get("type") if isinstance(block, dict) else None
    known = {"user": _USER, "assistant": _ASSISTANT, "system": _SYSTEM}[role]
    if kind not in known and not (
        isinstance(kind, str) and kind.endswith("_tool_result") and role == "assistant"
    ):
        raise bad_request(
            where,
            f"Input tag {kind!r} found using 'type' does not match any of the expected tags for role "
            f"{role!r}",
        )
    if version == "2026-10-21":
        if role == "assistant" and kind == "document":
            raise bad_request(where, "document blocks are not permitted in assistant messages")
        if role == "user" and kind == "text" and block.get("citations"):
            raise bad_request(f"{where}.citations", "citations are not permitted in user messages")
    match kind:
        case "text":
            if not isinstance(block.get("text"), str):
                raise bad_request(f"{where}.text.text", "Field required")
            if not block["text"]:
                raise OrderedRefusal(400, "messages: text content blocks must be non-empty")
        case "image":
            _check_source(block.get("source"), f"{where}.image.source", _IMAGES)
        case "document":
            _check_source(block.get("source"), f"{where}.document.source", ("application/pdf", "text/plain"))
        case "tool_use":
            _check_tool_use(block, where)
        case "tool_result":
            _check_tool_result(block, where, version)


def _check_source(source: Any, where: str, mimes: tuple[str, ...]) -> None:
    kind = source.get("type") if isinstance(source, dict) else None
    match kind:
        case "base64":
            if source.get("media_type") not in mimes:
                raise bad_request(f"{where}.base64.media_type", f"Input should be one of {', '.join(mimes)}")
            try:
                if not decode(str(source.get("data", ""))):
                    raise bad_request(f"{where}.base64.data", "image cannot be empty")
            except NotBase64Error as error:
                raise bad_request(f"{where}.base64", "invalid base64 data") from error
        case "url" | "file" | "text" | "content":
            pass
        case _:
            raise bad_request(where, f"Input tag {kind!r} does not match any of the expected tags")


def _check_tool_use(block: Json, where: str) -> None:
    for name, kind in (("id", str), ("name", str), ("input", dict)):
        if not isinstance(block.get(name), kind):
            raise bad_request(f"{where}.tool_use.{name}", "Field required")
    if not _TOOL_ID.fullmatch(block["id"]):
        raise bad_request(f"{where}.tool_use.id", "String should match pattern '^[a-zA-Z0-9_-]+$'")


def _check_tool_result(block: Json, where: str, version: str) -> None:
    if not isinstance(block.get("tool_use_id"), str):
        raise bad_request(f"{where}.tool_result.tool_use_id", "Field required")
    extra = block.keys() - {"type", "tool_use_id", "content", "is_error", "cache_control", "toolset_name"}
    if extra:
        raise bad_request(f"{where}.tool_result.{min(extra)}", "Extra inputs are not permitted")
    for index, inner in enumerate(blocks_of(block.get("content") or [])):
        if not isinstance(inner, dict) or inner.get("type") == "tool_result":
            raise bad_request(f"{where}.tool_result.content.{index}", "Input should be a content block")
        _check_block(inner, "user", f"{where}.tool_result.content.{index}", version)


def _check_system_turns(messages: list[Json], rules: ClaudeRules) -> None:
    for position, message in enumerate(messages):
        if message["role"] != "system":
            continue
        if not rules.system_turns:
            raise bad_request(f"messages.{position}", "role 'system' is not supported on this model")
        before = messages[position - 1] if position else None
        if before is None or not (before["role"] == "user" or _ends_in_server_tool(before)):
            raise bad_request(f"messages.{position}", "role 'system' must follow a user message")
        if position + 1 < len(messages) and messages[position + 1]["role"] != "assistant":
            raise bad_request(
                f"messages.{position}", "role 'system' must be last or before an assistant message"
            )


def _ends_in_server_tool(message: Json) -> bool:
    blocks = blocks_of(message["content"])
    return message["role"] == "assistant" and bool(blocks) and blocks[-1].get("type") != "text"


def _check_prefill(last: Json, rules: ClaudeRules) -> None:
    if last["role"] != "assistant":
        return
    if not rules.prefill:
        raise OrderedRefusal(
            400,
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message.",
        )
    blocks = blocks_of(last["content"])
    text = blocks[-1].get("text", "") if blocks else ""
    if text != text.rstrip():
        raise bad_request("messages", "final assistant content cannot end with trailing whitespace")


def merged_turns(messages: list[Json]) -> Iterator[tuple[str, list[tuple[int, int, Json]]]]:
    """Turns as the API sees them, system turns left out: (role, [(message, index, block), …])."""
    role, blocks = "", list[tuple[int, int, Json]]()
    for position, message in enumerate(messages):
        if message["role"] == "system":
            continue
        if message["role"] != role and role:
            yield role, blocks
            blocks = []
        role = message["role"]
        blocks += [(position, index, block) for index, block in enumerate(blocks_of(message["content"]))]
    if role:
        yield role, blocks


def _check_tool_order(messages: list[Json]) -> None:
    """Each call is answered at the very beginning of the next turn, and nothing else is."""
    turns = list(merged_turns(messages))
    seen: set[str] = set()
    open_ids: list[str] = []
    for position, (role, blocks) in enumerate(turns):
        if role == "assistant":
            open_ids = [block["id"] for _, _, block in blocks if block["type"] == "tool_use"]
            if seen & set(open_ids) or len(set(open_ids)) < len(open_ids):
                raise bad_request(f"messages.{blocks[0][0]}", "`tool_use` ids must be unique")
            seen |= set(open_ids)
            if open_ids and position == len(turns) - 1:
                raise _unanswered(blocks[0][0], open_ids)
            continue
        leading = _leading_results(blocks)
        for message, index, block in blocks:
            if block["type"] == "tool_result" and block["tool_use_id"] not in open_ids:
                raise bad_request(
                    f"messages.{message}.content.{index}",
                    f"unexpected `tool_use_id` found in `tool_result` blocks: {block['tool_use_id']}. Each "
                    "`tool_result` block must have a corresponding `tool_use` block in the previous message.",
                )
        if doubled := next((one for one in leading if leading.count(one) > 1), None):
            raise bad_request(
                f"messages.{blocks[0][0]}",
                "each `tool_use` must have a single result. Found multiple `tool_result` blocks with id: "
                f"{doubled}",
            )
        if missing := [one for one in open_ids if one not in leading]:
            raise _unanswered(turns[position - 1][1][0][0], missing)
        open_ids = []


def _leading_results(blocks: list[tuple[int, int, Json]]) -> list[str]:
    found: list[str] = []
    for _, _, block in blocks:
        if block["type"] != "tool_result":
            break
        found.append(block["tool_use_id"])
    return found


def _unanswered(position: int, ids: list[str]) -> OrderedRefusal:
    return bad_request(
        f"messages.{position}",
        f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(ids)}. Each "
        "`tool_use` block must have a corresponding `tool_result` block in the next message.",
    )
