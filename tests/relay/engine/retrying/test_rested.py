"""A retry whose upstream is left alone: it waits for a short rest, and no longer than its deadline."""

from typing import Any

import pytest

from relay.engine.facts import GaveUp, Rested
from relay.engine.retrying.deadlines import TimeLimits
from relay.engine.retrying.retry_turns import RESTING
from tests.relay.engine.playbook import Given, Script, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    answers,
    closes,
    delivers,
    ends,
    like,
    nobody,
    opened,
    opens,
    picks,
    reads,
    refuses,
    says,
    sleeps,
)

FAILED: list[Script] = [(picks(), ANN), (opens(), refuses(503)), closes(), sleeps(1)]


def resting(seconds: float, **more: Any) -> Given:
    return nobody(503, retry_after_seconds=seconds, reason=RESTING, message="it is left alone", **more)


def test_a_retry_waits_until_its_upstream_is_tried_again() -> None:
    """It looks again when the rest is over, as often as that takes, and it is no attempt."""
    played = play(
        FAILED,
        (picks(stay_on=ANN), resting(5)),
        sleeps(5),
        (picks(stay_on=ANN), resting(1)),
        sleeps(1),
        (picks(stay_on=ANN), ANN),
        answers(),
    )
    played.ends(status=200, attempts=2)
    assert [fact.seconds for fact in played.all(Rested)] == [5, 1]


def test_who_was_not_asked_yet_does_not_wait() -> None:
    """A client is told at once, and when to come back; what is left alone is not even tried."""
    played = play((picks(), resting(5)))
    played.ends(status=503, attempts=0, message="it is left alone", retry_after_seconds=5)


@pytest.mark.parametrize(
    ("seconds", "deadline"), [(10.5, 600.0), (8.0, 9.0)], ids=["a long rest", "the deadline is near"]
)
def test_a_rest_that_does_not_help_ends_the_exchange(seconds: float, deadline: float) -> None:
    """The failure in hand is the answer, with the reason why it was not tried again, and until when."""
    played = play(FAILED, (picks(), resting(seconds)), limits=TimeLimits(deadline_seconds=deadline))
    played.ends(status=503, attempts=1, retry_after_seconds=seconds)
    words = "upstream said 503 (not tried again: its upstream fails nearly always, and is left alone)"
    assert played.fact(GaveUp).failure.message == words


def test_it_waits_for_the_target_that_rests_and_asks_that_one() -> None:
    """A fallback was looked at meanwhile, and told of a longer wait: that one is not what was waited for."""
    play(
        FAILED,
        (picks(target=0, stay_on=ANN), resting(5)),
        (picks(target=1, stay_on=None), nobody(429, retry_after_seconds=300, reason="model")),
        sleeps(5),
        (picks(target=0, stay_on=ANN), ANN),
        answers(),
        targets=2,
    ).ends(status=200, attempts=2)


def test_a_broken_answer_waits_too() -> None:
    """To go on with it: the silence that upstream is allowed is the bound."""
    begun = like(ANN, continues=True)
    played = play(
        (picks(), begun),
        (opens(), opened()),
        (reads(), says("Hello ")),
        delivers("Hello "),
        (reads(), ends()),
        closes(),
        (picks(), resting(5)),
        sleeps(5),
        (picks(), resting(20)),
    )
    played.ends(status=200, is_committed=True, attempts=1)


def test_other_refusals_are_not_waited_for() -> None:
    """A quota is told at once, as ever."""
    play(FAILED, (picks(), nobody(429, retry_after_seconds=5, reason="quota"))).ends(status=503, attempts=1)


def test_somebody_else_may_be_free_meanwhile() -> None:
    """Behind the wait whoever can be asked is taken."""
    played = play(FAILED, (picks(), resting(2)), sleeps(2), (picks(), BEN), answers())
    played.ends(status=200, attempts=2)
