"""What a client was told by bytes that upstream wrote, to go on or fail behind them. PURE."""

import re

from relay.dialects.openai.responses.output import Item
from relay.dialects.openai.responses.server_runs import tool_of
from relay.dialects.openai.responses.wire import STREAM_EVENT, as_json, text_at
from relay.neutral.block import BlockKind
from relay.neutral.events import BlockStart, Chunk
from relay.neutral.sse import SseParser

_SEQUENCE_NUMBER = re.compile(rb'"sequence_number"\s*:\s*(\d{1,18})')

_TEXTS: frozenset[BlockKind] = frozenset({"text", "refusal"})
_BLOCKS: dict[str, frozenset[BlockKind]] = {
    "function_call": frozenset({"tool_call"}),
    "reasoning": frozenset({"thinking"}),
}
_OTHERS: frozenset[BlockKind] = frozenset({"server_call", "opaque"})


def is_numbered(raw: bytes) -> bool:
    """Does any event in ``raw`` tell its number? Comments have none."""
    return b'"sequence_number"' in raw


def last_sequence_number(raw: bytes) -> int:
    """The number of the last event in ``raw``; -1 where none tells one."""
    found = _SEQUENCE_NUMBER.findall(raw)
    return int(found[-1]) if found else -1


def items_in(chunk: Chunk, items: list[Item]) -> None:
    """Add to ``items`` what ``chunk`` tells of them: its own events, beside the bytes that they came in."""
    starts = [event for event in chunk.events if isinstance(event, BlockStart)]
    for event in SseParser(len(chunk.raw) + 1).feed(chunk.raw):
        if event.data is None:
            continue
        told = STREAM_EVENT.decode(event.data)
        match told.type:
            case "response.output_item.added":
                new = as_json(told.item)
                kind, identity = text_at(new, "type"), text_at(new, "id")
                call_id, name = text_at(new, "call_id"), text_at(new, "name") or tool_of(kind)
                item = Item(told.output_index, kind, identity, [], call_id=call_id, name=name)
                items.append(item)
                if kind != "message":
                    item.blocks += _first(starts, _BLOCKS.get(kind, _OTHERS))
            case "response.content_part.added":
                part = next((item for item in items if item.output_index == told.output_index), None)
                if part is not None and part.kind == "message":
                    part.blocks += _first(starts, _TEXTS)
            case "response.output_item.done":
                for item in items:
                    if item.output_index == told.output_index:
                        item.finished = as_json(told.item)
            case _:
                pass


def _first(starts: list[BlockStart], kinds: frozenset[BlockKind]) -> list[int]:
    """The index of the first block of one of ``kinds``, which is taken out of ``starts``."""
    for start in starts:
        if start.kind in kinds:
            starts.remove(start)
            return [start.index]
    return []
