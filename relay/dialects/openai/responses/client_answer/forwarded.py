"""What a client was told by bytes that upstream wrote, to continue or fail behind them. PURE."""

import re
from collections import defaultdict, deque

from relay.dialects.openai.responses.client_answer.output import Item
from relay.dialects.openai.responses.server_runs import tool_of
from relay.dialects.openai.responses.upstream_answer.wire import STREAM_EVENT, as_json, text_at
from relay.neutral.block import BlockKind
from relay.neutral.events import BlockStart, Chunk
from relay.neutral.sse import SseParser

_SEQUENCE_NUMBER = re.compile(rb'"sequence_number"\s*:\s*(\d{1,18})')

_BLOCKS: dict[str, BlockKind] = {"function_call": "tool_call", "reasoning": "thinking"}
_ALIKE: dict[BlockKind, BlockKind] = {"refusal": "text", "server_call": "opaque"}
"""Kinds of blocks that stand for the same kinds of items, or parts."""


def is_numbered(raw: bytes) -> bool:
    """Does any event in ``raw`` tell its number? Comments have none."""
    return b'"sequence_number"' in raw


def last_sequence_number(raw: bytes) -> int:
    """The number of the last event in ``raw``; -1 where none tells one."""
    found = _SEQUENCE_NUMBER.findall(raw)
    return int(found[-1]) if found else -1


def items_in(chunk: Chunk, items: list[Item], known: dict[int, Item]) -> None:
    """Add to ``items`` what ``chunk`` tells of them: its own events, beside the bytes that they came in.

    ``known`` are those that were forwarded, by the index that upstream gives them.
    """
    starts: dict[BlockKind, deque[int]] = defaultdict(deque)
    for event in chunk.events:
        if isinstance(event, BlockStart):
            starts[_ALIKE.get(event.kind, event.kind)].append(event.index)
    for sse in SseParser(len(chunk.raw) + 1).feed(chunk.raw):
        if sse.data is None:
            continue
        told = STREAM_EVENT.decode(sse.data)
        match told.type:
            case "response.output_item.added":
                new = as_json(told.item)
                kind, identity = text_at(new, "type"), text_at(new, "id")
                call_id, name = text_at(new, "call_id"), text_at(new, "name") or tool_of(kind)
                item = Item(told.output_index, kind, identity, {}, call_id=call_id, name=name)
                items.append(item)
                known.setdefault(told.output_index, item)
                if kind != "message":
                    _take_first(starts[_BLOCKS.get(kind, "opaque")], item)
            case "response.content_part.added":
                part = known.get(told.output_index)
                if part is not None and part.kind == "message":
                    _take_first(starts["text"], part)
            case "response.output_item.done":
                if told.output_index in known:
                    known[told.output_index].finished = as_json(told.item)
            case _:
                pass


def _take_first(starts: deque[int], item: Item) -> None:
    """The first block that began, and that no other item has, is ``item``'s."""
    if starts:
        item.add(starts.popleft())
