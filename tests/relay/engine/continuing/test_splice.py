"""Behaviour 10 and 7: one message out of several legs."""

from hypothesis import given
from hypothesis import strategies as st

from relay.engine.continuing.splice import Splice, without_end
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Citation,
    Event,
    Extra,
    Heartbeat,
    MessageStart,
    Signature,
    Stop,
    StreamState,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)

STOP = Stop("end_turn", "STOP")
COUNTS = st.none() | st.integers(0, 1000)
USAGES = st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)


def block(index: int, kind: str) -> list[Event]:
    """A whole block of each sort."""
    match kind:
        case "thinking":
            said: list[Event] = [ThinkingDelta(index, "hm"), Signature(index, "s" * 60, "gemini-3")]
        case "tool_call":
            said = [ArgumentsDelta(index, "{}")]
        case _:
            said = [TextDelta(index, "word "), Citation(index, b"{}")]
    return [BlockStart(index, kind), *said, BlockStop(index)]  # type: ignore[arg-type]


@st.composite
def legs(draw: st.DrawFn) -> list[Event]:
    """The events of one upstream response, usage told cumulatively or in pieces."""
    kinds = draw(st.lists(st.sampled_from(["text", "thinking", "tool_call"]), max_size=4))
    events: list[Event] = [MessageStart("id", "m-1"), Heartbeat()]
    for index, kind in enumerate(kinds):
        events += block(index, kind)
        if draw(st.booleans()):
            events.append(draw(USAGES))
    is_cumulative = draw(st.booleans())
    last = draw(USAGES)
    usage = Usage(
        last.input_uncached, last.cache_read, last.cache_write, last.output, is_cumulative=is_cumulative
    )
    return [*events, usage, STOP, Terminal()]


def spliced(answer: list[list[Event]]) -> tuple[list[Event], StreamState]:
    """The legs as the client sees them, and what they fold into."""
    whole, state = list(answer[0]), StreamState()
    state.fold(whole)
    for leg in answer[1:]:
        state.stop, state.terminal = None, False
        splice = Splice(state)
        for event in leg:
            taken = splice.take([event])
            state.fold(taken)
            whole += taken
    return whole, state


@given(st.lists(legs(), min_size=1, max_size=4))
def test_indexes_go_on_without_gaps(answer: list[list[Event]]) -> None:
    """Blocks are numbered over all legs, and everything that is said of a block follows its number."""
    whole, state = spliced(answer)
    starts = [event.index for event in whole if isinstance(event, BlockStart)]
    assert starts == list(range(len(starts))) == [one.index for one in state.blocks]
    assert [event.index for event in whole if isinstance(event, BlockStop)] == starts
    assert not any(one.is_open for one in state.blocks)
    alone = [one for leg in answer for one in _blocks(leg)]
    assert [(one.kind, one.text, one.signature) for one in state.blocks] == alone


@given(st.lists(legs(), min_size=1, max_size=4))
def test_there_is_one_message_start(answer: list[list[Event]]) -> None:
    """The later legs' starts are left out."""
    whole, _ = spliced(answer)
    assert sum(isinstance(event, MessageStart) for event in whole) == 1


@given(st.lists(legs(), min_size=1, max_size=4))
def test_usage_is_summed_over_the_legs(answer: list[list[Event]]) -> None:
    """Each field is the sum of what the legs told of it; what none told stays unknown."""
    _, state = spliced(answer)
    for name in ("input_uncached", "cache_read", "cache_write", "output", "thinking", "server_tools"):
        told = [value for leg in answer if (value := getattr(_folded(leg).usage, name)) is not None]
        assert getattr(state.usage, name) == (sum(told) if told else None)


def test_usage_so_far_is_a_running_total() -> None:
    """Each usage event of a later leg tells the whole answer's usage, so the last one is right."""
    state = StreamState()
    state.fold([Usage(input_uncached=10, output=100)])
    splice = Splice(state)
    assert splice.take([Usage(input_uncached=20, output=5)]) == [Usage(input_uncached=30, output=105)]
    assert splice.take([Usage(output=7, is_cumulative=False)]) == [Usage(input_uncached=30, output=112)]
    assert splice.take([Usage(output=9)]) == [Usage(input_uncached=30, output=109)]


def test_what_has_no_number_passes_as_it_is() -> None:
    """Heartbeats, extras and the end of the last leg are nobody's block."""
    others: list[Event] = [Heartbeat(), Extra("top", "modelStatus"), STOP, Terminal()]
    state = StreamState()
    state.fold(block(0, "text"))
    assert Splice(state).take(others) == others


def test_a_leg_s_end_is_taken_away() -> None:
    """The stop and the terminal event of a leg that goes on are not the answer's."""
    assert without_end([TextDelta(0, "a"), STOP, Terminal(), Heartbeat()]) == [TextDelta(0, "a"), Heartbeat()]


def _folded(leg: list[Event]) -> StreamState:
    state = StreamState()
    state.fold(leg)
    return state


def _blocks(leg: list[Event]) -> list[tuple[str, str, str]]:
    return [(one.kind, one.text, one.signature) for one in _folded(leg).blocks]
