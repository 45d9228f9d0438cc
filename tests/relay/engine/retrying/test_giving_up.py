"""Behaviour 6: when no attempt is left, and what the client is then told."""

import pytest

from relay.engine.facts import AttemptEnded, GaveUp
from relay.engine.retrying.policy import MAX_RETRY_ATTEMPTS
from relay.neutral.failures import Kind
from tests.relay.engine.playbook import Script, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    CAT,
    around,
    breaks,
    closes,
    looks_around,
    marks,
    nobody,
    opens,
    picks,
    refuses,
    sleeps,
)


@pytest.mark.parametrize(
    ("status", "owed"),
    [(401, 503), (402, 503), (403, 503), (404, 404)],
)
def test_the_only_account_s_failure_is_the_end(status: int, owed: int) -> None:
    """With every account marked there is nobody to rotate to; a 401 never reaches the client as its own."""
    played = play(
        (picks(), ANN),
        (opens(), refuses(status, reason="authentication_error", body=b'{"type":"error"}')),
        marks(ANN, "hard", status),
        (looks_around(), around(all_are_marked=True, nearest_free_seconds=300)),
        closes(),
    )
    played.ends(status=owed, attempts=1, message=f"The only attempt failed. upstream said {status}")
    told = played.outcome.failure
    assert told is not None
    assert (told.status, told.body) == (owed, b"")
    assert told.reason == ("" if owed == 503 else "authentication_error")


def test_429_with_a_long_delay_gives_up_with_its_retry_after() -> None:
    """Nobody is kept waiting for an hour; the client is told."""
    played = play(
        (picks(), ANN),
        (opens(), refuses(429, retry_after_seconds=3600)),
        marks(ANN, "hard", 429),
        (looks_around(), around(all_are_marked=True, nearest_free_seconds=3600)),
        closes(),
    )
    played.ends(status=429, attempts=1, retry_after_seconds=3600)


def test_retry_after_is_that_of_the_nearest_account() -> None:
    """Another account that is free sooner than the one that was asked makes the client wait less."""
    played = play(
        (picks(), ANN),
        (opens(), refuses(429, retry_after_seconds=3600)),
        marks(ANN, "hard", 429),
        (looks_around(), around(all_are_marked=True, nearest_free_seconds=20)),
        closes(),
    )
    played.ends(status=429, retry_after_seconds=20)


def test_an_error_that_is_the_request_s_own_fault_is_not_retried() -> None:
    """413 goes to the client as it is, also after attempts that failed otherwise."""
    played = play(
        (picks(), ANN),
        (opens(), refuses(500)),
        closes(),
        sleeps(0.5),
        (picks(), BEN),
        (opens(), refuses(413)),
        closes(),
    )
    played.ends(status=413, attempts=2, message="upstream said 413")
    assert not played.all(GaveUp)


def test_a_fault_of_ours_is_500_and_not_retried() -> None:
    """An internal failure would only be repeated."""
    play((picks(), ANN), (opens(), breaks(Kind.INTERNAL)), closes()).ends(status=500, attempts=1)


def test_no_redirect_of_upstream_reaches_the_client() -> None:
    """A status below 400 that is no 200 is no answer that a client could use."""
    play((picks(), ANN), (opens(), refuses(302)), closes()).ends(status=502, attempts=1)


def test_three_attempts_in_all_however_large_the_pool() -> None:
    """MAX_RETRY_ATTEMPTS, and no wait and no account after the last."""
    failing: list[Script] = [(opens(), refuses(500)), closes()]
    played = play(
        (picks(tried=[]), ANN),
        failing,
        sleeps(0.5),
        (picks(tried=[ANN]), BEN),
        failing,
        sleeps(1.0),
        (picks(tried=[ANN, BEN]), CAT),
        failing,
    )
    played.ends(status=500, attempts=MAX_RETRY_ATTEMPTS, message="All 3 attempts failed. upstream said 500")
    ended = played.all(AttemptEnded)
    assert [fact.number for fact in ended] == [1, 2, 3]
    assert [fact.decision.retry for fact in ended] == [True, True, False]
    gave_up = played.fact(GaveUp)
    assert (gave_up.attempts, gave_up.failure.message) == (3, "upstream said 500")


def test_when_everybody_failed_the_service_was_at_fault() -> None:
    """Without an answer nobody is soft-marked."""
    failing: list[Script] = [(opens(), refuses(500)), closes()]
    play((picks(), ANN), failing, sleeps(), (picks(), BEN), failing, sleeps(), (picks(), CAT), failing)


def test_nobody_left_to_ask_gives_up_with_what_was_seen() -> None:
    """The last real status, and the Retry-After of whoever is free first."""
    played = play((picks(), ANN), (opens(), refuses(500)), closes(), sleeps(), (picks(), nobody(429, 42.0)))
    played.ends(
        status=500, attempts=1, retry_after_seconds=42, message="The only attempt failed. upstream said 500"
    )


def test_nobody_to_ask_at_all_is_told_as_the_pool_says_it() -> None:
    """At admission the pool's own reason is the answer; no attempt was made, and none is claimed."""
    played = play((picks(may_wait=True), nobody(429, 30.0, message="all accounts are resting")))
    played.ends(status=429, attempts=0, retry_after_seconds=30, message="all accounts are resting")
    assert not played.facts
