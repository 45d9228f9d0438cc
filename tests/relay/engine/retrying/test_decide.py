"""Behaviour 6: one decision about one failure."""

from typing import Any

import pytest

from relay.engine.retrying.policy import MAX_RETRY_ATTEMPTS, Decision, decide
from relay.neutral.failures import Failure, Kind
from tests.relay.engine import failures
from tests.relay.engine.failures import of, status


def decided(failure: Failure, attempt: int = 0, **circumstances: Any) -> Decision:
    """The decision, by default with another account free and nothing healed yet."""
    usual = {"is_healed": False, "another_is_free": True}
    return decide(failure, attempt, **(usual | circumstances))


def retry(strategy: Any, delay_seconds: float, *, rotate: bool, heal: Any = "") -> Decision:
    """A decision to try again."""
    return Decision(True, strategy, round(delay_seconds, 6), rotate, heal)


GIVE_UP = Decision(retry=False, strategy="none", delay_seconds=0.0, rotate=False, heal="")


def test_the_table_as_decisions(subtests: pytest.Subtests) -> None:
    """Each row's wait and rotation, for the first attempt and the second; after the third none."""
    for failure, first, second in [
        (status(401), retry("fixed delay", 0.1, rotate=True), retry("fixed delay", 0.1, rotate=True)),
        (status(402), retry("fixed delay", 0.1, rotate=True), retry("fixed delay", 0.1, rotate=True)),
        (status(403), retry("fixed delay", 0.1, rotate=True), retry("fixed delay", 0.1, rotate=True)),
        (failures.BAD_KEY, retry("fixed delay", 0.1, rotate=True), retry("fixed delay", 0.1, rotate=True)),
        (
            of(Kind.CREDENTIALS),
            retry("fixed delay", 0.1, rotate=True),
            retry("fixed delay", 0.1, rotate=True),
        ),
        (status(404), retry("fixed delay", 0.3, rotate=True), retry("fixed delay", 0.3, rotate=True)),
        (status(429), retry("fixed delay", 0.0, rotate=True), retry("fixed delay", 0.0, rotate=True)),
        (status(500), retry("linear backoff", 0.5, rotate=True), retry("linear backoff", 1.0, rotate=True)),
        (status(408), retry("linear backoff", 0.5, rotate=True), retry("linear backoff", 1.0, rotate=True)),
        (status(502), retry("linear backoff", 0.5, rotate=True), retry("linear backoff", 1.0, rotate=True)),
        (status(504), retry("linear backoff", 0.5, rotate=True), retry("linear backoff", 1.0, rotate=True)),
        (
            of(Kind.NETWORK),
            retry("linear backoff", 0.5, rotate=True),
            retry("linear backoff", 1.0, rotate=True),
        ),
        (
            status(503),
            retry("exponential backoff", 1, rotate=False),
            retry("exponential backoff", 2, rotate=False),
        ),
        (
            status(529),
            retry("exponential backoff", 1, rotate=False),
            retry("exponential backoff", 2, rotate=False),
        ),
        (of(Kind.EMPTY), retry("fixed delay", 0.0, rotate=True), retry("fixed delay", 0.0, rotate=True)),
        (of(Kind.GARBAGE), retry("fixed delay", 0.0, rotate=True), retry("fixed delay", 0.0, rotate=True)),
        (status(400), GIVE_UP, GIVE_UP),
        (status(413), GIVE_UP, GIVE_UP),
        (failures.MISSING_FILE, GIVE_UP, GIVE_UP),
        (failures.MISSING_THREAD, GIVE_UP, GIVE_UP),
    ]:
        with subtests.test(f"{failure, first, second!r:.120}"):
            assert decided(failure, 0) == first
            assert decided(failure, 1) == second
            assert decided(failure, MAX_RETRY_ATTEMPTS - 1) == GIVE_UP


def test_429_stays_on_the_account_when_no_other_is_free() -> None:
    """Without another free account a 429 is waited out where it came: 3 s told are 3.2 s of wait."""
    assert decided(status(429, told=3), another_is_free=False) == retry("fixed delay", 3.2, rotate=False)
    assert decided(status(429), 0, another_is_free=False) == retry("linear backoff", 1.0, rotate=False)
    assert decided(status(429), 1, another_is_free=False) == retry("linear backoff", 2.0, rotate=False)


