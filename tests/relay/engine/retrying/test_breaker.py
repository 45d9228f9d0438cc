"""The circuit breaker: an upstream that fails nearly always is left alone, and tried by one request."""

import pytest

from relay.engine.retrying.breaker import (
    LONGEST_REST_SECONDS,
    LONGEST_TRY_SECONDS,
    LOOK_AGAIN_SECONDS,
    Breaker,
    Circuit,
)


def ends(breaker: Breaker, now: float, failures: int, successes: int = 0) -> None:
    for number in range(failures + successes):
        breaker.ended(now, is_failure=number >= successes)


def opened(now: float = 100.0) -> Breaker:
    breaker = Breaker()
    ends(breaker, now, 20)
    assert breaker.state is Circuit.OPEN
    return breaker


@pytest.mark.parametrize(
    ("failures", "successes", "is_open"),
    [(19, 0, False), (20, 0, True), (19, 1, True), (18, 2, False), (90, 10, False), (96, 4, True)],
)
def test_it_opens_on_enough_attempts_of_which_nearly_all_failed(
    failures: int, successes: int, is_open: bool
) -> None:
    """20 attempts in half a minute, 95 of 100 failed; fewer say nothing, one in ten answered is alive."""
    breaker = Breaker()
    ends(breaker, 100.0, failures, successes)
    assert (breaker.state is Circuit.OPEN) == is_open
    assert breaker.rest(100.0) == (5.0 if is_open else 0.0)


def test_old_attempts_do_not_count() -> None:
    """What failed half a minute ago says nothing of now."""
    breaker = Breaker()
    ends(breaker, 100.0, 19)
    ends(breaker, 131.0, 19)
    assert breaker.state is Circuit.CLOSED
    ends(breaker, 140.0, 1)
    assert breaker.state is Circuit.OPEN


def test_behind_the_rest_one_request_tries() -> None:
    """Half open: the first is admitted, the others look again in a second."""
    breaker = opened()
    assert [breaker.admits(now) for now in (100.0, 104.9, 105.0, 105.0, 110.0)] == [
        False,
        False,
        True,
        False,
        False,
    ]
    assert breaker.state is Circuit.HALF_OPEN
    assert breaker.rest(110.0) == LOOK_AGAIN_SECONDS


def test_an_answer_closes_it() -> None:
    """All may go at once, and the count begins afresh."""
    breaker = opened()
    assert breaker.admits(105.0)
    breaker.tried(106.0, is_failure=False)
    assert breaker.state is Circuit.CLOSED
    assert [breaker.admits(106.0) for _ in range(5)] == [True] * 5
    ends(breaker, 106.0, 19)
    assert breaker.state is Circuit.CLOSED


def test_a_failure_makes_the_next_rest_twice_as_long() -> None:
    """5, 10, 20, 40 seconds, then a minute; an answer makes it 5 again."""
    breaker, now, rests = opened(), 100.0, []
    for _ in range(6):
        rests.append(breaker.rest(now))
        now += rests[-1]
        assert breaker.admits(now)
        breaker.tried(now, is_failure=True)
    assert rests == [5.0, 10.0, 20.0, 40.0, LONGEST_REST_SECONDS, LONGEST_REST_SECONDS]
    now += LONGEST_REST_SECONDS
    assert breaker.admits(now)
    breaker.tried(now, is_failure=False)
    ends(breaker, now, 20)
    assert breaker.rest(now) == 5.0


def test_a_try_that_is_given_up_makes_room_for_the_next() -> None:
    """The client went before upstream said anything; so does one that takes very long."""
    breaker = opened()
    assert breaker.admits(105.0)
    breaker.tried(106.0, is_failure=None)
    assert [breaker.admits(106.0), breaker.admits(106.0)] == [True, False]
    assert [
        breaker.admits(106.0 + LONGEST_TRY_SECONDS - 0.1),
        breaker.admits(106.0 + LONGEST_TRY_SECONDS),
    ] == [
        False,
        True,
    ]


def test_what_began_before_says_nothing() -> None:
    """200 streams break at once: the 180 that end behind the 20th do not make the rest longer, or shorter."""
    breaker = opened()
    ends(breaker, 101.0, 180, 5)
    assert breaker.rest(101.0) == 4.0
    assert breaker.admits(105.0)
    ends(breaker, 106.0, 50, 5)
    assert breaker.state is Circuit.HALF_OPEN


def test_it_can_be_switched_off() -> None:
    """With 0 attempts it never opens."""
    breaker = Breaker(attempts=0)
    ends(breaker, 100.0, 1000)
    assert breaker.admits(100.0)
