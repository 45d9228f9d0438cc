"""When the retry budget is spent, the failure in hand is answered."""

import pytest

from relay.engine.commands import Allowed, SpendRetry
from relay.engine.facts import AttemptEnded, GaveUp
from tests.playbook import Expected, Given, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    answers,
    around,
    closes,
    healed,
    heals,
    looks_around,
    marks,
    opens,
    picks,
    refuses,
    sleeps,
)

SPENT = (Expected(SpendRetry), Given("spent", lambda _, at: Allowed(at, is_allowed=False)))


@pytest.mark.parametrize("status", [500, 503])
def test_a_spent_budget_ends_the_exchange_with_the_failure_in_hand(status: int) -> None:
    """No retry, no wait: the client gets upstream's status at once."""
    played = play(
        (picks(), ANN), (opens(), refuses(status)), SPENT, closes(is_complete=False), has_budget=False
    )
    spent = f"upstream said {status} (not tried again: this server's retry budget is spent)"
    played.ends(status=status, attempts=1, message=f"All 1 attempts failed. {spent}")
    assert played.fact(GaveUp).failure.message == spent
    assert played.fact(AttemptEnded).decision.strategy == "retry budget spent"


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
