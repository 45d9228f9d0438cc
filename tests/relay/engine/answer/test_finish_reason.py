"""The end of an answer whose protocol tells a finish reason, and its end by the end of the body alone."""

from relay.engine.facts import AttemptEnded
from relay.engine.retrying.deadlines import TimeLimits
from relay.neutral.events import (
    BlockStart,
    BlockStop,
    Event,
    Heartbeat,
    MessageStart,
    Stop,
    Terminal,
    TextDelta,
    Usage,
)
from relay.neutral.failures import Kind
from tests.relay.engine.playbook import Script, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    answers,
    breaks,
    closes,
    delivers,
    ends,
    like,
    opened,
    opens,
    picks,
    reads,
    says,
    settles,
    silence,
)

LIMITS = TimeLimits(settle_seconds=5)
END: tuple[Event, ...] = (BlockStop(0), Stop("end_turn", "STOP"), Terminal())
EMPTY_END: tuple[Event, ...] = (Stop("end_turn", "STOP"), Terminal())
BEGUN: list[Script] = [
    (picks(), ANN),
    (opens(), opened()),
    (reads(until=60), says("Hello", is_finishing=True)),
    delivers("Hello"),
]


def test_the_end_of_the_body_is_the_end_of_the_answer() -> None:
    """What came with the finish reason goes out at once; the terminal event with the end of the body."""
    play(
        BEGUN,
        (reads(until=5), ends(*END, after=0.1)),
        delivers(*END),
        closes(is_complete=True),
        limits=LIMITS,
    ).ends(status=200, attempts=1)


def test_what_follows_a_finish_reason_is_of_the_answer() -> None:
    """Parts behind it show that it was not the end: upstream has the time again that it has in an answer."""
    play(
        BEGUN,
        (reads(until=5), says(TextDelta(0, " you"), after=1)),
        delivers(TextDelta(0, " you")),
        (reads(until=121), says(TextDelta(0, "!"), after=100, is_finishing=True)),
        delivers(TextDelta(0, "!")),
        (reads(until=106), ends(*END)),
        delivers(*END),
        closes(is_complete=True),
        limits=LIMITS,
    ).ends(status=200)


def test_a_body_that_stays_open_behind_a_finish_reason_settles() -> None:
    """Some servers never close: the answer is whole when nothing of it came for the settle time."""
    played = play(
        BEGUN,
        (reads(until=5), silence()),
        (settles(), ends(*END)),
        delivers(*END),
        closes(is_complete=True),
        limits=LIMITS,
    )
    played.ends(status=200, failure=None)


def test_usage_and_heartbeats_buy_no_time() -> None:
    """The settle time is bounded: what says nothing of the answer does not lengthen it."""
    play(
        BEGUN,
        (reads(until=5), says(Usage(output=3), after=2, is_finishing=True)),
        delivers(Usage(output=3)),
        (reads(until=5), says(Heartbeat(), after=2, is_finishing=True)),
        delivers(Heartbeat()),
        (reads(until=5), silence()),
        (settles(), ends(*END)),
        delivers(*END),
        closes(is_complete=True),
        limits=LIMITS,
    ).ends(status=200, usage=Usage(output=3))


def test_a_connection_that_breaks_behind_a_finish_reason_is_the_end() -> None:
    """The answer is complete: nobody is told of a cut, and nothing is asked for again."""
    played = play(
        BEGUN,
        (reads(), breaks(Kind.READ_ERROR)),
        (settles(), ends(*END)),
        delivers(*END),
        closes(is_complete=True),
        limits=LIMITS,
    )
    played.ends(status=200, failure=None, attempts=1)
    assert played.fact(AttemptEnded).failure is None


def test_a_cut_behind_parts_that_followed_a_finish_reason_is_a_cut() -> None:
    """A finish reason that was taken back is none."""
    played = play(
        BEGUN,
        (reads(), says(TextDelta(0, " you"))),
        delivers(),
        (reads(), breaks(Kind.READ_ERROR)),
        closes(is_complete=False),
        limits=LIMITS,
    )
    assert played.outcome.failure is not None
    assert played.outcome.failure.kind is Kind.CUT


def test_an_empty_stop_is_judged_at_the_end() -> None:
    """STOP first and the answer behind it, as some servers send it, is an answer."""
    start = MessageStart("id", "m-1")
    play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(until=60), says(start, is_finishing=True)),
        (reads(until=5), says(BlockStart(0, "text"), TextDelta(0, "real"), after=1)),
        delivers(start, BlockStart(0, "text"), TextDelta(0, "real")),
        (reads(until=121), ends(*END)),
        delivers(*END),
        closes(is_complete=True),
        limits=LIMITS,
    ).ends(status=200)


def test_a_stop_with_nothing_said_at_all_is_tried_again() -> None:
    """Whether the body ends, breaks or stays open behind it: nothing was said."""
    ways: list[list[Script]] = [
        [(reads(until=5), ends(*EMPTY_END))],
        [(reads(until=5), breaks(Kind.READ_ERROR)), (settles(), ends(*EMPTY_END))],
        [(reads(until=5), silence()), (settles(), ends(*EMPTY_END))],
    ]
    for way in ways:
        played = play(
            (picks(), ANN),
            (opens(), opened()),
            (reads(), says(MessageStart("id", "m-1"), is_finishing=True)),
            way,
            closes(is_complete=False),
            (picks(), BEN),
            answers("Hello", soft=[ANN]),
            limits=LIMITS,
        )
        failure = played.fact(AttemptEnded).failure
        assert failure is not None
        assert failure.kind is Kind.EMPTY_STOP


def test_a_collected_answer_waits_for_its_end_too() -> None:
    """The whole goes out once, with all that followed the finish reason."""
    play(
        (picks(), like(ANN, is_same_dialect=True)),
        (opens(), opened()),
        (reads(), says("one", is_finishing=True)),
        (reads(until=5), says(TextDelta(0, " two"), is_finishing=True, after=1)),
        (reads(until=6), silence()),
        (settles(), ends(*END)),
        delivers("one", TextDelta(0, " two"), *END),
        closes(is_complete=True),
        limits=LIMITS,
        is_collected=True,
    ).ends(status=200)
