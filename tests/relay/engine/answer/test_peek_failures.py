"""Behaviour 5.5: a peek failure leads to the next attempt, on another account, without a wait."""

import pytest

from relay.engine.facts import AttemptEnded, Rotated
from relay.neutral.events import (
    BlockStart,
    Event,
    Failed,
    Heartbeat,
    MessageStart,
    Stop,
    Terminal,
    TextDelta,
    Usage,
)
from relay.neutral.failures import Failure, Kind, Phase
from tests.relay.engine.playbook import Given, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    STOPPED,
    answers,
    breaks,
    closes,
    delivers,
    ends,
    marks,
    opened,
    opens,
    picks,
    reads,
    says,
    silence,
)

START = MessageStart("id", "m-1")
TEXT = TextDelta(0, "Hello")
NOTHING: tuple[Event, ...] = (Usage(output=0), Stop("end_turn", "STOP"), Terminal())


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (ends(), Kind.EMPTY),
        (ends(START), Kind.EMPTY),
        (ends(Heartbeat()), Kind.EMPTY),
        (says(START, *NOTHING), Kind.EMPTY_STOP),
        (ends(START, *NOTHING), Kind.EMPTY_STOP),
        (breaks(Kind.READ_ERROR), Kind.READ_ERROR),
        (breaks(Kind.NETWORK), Kind.READ_ERROR),
        (says(Failed(Failure(Kind.GARBAGE, "no JSON object"))), Kind.GARBAGE),
        (says(START, Stop("malformed", "MALFORMED_FUNCTION_CALL"), Terminal()), Kind.MALFORMED_ANSWER),
        (silence(), Kind.FIRST_DATA_TIMEOUT),
    ],
)
def test_a_peek_failure_leads_to_another_account_at_once(given: Given, kind: Kind) -> None:
    """No byte has gone out, so nobody sees it: the next account answers, and only then is the first
    one marked softly."""
    played = play(
        (picks(tried=[], stay_on=None), ANN),
        (opens(), opened()),
        (reads(), given),
        closes(is_complete=False),
        (picks(tried=[ANN], stay_on=None), BEN),
        (opens(), opened()),
        (reads(), says("Hello", *STOPPED)),
        marks(ANN, "soft", reason=kind.value),
        delivers("Hello", *STOPPED),
        closes(is_complete=True),
    )
    played.ends(status=200, attempts=2, failure=None)
    ended = played.fact(AttemptEnded)
    assert (ended.failure.kind, ended.phase, ended.decision.rotate) == (kind, Phase.PEEK, True)
    rotated = played.fact(Rotated)
    assert (rotated.status, rotated.old, rotated.new) == ("200", ANN.email, BEN.email)


def test_what_says_nothing_is_held_back_until_there_is_valid_data() -> None:
    """Pings and the role go out together with the first valid data, in their order, and not before."""
    block = BlockStart(0, "text")
    played = play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says(Heartbeat(), raw=b": hi\n\n")),
        (reads(), says(raw=b"")),
        (reads(), says(START, block, raw=b"start")),
        (reads(), says(TEXT, *STOPPED, raw=b"text")),
        delivers(Heartbeat(), START, block, TEXT, *STOPPED, raw=b": hi\n\nstarttext"),
        closes(is_complete=True),
    )
    played.ends(status=200, attempts=1)


def test_the_only_account_is_asked_again() -> None:
    """When no other account is there, the pool gives the same one: no rotation, and no mark."""
    played = play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), ends()),
        closes(),
        (picks(tried=[ANN]), ANN),
        answers(),
    )
    played.ends(status=200, attempts=2)
    assert not played.all(Rotated)


def test_a_stream_that_ends_in_order_with_an_answer_in_its_last_bytes_is_an_answer() -> None:
    """Some servers leave out the last blank line: what was left over counts."""
    play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), ends("Hello", *STOPPED)),
        delivers("Hello", *STOPPED),
        closes(is_complete=True),
    ).ends(status=200, failure=None)
