"""Behaviour 6 and 11: who is asked next, what is waited, and what the log will say of it."""

from unittest.mock import ANY

import pytest

from relay.engine.facts import AttemptStarted, KeptAccount, Rotated
from relay.engine.retrying.deadlines import TimeLimits
from relay.neutral.failures import Failure, Kind
from tests.relay.engine import failures
from tests.relay.engine.playbook import Script, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    answers,
    around,
    breaks,
    closes,
    gets,
    like,
    looks_around,
    marks,
    opens,
    picks,
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


def test_the_scale_changes_the_waits() -> None:
    """RELAY_BACKOFF_SCALE 0: no sleep at all."""
    play(
        (picks(), ANN),
        (opens(), refuses(503)),
        closes(),
        (picks(stay_on=ANN), ANN),
        answers(),
        limits=TimeLimits(backoff_scale=0),
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


def test_another_model_s_answer_marks_nobody() -> None:
    """An account that answers for another upstream model proves nothing about the first one."""
    other = like(BEN, model="m-2")
    play((picks(), ANN), (opens(), refuses(500)), closes(), sleeps(), (picks(), other), answers()).ends(
        status=200
    )


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
        AttemptStarted(0.1, 1, 1, "ann@example.com", "gemini", "m-1", ANY),
        AttemptStarted(0.6, 2, 2, "ben@example.com", "anthropic", "m-1", ANY),
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
