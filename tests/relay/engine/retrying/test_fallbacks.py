"""Behaviour 3: fallback targets, for when every account for the target is hard-marked."""

import pytest

from relay.engine.facts import AttemptEnded, AttemptStarted
from relay.neutral.failures import Kind
from tests.relay.engine.playbook import Script, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    CAT,
    answers,
    around,
    closes,
    ends,
    like,
    looks_around,
    marks,
    nobody,
    opened,
    opens,
    picks,
    reads,
    refuses,
    sleeps,
)

BEN_2 = like(BEN, model="m-2")
ANN_2 = like(ANN, model="m-2")
MARKED: list[Script] = [
    (opens(), refuses(429, retry_after_seconds=60)),
    marks(ANN, "hard", 429),
    (looks_around(target=0, besides=[ANN]), around(all_are_marked=True, nearest_free_seconds=60)),
]


def test_at_admission_the_first_target_that_somebody_can_serve_is_taken() -> None:
    """The target's accounts are all marked: the fallback is asked, without waiting for anybody."""
    played = play(
        (picks(target=0, may_wait=False), nobody(429, 60.0)),
        (picks(target=1, tried=[], may_wait=False), BEN_2),
        answers(),
        targets=2,
    )
    played.ends(status=200, attempts=1)
    assert played.fact(AttemptStarted).model == "m-2"


def test_in_the_middle_of_an_exchange_attempts_go_on_counting() -> None:
    """The last account of the target is marked now: the fallback takes over at once, as attempt 2 of 3."""
    failing: list[Script] = [(opens(), opened()), (reads(), ends()), closes()]
    played = play(
        (picks(target=0), ANN),
        MARKED,
        (looks_around(target=1, besides=[]), around(another_is_free=True)),
        closes(),
        (picks(target=1, tried=[], stay_on=None), BEN_2),
        failing,
        (picks(target=1, tried=[BEN]), like(CAT, model="m-2")),
        failing,
        targets=2,
    )
    played.ends(status=429, attempts=3)
    assert [fact.decision.rotate for fact in played.all(AttemptEnded)] == [True, True, False]


def test_the_same_account_may_serve_the_fallback() -> None:
    """A mark is for one model: the account that lacks the target may have the fallback."""
    play(
        (picks(target=0), ANN),
        (opens(), refuses(404)),
        marks(ANN, "hard", 404),
        (looks_around(), around(all_are_marked=True)),
        (looks_around(target=1, besides=[]), around(another_is_free=True)),
        closes(),
        sleeps(0.3),
        (picks(target=1, tried=[]), ANN_2),
        answers(),
        targets=2,
    ).ends(status=200, attempts=2)


def test_without_marks_on_all_of_them_the_target_is_kept() -> None:
    """The model is never swapped while an account for it is there, be it busy."""
    play(
        (picks(target=0), ANN),
        (opens(), refuses(403)),
        marks(ANN, "hard", 403),
        (looks_around(target=0), around(another_is_free=False, all_are_marked=False)),
        closes(),
        sleeps(0.1),
        (picks(target=0, tried=[ANN]), BEN),
        answers(),
        targets=2,
    ).ends(status=200)


def test_a_soft_failure_uses_no_fallback() -> None:
    """A 500 rotates among the accounts of the target."""
    play(
        (picks(target=0), ANN),
        (opens(), refuses(500)),
        closes(),
        sleeps(0.5),
        (picks(target=0, tried=[ANN]), BEN),
        answers(soft=[ANN]),
        targets=2,
    ).ends(status=200)


def test_a_fallback_that_is_marked_too_is_passed_over() -> None:
    """The first fallback that somebody can serve is taken."""
    play(
        (picks(target=0), ANN),
        MARKED,
        (looks_around(target=1), around(all_are_marked=True)),
        (looks_around(target=2), around()),
        closes(),
        (picks(target=2), like(CAT, model="m-3")),
        answers(),
        targets=3,
    ).ends(status=200, attempts=2)


