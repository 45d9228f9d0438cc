"""Behaviour 7: the leg that goes on is joined to the open block, and is one message with what was said."""

from hypothesis import given
from hypothesis import strategies as st

from relay.engine.continuing.echo import Echo
from relay.engine.continuing.joint import Joint
from relay.engine.continuing.splice import Splice
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Citation,
    Event,
    Extra,
    Failed,
    MessageStart,
    Signature,
    Stop,
    StreamState,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.failures import Failure, Kind

STOP = Stop("end_turn", "STOP")
START = MessageStart("id-2", "m-2")


def broken(text: str = "Once upon", *, is_open: bool = True) -> StreamState:
    """An answer that broke off in its text, or right behind it."""
    state = StreamState()
    state.fold([MessageStart("id-1", "m-1"), BlockStart(0, "text"), TextDelta(0, text), Usage(7, output=2)])
    if not is_open:
        state.fold([BlockStop(0)])
    return state


def gone_on(state: StreamState, *leg: Event) -> list[Event]:
    """The leg's events as the client gets them; they are folded."""
    joint = Joint(Echo(state.text), is_open=state.open_block is not None)
    splice = Splice(state, joint)
    out: list[Event] = []
    for event in leg:
        taken = splice.take([event])
        state.fold(taken)
        out += taken
    return out


def test_the_same_block_goes_on() -> None:
    """No second start of message or block; the echo is left out; usage is that of both legs."""
    leg = (START, BlockStart(0, "text"), TextDelta(0, "upon"), TextDelta(0, " a time."), BlockStop(0))
    told = gone_on(broken(), *leg, Usage(9, output=4), STOP, Terminal())
    assert told == [TextDelta(0, " a time."), BlockStop(0), Usage(16, output=6), STOP, Terminal()]


def test_what_is_new_to_us_in_a_thought_goes_with_the_thought() -> None:
    """A delta of tomorrow that belongs to the thinking left out must not land in the open text."""
    odd = Extra("anthropic", "content_block_delta", b'{"type":"thinking_score_delta","score":1}')
    thought = (BlockStart(0, "thinking"), ThinkingDelta(0, "hm"), odd, BlockStop(0))
    leg = (
        START,
        *thought,
        BlockStart(1, "text"),
        TextDelta(1, " a time."),
        odd,
        BlockStop(1),
        STOP,
        Terminal(),
    )
    assert gone_on(broken(), *leg) == [TextDelta(0, " a time."), odd, BlockStop(0), STOP, Terminal()]


def test_a_text_that_was_whole_gets_a_new_block_only_for_new_words() -> None:
    """Everything was said but the end: the model says it again, or goes on."""
    again = (BlockStart(0, "text"), TextDelta(0, "Once upon"), BlockStop(0))
    assert gone_on(broken(is_open=False), *again, STOP) == [STOP]
    told = gone_on(broken(is_open=False), *again[:2], TextDelta(0, " a time."), BlockStop(0), STOP)
    assert told == [BlockStart(1, "text"), TextDelta(1, " a time."), BlockStop(1), STOP]


def test_what_is_thought_about_going_on_is_left_out() -> None:
    """A thinking block has no place in the middle of a text; what comes behind the text is the leg's own."""
    thought = [BlockStart(0, "thinking"), ThinkingDelta(0, "hm"), Signature(0, "s" * 60, "g"), BlockStop(0)]
    call = [BlockStart(2, "tool_call", "c1", "look"), ArgumentsDelta(2, "{}"), BlockStop(2)]
    said = [BlockStart(1, "text"), TextDelta(1, " a time."), Signature(1, "t" * 60, "g"), BlockStop(1)]
    assert gone_on(broken(), *thought, *said, *call, STOP) == [
        TextDelta(0, " a time."),
        BlockStop(0),
        BlockStart(1, "tool_call", "c1", "look"),
        ArgumentsDelta(1, "{}"),
        BlockStop(1),
        STOP,
    ]


def test_a_leg_that_goes_on_with_a_tool_call() -> None:
    """The text that was open ends there."""
    call = [BlockStart(0, "tool_call", "c1", "look"), ArgumentsDelta(0, "{}"), BlockStop(0)]
    closed, *rest = gone_on(broken(), *call, STOP)
    assert closed == BlockStop(0)
    assert rest == [BlockStart(1, "tool_call", "c1", "look"), ArgumentsDelta(1, "{}"), BlockStop(1), STOP]


def test_a_leg_that_only_ends() -> None:
    """What was open is closed before the end is told."""
    assert gone_on(broken(), START, Stop("max_tokens", "length"), Terminal()) == [
        BlockStop(0),
        Stop("max_tokens", "length"),
        Terminal(),
    ]


def test_what_is_not_decided_when_the_leg_dies_is_not_told() -> None:
    """Half an echo is nothing: the next leg is asked to go on from the same place."""
    failed = Failed(Failure(Kind.CUT, "cut"))
    assert gone_on(broken(), BlockStart(0, "text"), TextDelta(0, "Once"), failed) == [failed]


def test_citations_belong_to_their_text() -> None:
    """Behind the seam too."""
    told = gone_on(broken(), BlockStart(0, "text"), TextDelta(0, " a"), Citation(0, b"{}"), BlockStop(0))
    assert told == [TextDelta(0, " a"), Citation(0, b"{}"), BlockStop(0)]


@st.composite
def legs(draw: st.DrawFn) -> list[Event]:
    """One leg: perhaps thinking, perhaps text in pieces, perhaps calls."""
    events: list[Event] = [START]
    kinds = [
        *["thinking"] * draw(st.integers(0, 2)),
        *["text"] * draw(st.integers(0, 2)),
        *["tool_call"] * draw(st.integers(0, 2)),
    ]
    for index, kind in enumerate(kinds):
        events.append(BlockStart(index, kind))  # type: ignore[arg-type]
        for piece in draw(st.lists(st.sampled_from(["Once ", "upon", " a ", "time", "."]), max_size=5)):
            delta = {"thinking": ThinkingDelta, "text": TextDelta, "tool_call": ArgumentsDelta}[kind]
            events.append(delta(index, piece))  # type: ignore[operator]
        events.append(BlockStop(index))
    return [*events, STOP, Terminal()]


@given(legs(), st.booleans())
def test_any_leg_makes_a_whole_message(leg: list[Event], is_open: bool) -> None:
    """Indexes without gaps, every block opened and closed once, in order, and all that was said is in it."""
    state = broken(is_open=is_open)
    told = gone_on(state, *leg)
    starts = [event.index for event in told if isinstance(event, BlockStart)]
    assert starts == list(range(1, len(starts) + 1))
    stops = [event.index for event in told if isinstance(event, BlockStop)]
    assert stops == ([0] if is_open else []) + starts
    assert not any(block.is_open for block in state.blocks)
    assert [block.index for block in state.blocks] == list(range(len(state.blocks)))
    texts = [event.text for event in leg if isinstance(event, TextDelta) and event.index == _first_text(leg)]
    assert state.blocks[0].text.startswith("Once upon")
    rest = "".join(block.text for block in state.blocks if block.kind == "text")[len("Once upon") :]
    said = "".join(event.text for event in leg if isinstance(event, TextDelta))
    assert said.endswith(rest)
    assert len(said) - len(rest) <= len("".join(texts))


def _first_text(leg: list[Event]) -> int:
    return next((e.index for e in leg if isinstance(e, BlockStart) and e.kind == "text"), -1)
