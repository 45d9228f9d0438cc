"""An answer, or what came together of it, is encoded from fewer, larger events that say the same."""

from hypothesis import given
from hypothesis import strategies as st

from relay.engine.answer.coalesce import LONGEST_CHARACTERS, coalesced, together
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


@given(PIECES, st.integers(1, 12))
def test_what_is_joined_is_bounded(pieces: list[tuple[str, str]], longest: int) -> None:
    """The same is said, and no delta is longer than the bound that was not before."""
    events = answer(pieces)
    before, after = StreamState(), StreamState()
    before.fold(events)
    fewer = coalesced(events, longest)
    after.fold(fewer)
    assert [(b.kind, b.text) for b in before.blocks] == [(b.kind, b.text) for b in after.blocks]
    texts = [event for event in fewer if isinstance(event, TextDelta | ThinkingDelta)]
    assert all(len(event.text) <= longest or event in events for event in texts)


def test_a_stream_is_told_in_what_came_together() -> None:
    """Few events stay as they are; of many that came at once the deltas are joined, up to a bound."""
    few: list[Event] = [TextDelta(0, "a"), TextDelta(0, "b"), Usage(output=2)]
    assert together(few) is few
    many: list[Event] = [BlockStart(0, "text"), *[TextDelta(0, "x" * (LONGEST_CHARACTERS // 4))] * 6]
    told = [len(event.text) for event in together(many) if isinstance(event, TextDelta)]
    assert told == [LONGEST_CHARACTERS, LONGEST_CHARACTERS // 2]
