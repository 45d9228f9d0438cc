"""Behaviour 6 and 11: who is asked next, what is waited, and what the log will say of it."""

import pytest

from relay.engine.deadlines import Limits
from relay.engine.facts import AttemptEnded, AttemptStarted, GaveUp, KeptAccount, Rotated
from relay.engine.policy import MAX_RETRY_ATTEMPTS
from relay.failures import Failure, Kind
from tests.engine import failures
from tests.playbook import (
    ANN,
    BEN,
    CAT,
    Script,
    answers,
    around,
    breaks,
    closes,
    gets,
    like,
    looks_around,
    marks,
    nobody,
    opens,
    picks,
    play,
    refusal,
    refuses,
    sleeps,
)


@pytest.mark.parametrize(("status", "wait"), [(500, 0.5), (408, 0.5), (502, 0.5), (504, 0.5)])
def test_a_machine_s_failure_backs_off_and_rotates(status: int, wait: float) -> None:
    """Linear back-off, another account, and a soft mark once that one has answered."""
    played = play(
        (picks(tried=[], stay_on=None), ANN),
        (opens(), refuses(status)),
        closes(),
        sleeps(wait),
        (picks(tried=[ANN], stay_on=None), BEN),
        answers(soft=[ANN]),
    )
    played.ends(status=200, attempts=2)
    rotated = played.fact(Rotated)
    assert (rotated.status, rotated.old, rotated.new) == (str(status), ANN.email, BEN.email)


@pytest.mark.parametrize("status", [503, 529])
def test_server_side_fluctuation_is_not_a_broken_account(status: int) -> None:
    """The account is kept, and no mark stands in the way; 1 s, then 2 s, and none after the last."""
    failing: list[Script] = [(opens(), refuses(status)), closes()]
    played = play(
        (picks(stay_on=None), ANN),
        failing,
        sleeps(1),
        (picks(tried=[ANN], stay_on=ANN), ANN),
        failing,
        sleeps(2),
        (picks(stay_on=ANN), ANN),
        failing,
    )
    played.ends(status=status, attempts=3, message=f"All 3 attempts failed. upstream said {status}")
    assert [fact.status for fact in played.all(KeptAccount)] == [str(status)] * 2
    assert not played.all(Rotated)


@pytest.mark.parametrize(
    ("failure", "wait", "marked"),
    [
        (refusal(401), 0.1, 401),
        (refusal(402), 0.1, 402),
        (refusal(403), 0.1, 403),
        (refusal(404), 0.3, 404),
        (failures.BAD_KEY, 0.1, 400),
        (failures.NO_CREDIT, 0.1, 400),
        (Failure(Kind.CREDENTIALS, "no token"), 0.1, 401),
    ],
)
def test_an_account_s_failure_marks_it_and_rotates(failure: Failure, wait: float, marked: int) -> None:
    """The account is hard-marked at once; the next one answers, and the client sees nothing of it."""
    played = play(
        (picks(), ANN),
        (opens(), breaks(failure)),
        marks(ANN, "hard", marked),
        (looks_around(target=0, besides=[ANN]), around(another_is_free=True)),
        closes(),
        sleeps(wait),
        (picks(stay_on=None), BEN),
        answers(),
    )
    played.ends(status=200, attempts=2, failure=None)
    assert played.all(Rotated)


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
    played.ends(status=owed, attempts=1, message=f"All 1 attempts failed. upstream said {status}")
    assert played.outcome is not None
    told = played.outcome.failure
    assert told is not None
    assert (told.status, told.body) == (owed, b"")
    assert told.reason == ("" if owed == 503 else "authentication_error")


def test_429_rotates_at_once_when_another_account_is_free() -> None:
    """No wait at all: the other account has its own quota."""
    play(
        (picks(), ANN),
        (opens(), refuses(429, retry_after_seconds=3)),
        marks(ANN, "hard", 429, told_seconds=3),
        (looks_around(), around(another_is_free=True)),
        closes(),
        (picks(tried=[ANN], stay_on=None), BEN),
        answers(),
    ).ends(status=200, attempts=2)


