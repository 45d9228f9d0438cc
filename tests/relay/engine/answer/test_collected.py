"""Behaviour 5.2: for a client that wants one JSON answer, the whole answer is the peek."""

import pytest

from relay.engine.facts import AttemptEnded, Committed
from relay.engine.retrying.deadlines import TimeLimits
from relay.neutral.events import Failed, Stop, Terminal, TextDelta, Usage
from relay.neutral.failures import Failure, Kind, Phase
from tests.relay.engine.playbook import Given, Script, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    STOPPED,
    breaks,
    closes,
    delivers,
    ends,
    gets,
    like,
    marks,
    opened,
    opens,
    picks,
    reads,
    says,
    silence,
    sleeps,
)

MORE = TextDelta(0, " you")
WHOLE: list[Script] = [
    (opens(), opened()),
    (reads(), says("Hello")),
    (reads(), says(MORE)),
    (reads(), says(*STOPPED)),
]


def test_a_collected_answer_is_delivered_once_as_a_whole() -> None:
    """Nothing goes out before the end; then all of it, and that is the commit."""
    played = play(
        (picks(), ANN),
        WHOLE,
        delivers("Hello", MORE, *STOPPED),
        closes(is_complete=True),
        is_collected=True,
    )
    played.ends(status=200, is_committed=True, phase=Phase.AFTER_STOP)
    assert len(played.all(Committed)) == 1


@pytest.mark.parametrize(
    ("given", "kind", "wait"),
    [
        (ends(), Kind.CUT, None),
        (ends(MORE), Kind.CUT, None),
        (breaks(Kind.READ_ERROR), Kind.CUT, None),
        (breaks(Kind.NETWORK), Kind.CUT, None),
        (silence(), Kind.IDLE_TIMEOUT, None),
        (says(MORE, Failed(Failure(Kind.GARBAGE, "no JSON object"))), Kind.GARBAGE, None),
        (says(Failed(Failure(Kind.ERROR_EVENT, "api_error", status=500))), Kind.ERROR_EVENT, sleeps(0.5)),
        (
            says(Stop("malformed", "MALFORMED_RESPONSE"), Terminal()),
            Kind.MALFORMED_ANSWER,
            None,
        ),
    ],
)
def test_any_failure_before_the_end_is_retried_as_a_whole(
    given: Given, kind: Kind, wait: Script | None
) -> None:
    """A cut in the middle of the text costs the client nothing: another account answers from the start."""
    played = play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("Half an answer")),
        (reads(), given),
        closes(is_complete=False),
        [] if wait is None else wait,
        (picks(tried=[ANN]), BEN),
        WHOLE,
        marks(ANN, "soft"),
        delivers("Hello", MORE, *STOPPED),
        closes(is_complete=True),
        is_collected=True,
    )
    played.ends(status=200, attempts=2)
    ended = played.fact(AttemptEnded)
    assert (ended.failure.kind, ended.phase == Phase.PEEK) == (kind, False)


def test_an_overload_in_the_middle_keeps_the_account() -> None:
    """The table holds for the collected answer's failures too: 529 backs off where it is."""
    overloaded = Failure(Kind.ERROR_EVENT, "Overloaded", status=529, from_upstream_event=True)
    same = like(ANN, is_same_dialect=True)
    play(
        (picks(), same),
        (opens(), opened()),
        (reads(), says("Half")),
        (reads(), says(Failed(overloaded), raw=b"event: error\n\n")),
        closes(),
        sleeps(1),
        (picks(stay_on=same), same),
        WHOLE,
        delivers("Hello", MORE, *STOPPED),
        closes(is_complete=True),
        is_collected=True,
    ).ends(status=200, attempts=2)


def test_when_all_attempts_are_cut_the_client_gets_a_real_status() -> None:
    """Nothing was sent, so there is no 200: 502 after three cuts."""
    cut: list[Script] = [(opens(), opened()), (reads(), says("Half")), (reads(), ends()), closes()]
    played = play((picks(), ANN), cut, (picks(), BEN), cut, (picks(), ANN), cut, is_collected=True)
    message = "All 3 attempts failed. upstream closed the stream in the middle of its answer"
    played.ends(status=502, attempts=3, is_committed=False, message=message)


def test_an_error_event_that_nobody_was_told_of_is_not_told() -> None:
    """A collected answer is held back: upstream's own error event never reached the client."""
    failure = Failure(Kind.ERROR_EVENT, "prompt too long", status=400, from_upstream_event=True)
    played = play(
        (picks(), like(ANN, is_same_dialect=True)),
        (opens(), opened()),
        (reads(), says("Half")),
        (reads(), says(Failed(failure), raw=b"event: error\n\n")),
        closes(),
        is_collected=True,
    )
    played.ends(status=400, is_told=False, is_committed=False, message="prompt too long")


def test_the_deadline_holds_to_the_end_of_a_collected_answer() -> None:
    """From admission to the end: a slow answer is cut by it, and 504 is the answer."""
    played = play(
        (picks(), gets(ANN, after=10)),
        (opens(until=70), opened()),
        (reads(until=70), says("Hello", after=50)),
        (reads(until=100), says(MORE, after=30)),
        (reads(until=100), silence()),
        closes(),
        is_collected=True,
        limits=TimeLimits(deadline_seconds=100),
    )
    played.ends(status=504, message="The only attempt failed. no answer within 100 s")
    assert played.fact(AttemptEnded).phase is Phase.TEXT


def test_the_usage_of_a_failed_attempt_is_on_its_own_record() -> None:
    """What a broken attempt cost is told by that attempt; the exchange tells the last one's."""
    played = play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says(Usage(input_uncached=9, output=1), "Half")),
        (reads(), ends()),
        closes(),
        (picks(), ANN),
        WHOLE,
        delivers(),
        closes(is_complete=True),
        is_collected=True,
    )
    assert [fact.usage.input_uncached for fact in played.all(AttemptEnded)] == [9, 7]
    played.ends(usage=Usage(input_uncached=7, output=3))
