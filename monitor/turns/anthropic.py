"""Anthropic Messages as turns. PURE."""

from typing import Any

from monitor.turns.parts import (
    ShownTurn,
    TurnPart,
    arguments,
    as_dict,
    as_json,
    as_list,
    as_text,
    image,
    image_at,
    raw,
)


def request_turns(body: dict[str, Any]) -> list[ShownTurn]:
    """System prompt, tools and messages."""
    turns = []
    if body.get("system"):
        turns.append(ShownTurn("system", _parts(body["system"])))
    if tools := as_list(body.get("tools")):
        names = ", ".join(as_text(as_dict(tool).get("name") or as_dict(tool).get("type")) for tool in tools)
        turns.append(ShownTurn("system", [TurnPart("text", names, "tools")]))
    for message in as_list(body.get("messages")):
        held = as_dict(message)
        turns.append(ShownTurn(as_text(held.get("role")) or "user", _parts(held.get("content"))))
    return turns


def response_turns(objects: list[dict[str, Any]]) -> list[ShownTurn]:
    """The answer, from its events or its one object."""
    blocks: dict[int, dict[str, Any]] = {}
    turns: list[ShownTurn] = []
    for event in objects:
        match event.get("type"):
            case "message":
                turns.append(ShownTurn("assistant", _parts(event.get("content"))))
            case "error":
                turns.append(ShownTurn("error", [raw(event.get("error"))]))
            case "content_block_start":
                blocks[len(blocks)] = dict(as_dict(event.get("content_block")))
            case "content_block_delta" if blocks:
                _add(blocks[len(blocks) - 1], as_dict(event.get("delta")))
    if blocks:
        turns.insert(0, ShownTurn("assistant", [_part(block) for block in blocks.values()]))
    return turns


def _add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    for name, value in delta.items():
        if name == "partial_json":
            block["input"] = (block["input"] if isinstance(block.get("input"), str) else "") + as_text(value)
        elif name in ("text", "thinking"):
            block[name] = as_text(block.get(name)) + as_text(value)


def _parts(content: object) -> list[TurnPart]:
    if isinstance(content, str):
        return [TurnPart("text", content)]
    return [_part(block) for block in as_list(content)]


def _part(block: object) -> TurnPart:
    held = as_dict(block)
    match held.get("type"):
        case "text":
            return TurnPart("text", as_text(held.get("text")))
        case "thinking":
            return TurnPart("thinking", as_text(held.get("thinking")), "thinking")
        case "redacted_thinking":
            return TurnPart("thinking", "", "redacted thinking")
        case "tool_use" | "server_tool_use":
            return TurnPart("tool", arguments(held.get("input")), f"tool call {as_text(held.get('name'))}")
        case "tool_result":
            title = "tool error" if held.get("is_error") else "tool result"
            return _result(held.get("content"), title)
        case "image" | "document":
            source = as_dict(held.get("source"))
            if source.get("type") == "base64":
                return image(source.get("media_type"), source.get("data"))
            return image_at(source.get("url")) if "url" in source else raw(source, as_text(held.get("type")))
        case _:
            return raw(block)


def _result(content: object, title: str) -> TurnPart:
    parts = _parts(content)
    if len(parts) == 1 and parts[0].kind == "image":
        return parts[0]
    if all(part.kind == "text" for part in parts):
        return TurnPart("result", "\n".join(part.text for part in parts), title)
    return TurnPart("result", as_json(content), title)
