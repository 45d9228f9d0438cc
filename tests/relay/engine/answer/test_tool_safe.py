"""A tool call that is held back until it is whole: what a cut inside it comes to."""

import msgspec
import pytest

from relay.engine.continuing.continuation import Said
from relay.engine.facts import Committed
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Event,
    Failed,
    MessageStart,
    Stop,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.failures import Failure, Kind, Phase
from tests.relay.engine.playbook import Given, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    answers,
    breaks,
    closes,
    delivers,
    ends,
    like,
    marks,
    opened,
    opens,
    picks,
    reads,
    says,
    sleeps,
)

SAFE = like(ANN, tool_safe=True)
SAFE_BEN = like(BEN, tool_safe=True)
START = MessageStart("id", "m-1")
CALLED = Stop("tool_use", "tool_use")


def call(index: int) -> tuple[Event, ...]:
    """A tool call in three pieces."""
    begin = BlockStart(index, "tool_call", f"c{index}", "look")
    return begin, ArgumentsDelta(index, '{"a":'), ArgumentsDelta(index, "1}")


def test_a_call_goes_out_when_it_is_whole() -> None:
    """In one piece with what was held before it; the commit is then."""
    begin, first, second = call(0)
    end = (BlockStop(0), Usage(output=5), CALLED, Terminal())
    played = play(
        (picks(), SAFE),
        (opens(), opened()),
        (reads(), says(START)),
        (reads(), says(begin)),
        (reads(), says(first)),
        (reads(), says(second, after=3)),
        (reads(), says(*end)),
        delivers(START, begin, first, second, *end),
        closes(is_complete=True),
    )
    played.ends(status=200, failure=None)
    assert played.fact(Committed).at == 3


def test_bytes_are_held_as_they_came() -> None:
    """For a client of the same dialect too."""
    begin, first, second = call(1)
    play(
        (picks(), like(SAFE, is_same_dialect=True)),
        (opens(), opened()),
        (reads(), says("I look.", raw=b"1")),
        delivers("I look.", raw=b"1"),
        (reads(), says(BlockStop(0), begin, raw=b"2")),
        (reads(), says(first, second, raw=b"3")),
        (reads(), says(BlockStop(1), raw=b"4")),
        delivers(BlockStop(0), begin, first, second, BlockStop(1), raw=b"234"),
        (reads(), says(CALLED, Terminal(), raw=b"5")),
        delivers(CALLED, Terminal(), raw=b"5"),
        closes(is_complete=True),
    ).ends(status=200, failure=None)


@pytest.mark.parametrize(
    "cut", [ends(), breaks(Kind.READ_ERROR), says(Failed(Failure(Kind.GARBAGE, "no JSON")))]
)
def test_a_cut_inside_the_first_call_is_retried(cut: Given) -> None:
    """The client has had nothing yet."""
    begin, first, _ = call(0)
    play(
        (picks(), SAFE),
        (opens(), opened()),
        (reads(), says(START, begin)),
        (reads(), says(first)),
        (reads(), cut),
        closes(is_complete=False),
        (picks(tried={ANN}, continues=None), SAFE_BEN),
        answers(soft=[ANN]),
    ).ends(status=200, attempts=2, failure=None)


@pytest.mark.parametrize(
    "before",
    [
        (START, BlockStart(0, "text"), TextDelta(0, "I look."), BlockStop(0)),
        (START, BlockStart(0, "thinking"), ThinkingDelta(0, "hm"), BlockStop(0)),
        (START, *call(0), BlockStop(0)),
    ],
)
def test_a_cut_behind_what_was_sent_is_told(before: tuple[Event, ...]) -> None:
    """The half call never reaches the client; the error event does."""
    begin, first, _ = call(1)
    played = play(
        (picks(), SAFE),
        (opens(), opened()),
        (reads(), says(*before)),
        delivers(*before),
        (reads(), says(begin, first)),
        (reads(), ends()),
        closes(is_complete=False),
    )
    played.ends(status=200, attempts=1, is_committed=True, is_told=False, phase=Phase.TOOL_CALL)
    assert len(played.outcome.state.blocks) == 1


