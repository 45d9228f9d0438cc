"""An Anthropic content block, as it opens in a stream, as events.

PURE.
"""

from typing import Any

import msgspec

from relay.dialects.anthropic.server_tools import read_result, tool_named
from relay.neutral.block import BlockKind
from relay.neutral.events import BlockStart, Citation, Event, Signature, TextDelta, ThinkingDelta

_KINDS: dict[str, BlockKind] = {
    "text": "text",
    "thinking": "thinking",
    "redacted_thinking": "redacted",
    "tool_use": "tool_call",
    "server_tool_use": "server_call",
    "mcp_tool_use": "server_call",
}


def kind_of(block_type: str) -> BlockKind:
    """The neutral kind of a block type; ``opaque`` for one that only this dialect knows."""
    if block_type.endswith("_tool_result"):
        return "server_result"
    return _KINDS.get(block_type, "opaque")


def start_events(index: int, block: dict[str, Any], family: str) -> list[Event]:
    """``block`` opens at ``index``: its start, and what it already says (usually nothing).

    A tool call's first ``input`` is left out: it counts only where no fragment follows.
    """
    kind = kind_of(text_at(block, "type"))
    match kind:
        case "text":
            text = text_at(block, "text")
            cited = block.get("citations")
            events: list[Event] = [BlockStart(index, kind)]
            events += [TextDelta(index, text)] if text else []
            events += [citation(index, one) for one in cited or () if isinstance(one, dict)]
            return events
        case "thinking":
            thinking, signature = text_at(block, "thinking"), text_at(block, "signature")
            events = [BlockStart(index, kind)]
            events += [ThinkingDelta(index, thinking)] if thinking else []
            events += [Signature(index, signature, family)] if signature else []
            return events
        case "redacted":
            payload = msgspec.json.encode({"data": text_at(block, "data")})
            return [BlockStart(index, kind, payload=payload)]
        case "tool_call":
            return [BlockStart(index, kind, text_at(block, "id"), text_at(block, "name"))]
        case "server_call":
            payload = msgspec.json.encode(block)
            return [
                BlockStart(index, kind, text_at(block, "id"), tool_named(text_at(block, "name")), payload)
            ]
        case "server_result":
            payload, tool = msgspec.json.encode(block), tool_named(text_at(block, "type"))
            call_id = text_at(block, "tool_use_id")
            return [BlockStart(index, kind, call_id, tool, payload, read_result(block))]
        case _:
            payload = msgspec.json.encode(block)
            return [BlockStart(index, kind, text_at(block, "id"), text_at(block, "name"), payload)]


def citation(index: int, cited: dict[str, Any]) -> Citation:
    """A citation of the text block ``index``, with Anthropic's own object kept."""
    raw = msgspec.json.encode(cited)
    return Citation(index, raw, text_at(cited, "url"), text_at(cited, "title"), text_at(cited, "cited_text"))


def text_at(fields: dict[str, Any], key: str) -> str:
    """The text at ``key``; "" for anything else."""
    value = fields.get(key)
    return value if isinstance(value, str) else ""