def test_with_every_target_marked_the_rules_of_the_first_hold() -> None:
    """A short 429 is waited out on its account, when no fallback can help."""
    play(
        (picks(target=0), ANN),
        (opens(), refuses(429, retry_after_seconds=2)),
        marks(ANN, "hard", 429),
        (looks_around(target=0), around(all_are_marked=True, nearest_free_seconds=2)),
        (looks_around(target=1), around(all_are_marked=True, nearest_free_seconds=9)),
        closes(),
        sleeps(2.2),
        (picks(target=0, stay_on=ANN), ANN),
        answers(),
        targets=2,
    ).ends(status=200, attempts=2)


def test_a_retry_that_finds_the_target_marked_goes_on_to_the_fallback() -> None:
    """Others may have marked the accounts meanwhile."""
    play(
        (picks(target=0), ANN),
        (opens(), refuses(503)),
        closes(),
        sleeps(1),
        (picks(target=0, stay_on=ANN), nobody(429, 20.0)),
        (picks(target=1, stay_on=None, tried=[]), BEN_2),
        answers(),
        targets=2,
    ).ends(status=200, attempts=2)


def test_nobody_for_any_target_waits_for_the_nearest_and_is_told_of_it() -> None:
    """Of all the refusals the one that ends first counts: there the exchange may wait a moment."""
    played = play(
        (picks(target=0, may_wait=False), nobody(429, 1.5)),
        (picks(target=1, may_wait=False), nobody(404)),
        (picks(target=0, may_wait=True), nobody(429, 1.5)),
        targets=2,
    )
    played.ends(status=429, attempts=0, retry_after_seconds=1.5)


def test_the_nearest_may_come_free() -> None:
    """Waiting two seconds is better than an error."""
    play(
        (picks(target=0), nobody(429, 30.0)),
        (picks(target=1), nobody(429, 1.0)),
        (picks(target=1, may_wait=True, stay_on=None), BEN_2),
        answers(),
        targets=2,
    ).ends(status=200, attempts=1)


def test_without_any_retry_after_the_first_refusal_is_told() -> None:
    """What the client asked for is the target; that a fallback is missing too is not its concern."""
    play(
        (picks(target=0), nobody(503, message="no account is enabled")),
        (picks(target=1), nobody(404, message="nobody offers it")),
        (picks(target=0, may_wait=True), nobody(503, message="no account is enabled")),
        targets=2,
    ).ends(status=503, message="no account is enabled")


def test_busy_accounts_are_no_reason_for_another_model() -> None:
    """Full is not marked: the queue was waited for, and 429 with Retry-After 1 is the answer."""
    play(
        (picks(target=0), nobody(429, 1.0, reason="full")),
        targets=2,
    ).ends(status=429, retry_after_seconds=1)


def test_a_request_that_the_target_cannot_carry_is_refused_at_once() -> None:
    """Content that the other side has no place for is a 400, whatever the fallbacks could."""
    play(
        (picks(target=0), nobody(400, kind=Kind.BAD_REQUEST, message="audio has no place there")),
        targets=2,
    ).ends(status=400, message="audio has no place there")


def test_a_fallback_that_cannot_carry_the_request_is_just_no_fallback() -> None:
    """The client hears of the quota, not of a model that it never asked for."""
    play(
        (picks(target=0), nobody(429, 50.0)),
        (picks(target=1), nobody(400, kind=Kind.BAD_REQUEST)),
        (picks(target=0, may_wait=True), nobody(429, 50.0)),
        targets=2,
    ).ends(status=429, retry_after_seconds=50)


@pytest.mark.parametrize("told", [20.0, None])
def test_a_fallback_that_nobody_serves_after_all_ends_with_what_was_seen(told: float | None) -> None:
    """The exchange gives up with upstream's own 429 and the sooner delay that is known."""
    played = play(
        (picks(target=0), ANN),
        MARKED,
        (looks_around(target=1), around()),
        closes(),
        (picks(target=1), nobody(429, told)),
        targets=2,
    )
    played.ends(status=429, attempts=1, retry_after_seconds=60)