def test_a_text_before_the_held_call_can_be_continued() -> None:
    """Where the mapping has both switches: the client has seen plain text, and nothing of the call."""
    begin, first, second = call(1)
    text: tuple[Event, ...] = (START, BlockStart(0, "text"), TextDelta(0, "I look."))
    both, both_ben = like(SAFE, continues=True), like(SAFE_BEN, continues=True)
    pieces = [msgspec.structs.replace(piece, index=0) for piece in (begin, first, second)]
    play(
        (picks(), both),
        (opens(), opened()),
        (reads(), says(*text)),
        delivers(*text),
        (reads(), says(BlockStop(0), begin, first)),
        (reads(), ends()),
        closes(is_complete=False),
        (picks(continues=Said("I look.", 2)), both_ben),
        (opens(), opened()),
        (reads(), says(START, *pieces)),
        marks(ANN, "soft"),
        (reads(), says(BlockStop(0), CALLED, Terminal())),
        delivers(
            BlockStop(0),
            begin,
            first,
            second,
            BlockStop(1),
            CALLED,
            Terminal(),
            is_spliced=True,
        ),
        closes(is_complete=True),
    ).ends(status=200, attempts=2, failure=None)


def test_a_lost_call_is_still_lost_when_going_on_fails() -> None:
    """The text before it was whole, but the answer was not: the second continuation is due all the same."""
    begin, first, _ = call(1)
    text: tuple[Event, ...] = (START, BlockStart(0, "text"), TextDelta(0, "I look."))
    both, both_ben = like(SAFE, continues=True), like(SAFE_BEN, continues=True)
    piece = (BlockStart(0, "tool_call", "c1", "look"), ArgumentsDelta(0, "{}"), BlockStop(0))
    play(
        (picks(), both),
        (opens(), opened()),
        (reads(), says(*text, BlockStop(0))),
        delivers(*text, BlockStop(0)),
        (reads(), says(begin, first)),
        (reads(), ends()),
        closes(is_complete=False),
        (picks(continues=Said("I look.", 2)), both_ben),
        (opens(), breaks(Kind.NETWORK)),
        closes(is_complete=False),
        sleeps(),
        (picks(continues=Said("I look.", 2)), both),
        (opens(), opened()),
        (reads(), says(START, *piece, CALLED, Terminal())),
        marks(BEN, "soft"),
        delivers(
            BlockStart(1, "tool_call", "c1", "look"),
            ArgumentsDelta(1, "{}"),
            BlockStop(1),
            CALLED,
            Terminal(),
            is_spliced=True,
        ),
        closes(is_complete=True),
    ).ends(status=200, attempts=3, failure=None)


def test_upstream_s_error_event_behind_a_held_call() -> None:
    """It passes through; the half call before it does not."""
    begin, first, _ = call(1)
    failure = Failure(Kind.ERROR_EVENT, "Overloaded", status=529, from_upstream_event=True)
    error = b"event: error\ndata: 1\n\n"
    played = play(
        (picks(), like(SAFE, is_same_dialect=True)),
        (opens(), opened()),
        (reads(), says("I look.", raw=b"1")),
        delivers("I look.", raw=b"1"),
        (reads(), says(begin, first, Failed(failure), raw=b"data: 2\n\n" + error)),
        closes(is_complete=False),
        delivers(Failed(failure), raw=error),
    )
    played.ends(status=200, is_told=True)


def test_an_answer_that_its_limit_cut_short_goes_out() -> None:
    """A half call behind max_tokens is upstream's own end, and closed by it."""
    begin, first, _ = call(0)
    end = (BlockStop(0), Stop("max_tokens", "max_tokens"), Terminal())
    play(
        (picks(), SAFE),
        (opens(), opened()),
        (reads(), says(START, begin, first)),
        (reads(), says(*end)),
        delivers(START, begin, first, *end),
        closes(is_complete=True),
    ).ends(status=200, failure=None)


def test_a_collected_answer_is_held_anyway() -> None:
    """It is retried whatever it was in the middle of."""
    play(
        (picks(), SAFE),
        (opens(), opened()),
        (reads(), says("I look.", BlockStop(0), call(1)[0])),
        (reads(), ends()),
        closes(is_complete=False),
        (picks(), SAFE_BEN),
        answers(soft=[ANN]),
        is_collected=True,
    ).ends(status=200, attempts=2)