def test_429_stays_though_its_own_mark_makes_every_account_marked() -> None:
    """No mark stands in the way of a retry that the table keeps on the account."""
    decision = decided(status(429, told=3), another_is_free=False, all_are_marked=True)
    assert decision == retry("fixed delay", 3.2, rotate=False)


def test_429_with_a_long_delay_gives_up() -> None:
    """Nobody waits longer than ten seconds for a quota; the client is told how long."""
    assert decided(status(429, told=10.5), another_is_free=False) == GIVE_UP


@pytest.mark.parametrize(
    "failure", [status(401), status(403), status(404), failures.BAD_KEY, failures.NO_QUOTA_LEFT]
)
def test_with_every_account_marked_there_is_nobody_to_rotate_to(failure: Failure) -> None:
    """A failure that wants another account is final when all of them are hard-marked."""
    assert decided(failure, another_is_free=False, all_are_marked=True) == GIVE_UP
    assert decided(failure, another_is_free=False, all_are_marked=False).rotate


def test_an_account_without_credit_is_rotated_away_from_also_as_429() -> None:
    """A 429 that is about the account's money is the account's fault: no waiting on that account."""
    expected = retry("fixed delay", 0.1, rotate=True)
    assert decided(failures.NO_QUOTA_LEFT, another_is_free=True) == expected
    assert decided(failures.NO_QUOTA_LEFT, another_is_free=False) == expected


@pytest.mark.parametrize(
    ("failure", "heal"),
    [
        (failures.REFUSED_SIGNATURE, "strip"),
        (failures.MISSING_SIGNATURE, "strip"),
        (failures.OFFERS_DROP_BLOCK, "drop_block"),
    ],
)
def test_a_refused_signature_is_healed_on_the_same_account(failure: Failure, heal: str) -> None:
    """FixedDelay 200 ms, no rotation; where the message offers drop_block, that is the healing."""
    assert decided(failure) == retry("fixed delay", 0.2, rotate=False, heal=heal)


def test_a_heal_is_not_counted() -> None:
    """A signature refused on the last attempt is still healed; after that nothing is."""
    assert decided(failures.REFUSED_SIGNATURE, MAX_RETRY_ATTEMPTS - 1).heal == "strip"
    assert decided(failures.REFUSED_SIGNATURE, 0, is_healed=True) == GIVE_UP


@pytest.mark.parametrize(
    "failure", [status(500), of(Kind.NETWORK), of(Kind.EMPTY), of(Kind.CUT), status(408)]
)
def test_bound_thinking_backs_off_where_it_is(failure: Failure) -> None:
    """With thinking that only this account can read, what leaves no hard mark stays, and waits."""
    assert decided(failure, 0, has_bound_thinking=True) == retry("linear backoff", 0.5, rotate=False)
    assert decided(failure, 1, has_bound_thinking=True) == retry("linear backoff", 1.0, rotate=False)


@pytest.mark.parametrize("failure", [status(401), status(403), status(404), status(429), failures.BAD_KEY])
def test_bound_thinking_rotates_for_a_hard_mark(failure: Failure) -> None:
    """Only what hard-marks the account moves such a conversation."""
    assert decided(failure, has_bound_thinking=True) == decided(failure)
    assert decided(failure, has_bound_thinking=True).rotate


def test_bound_thinking_does_not_change_what_stays_anyway() -> None:
    """503 keeps its exponential wait."""
    assert decided(status(503), has_bound_thinking=True) == decided(status(503))


def test_the_scale_multiplies_the_wait_and_nothing_else(subtests: pytest.Subtests) -> None:
    """RELAY_BACKOFF_SCALE changes how long, never whether or where."""
    for scale in [0.0, 0.5, 1.0, 2.0]:
        for failure in [status(500), status(503), status(404), failures.REFUSED_SIGNATURE]:
            with subtests.test(f"{scale, failure!r:.120}"):
                plain, scaled = decided(failure), decided(failure, scale=scale)
                assert scaled.delay_seconds == pytest.approx(plain.delay_seconds * scale)
                assert (scaled.retry, scaled.strategy, scaled.rotate, scaled.heal) == (
                    plain.retry,
                    plain.strategy,
                    plain.rotate,
                    plain.heal,
                )
