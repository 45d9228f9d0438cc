"""What is kept from the client for a while: a tool call until it is whole, an error until it is the end.

PURE.
"""

from collections.abc import Iterable

import msgspec

from relay.neutral.events import BlockStart, Chunk, Event, Failed, HiddenThinking, StreamState
from relay.neutral.failures import Failure
from relay.neutral.sse import without_last


def copy_of(state: StreamState) -> StreamState:
    """The same, to come back to when what is folded from now on is lost."""
    twin = StreamState()
    for name in StreamState.__slots__:
        setattr(twin, name, getattr(state, name))
    twin.blocks = [msgspec.structs.replace(block, pieces=list(block.pieces)) for block in state.blocks]
    return twin


def holds_a_call(state: StreamState) -> bool:
    """Is a tool call under way?"""
    return any(block.is_open and block.kind == "tool_call" for block in state.blocks)


def is_all_hidden(state: StreamState, hides: HiddenThinking) -> bool:
    """Is there nothing so far but thinking of the kind that the client is not told of, and empty texts?"""
    return all(
        block.kind == "redacted"
        or (block.kind == "thinking" and (hides == "all" or not block.pieces))
        or (block.kind == "text" and not block.pieces)
        for block in state.blocks
    )


def begins_a_call(events: Iterable[Event]) -> bool:
    """Does a tool call begin in ``events``?"""
    return any(type(event) is BlockStart and event.kind == "tool_call" for event in events)


def parted(chunk: Chunk, failure: Failure) -> tuple[Chunk, Chunk]:
    """A chunk that ends in ``failure``: what was said, and upstream's own error event, if it is one."""
    said = [event for event in chunk.events if type(event) is not Failed]
    raw, error = without_last(chunk.raw) if failure.from_upstream_event else (chunk.raw, b"")
    return Chunk(raw, said), Chunk(error, [Failed(failure)])


def joined(chunks: list[Chunk]) -> Chunk:
    """What was held, as one chunk."""
    if len(chunks) == 1:
        return chunks[0]
    events: list[Event] = [event for chunk in chunks for event in chunk.events]
    return Chunk(b"".join(chunk.raw for chunk in chunks), events)