@pytest.mark.parametrize(("told", "waits"), [(3.0, (3.2, 3.2)), (0.5, (0.7, 0.7)), (None, (1.0, 2.0))])
def test_429_is_waited_out_on_the_account_when_nobody_else_is_free(
    told: float | None, waits: tuple[float, float]
) -> None:
    """delay + 200 ms when a short delay was told, linear 1 s when none was; its own mark does not stand
    in the way, and the log does not call it a server-side issue."""
    failing: list[Script] = [
        (opens(), refuses(429, retry_after_seconds=told)),
        marks(ANN, "hard", 429, told_seconds=told),
        (looks_around(), around(all_are_marked=True, nearest_free_seconds=told or 60)),
        closes(),
    ]
    played = play(
        (picks(), ANN),
        failing,
        sleeps(waits[0]),
        (picks(stay_on=ANN), ANN),
        failing,
        sleeps(waits[1]),
        (picks(stay_on=ANN), ANN),
        failing,
    )
    played.ends(status=429, attempts=3, retry_after_seconds=told or 60)
    assert not played.all(KeptAccount)
    assert not played.all(Rotated)


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


def test_the_scale_changes_the_waits() -> None:
    """RELAY_BACKOFF_SCALE 0: no sleep at all."""
    play(
        (picks(), ANN),
        (opens(), refuses(503)),
        closes(),
        (picks(stay_on=ANN), ANN),
        answers(),
        limits=Limits(backoff_scale=0),
    ).ends(status=200)


def test_soft_marks_are_for_those_who_failed_where_another_answered() -> None:
    """The account that answers is not marked, though it had failed before."""
    failing: list[Script] = [(opens(), refuses(500)), closes()]
    play(
        (picks(), ANN),
        failing,
        sleeps(),
        (picks(), BEN),
        failing,
        sleeps(),
        (picks(), ANN),
        answers(soft=[BEN]),
    ).ends(status=200, attempts=3)


def test_when_everybody_failed_the_service_was_at_fault() -> None:
    """Without an answer nobody is soft-marked."""
    failing: list[Script] = [(opens(), refuses(500)), closes()]
    play((picks(), ANN), failing, sleeps(), (picks(), BEN), failing, sleeps(), (picks(), CAT), failing)


def test_another_model_s_answer_marks_nobody() -> None:
    """An account that answers for another upstream model proves nothing about the first one."""
    other = like(BEN, model="m-2")
    play((picks(), ANN), (opens(), refuses(500)), closes(), sleeps(), (picks(), other), answers()).ends(
        status=200
    )


def test_nobody_left_to_ask_gives_up_with_what_was_seen() -> None:
    """The last real status, and the Retry-After of whoever is free first."""
    played = play((picks(), ANN), (opens(), refuses(500)), closes(), sleeps(), (picks(), nobody(429, 42.0)))
    played.ends(
        status=500, attempts=1, retry_after_seconds=42, message="All 1 attempts failed. upstream said 500"
    )


def test_nobody_to_ask_at_all_is_told_as_the_pool_says_it() -> None:
    """At admission the pool's own reason is the answer; no attempt was made, and none is claimed."""
    played = play((picks(may_wait=True), nobody(429, 30.0, message="all accounts are resting")))
    played.ends(status=429, attempts=0, retry_after_seconds=30, message="all accounts are resting")
    assert not played.facts


def test_only_the_admission_may_wait_for_an_account() -> None:
    """A retry that finds everybody marked does not wait for them."""
    play(
        (picks(may_wait=True), ANN),
        (opens(), refuses(500)),
        closes(),
        sleeps(),
        (picks(may_wait=False), BEN),
        answers(soft=[ANN]),
    )


def test_each_attempt_is_named_with_its_account_and_model() -> None:
    """Rows and log lines show who was really asked."""
    played = play(
        (picks(), gets(ANN, after=0.1)),
        (opens(), refuses(500)),
        closes(),
        sleeps(0.5),
        (picks(), like(BEN, kind="anthropic", model="m-1")),
        answers(soft=[ANN]),
    )
    assert played.all(AttemptStarted) == [
        AttemptStarted(0.1, 1, 1, "ann@example.com", "gemini", "m-1"),
        AttemptStarted(0.6, 2, 2, "ben@example.com", "anthropic", "m-1"),
    ]


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        (refusal(500), "500"),
        (Failure(Kind.NETWORK, "no connection"), "network"),
        (Failure(Kind.CONNECT_TIMEOUT, "no connection"), "connect_timeout"),
    ],
)
def test_the_log_names_the_status_that_made_it_rotate(failure: Failure, word: str) -> None:
    """Upstream's number, or a word where there was none; peek failures say 200, for that is what came."""
    played = play(
        (picks(), ANN), (opens(), breaks(failure)), closes(), sleeps(0.5), (picks(), BEN), answers(soft=[ANN])
    )
    assert played.fact(Rotated).status == word
