"""When the retry budget is spent a retry waits for its turn; if there is none, the failure is answered."""

import pytest

from relay.engine.commands import Allowed, SpendRetry
from relay.engine.facts import AttemptEnded, GaveUp
from relay.engine.retrying.deadlines import TimeLimits
from relay.neutral.failures import Kind
from tests.relay.engine.playbook import Expected, Given, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    answers,
    around,
    breaks,
    closes,
    delivers,
    healed,
    heals,
    like,
    looks_around,
    marks,
    nobody,
    opened,
    opens,
    picks,
    reads,
    refuses,
    says,
    sleeps,
)


def turn(until: float, seconds: float) -> tuple[Expected, Given]:
    """The engine asks for a turn by ``until``, and is given one in ``seconds``."""
    given = Given(f"in {seconds:g} s", lambda _, at: Allowed(at, is_allowed=True, seconds=seconds))
    return (Expected(SpendRetry, until=until), given)


SPENT = (Expected(SpendRetry), Given("spent", lambda _, at: Allowed(at, is_allowed=False)))


@pytest.mark.parametrize("status", [500, 503])
def test_a_spent_budget_ends_the_exchange_with_the_failure_in_hand(status: int) -> None:
    """No retry, no wait: the client gets upstream's status at once."""
    played = play(
        (picks(), ANN), (opens(), refuses(status)), SPENT, closes(is_complete=False), has_budget=False
    )
    spent = f"upstream said {status} (not tried again: the retry budget of its upstream is spent)"
    played.ends(status=status, attempts=1, message=f"The only attempt failed. {spent}")
    assert played.fact(GaveUp).failure.message == spent
    assert played.fact(AttemptEnded).decision.strategy == "retry budget spent"


def test_a_retry_waits_for_its_turn() -> None:
    """The longer of back-off and turn is waited; the fact says how much of it was for the turn."""
    played = play(
        (picks(), ANN),
        (opens(), refuses(500)),
        turn(until=600, seconds=4.5),
        closes(is_complete=False),
        sleeps(4.5),
        (picks(), BEN),
        (opens(), refuses(500)),
        turn(until=600, seconds=0.2),
        closes(is_complete=False),
        sleeps(1.0),
        (picks(), nobody()),
        has_budget=False,
    )
    played.ends(status=500, attempts=2)
    first, second = played.all(AttemptEnded)
    assert (first.decision.delay_seconds, first.decision.queued_seconds) == (4.5, 4.0)
    assert (second.decision.delay_seconds, second.decision.queued_seconds) == (1.0, 0.0)


def test_behind_what_the_client_has_a_turn_is_awaited_no_longer_than_silence() -> None:
    """The exchange's deadline is over with the commit: upstream's longest silence is the bound."""
    begun = like(ANN, continues=True)
    played = play(
        (picks(), begun),
        (opens(), opened()),
        (reads(), says("Hello ", after=700)),
        delivers("Hello "),
        (reads(), breaks(Kind.CUT)),
        turn(until=820, seconds=60),
        closes(is_complete=False),
        sleeps(60),
        (picks(), nobody()),
        limits=TimeLimits(first_data_seconds=1000),
        has_budget=False,
    )
    played.ends(status=200, is_committed=True)


def test_quota_rotations_are_not_counted() -> None:
    """A 429 goes to somebody else: that hammers nobody, and no budget is asked."""
    play(
        (picks(), ANN),
        (opens(), refuses(429)),
        marks(ANN, "hard", 429),
        (looks_around(), around(another_is_free=True)),
        closes(is_complete=False),
        (picks(), BEN),
        answers(),
        has_budget=False,
    ).ends(status=200, attempts=2)


def test_heals_are_not_counted() -> None:
    """A heal happens once, and is no sign of a dying upstream."""
    play(
        (picks(), ANN),
        (opens(), refuses(400, is_signature=True)),
        (heals("strip"), healed("1 block to text")),
        closes(is_complete=False),
        sleeps(0.2),
        (picks(stay_on=ANN), ANN),
        answers(),
        has_budget=False,
    ).ends(status=200, attempts=2, is_healed=True)
