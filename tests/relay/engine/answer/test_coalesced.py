"""A collected answer is encoded from fewer, larger events that say the same."""

from hypothesis import given
from hypothesis import strategies as st

from relay.engine.answer.coalesce import coalesced
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Event,
    StreamState,
    TextDelta,
    ThinkingDelta,
    Usage,
)

PIECES = st.lists(
    st.tuples(st.sampled_from(["text", "thinking", "tool_call", "usage"]), st.text()), max_size=30
)


def answer(pieces: list[tuple[str, str]]) -> list[Event]:
    """Blocks with the pieces as deltas; a new block whenever the kind changes."""
    events: list[Event] = []
    index, kind = -1, ""
    for wanted, text in pieces:
        if wanted == "usage":
            events.append(Usage(output=len(events)))
            continue
        if wanted != kind:
            if kind:
                events.append(BlockStop(index))
            index, kind = index + 1, wanted
            events.append(BlockStart(index, wanted))  # type: ignore[arg-type]
        delta = {"text": TextDelta, "thinking": ThinkingDelta, "tool_call": ArgumentsDelta}[wanted]
        events.append(delta(index, text))
    return events


@given(PIECES)
def test_coalesced_events_say_the_same(pieces: list[tuple[str, str]]) -> None:
    """Whatever the pieces: the same blocks, texts and usage, with at most one delta per run."""
    events = answer(pieces)
    before, after = StreamState(), StreamState()
    before.fold(events)
    fewer = coalesced(events)
    after.fold(fewer)
    assert [(b.kind, b.text, b.is_open) for b in before.blocks] == [
        (b.kind, b.text, b.is_open) for b in after.blocks
    ]
    assert before.usage == after.usage
    assert sum(isinstance(e, TextDelta | ThinkingDelta | ArgumentsDelta) for e in fewer) <= len(after.blocks)


def test_deltas_of_different_blocks_are_kept_apart() -> None:
    """Blocks that grow by turns keep their own texts."""
    events: list[Event] = [TextDelta(0, "a"), TextDelta(1, "b"), TextDelta(1, "c"), TextDelta(0, "d")]
    assert coalesced(events) == [TextDelta(0, "a"), TextDelta(1, "bc"), TextDelta(0, "d")]
