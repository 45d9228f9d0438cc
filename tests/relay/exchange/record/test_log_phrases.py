"""The searchable lines of app.log (docs/behaviour.md 11 and the troubleshooting lesson)."""

import logging

import pytest

from relay.engine.facts import (
    AttemptEnded,
    Continued,
    GaveUp,
    Healing,
    HealingFailed,
    KeptAccount,
    NotContinued,
    Rotated,
)
from relay.engine.retrying.policy import Decision, decide
from relay.exchange.record.log_phrases import lines
from relay.neutral.events import Usage
from relay.neutral.failures import Failure, Kind, Phase

RETRY = Decision(retry=True, strategy="fixed delay", rotate=True)

PREFIX = {"anthropic": "", "gemini": "[Gemini] ", "openai": ""}


def ended(failure: Failure, decision: Decision | None = RETRY) -> AttemptEnded:
    return AttemptEnded(1.0, 1, "a@x", Phase.PEEK, Usage(), failure, decision)


PEEK = [
    (Kind.READ_ERROR, "anthropic", "Stream error during peek: gone, retrying..."),
    (Kind.READ_ERROR, "gemini", "[Gemini] Stream error during peek: gone, retrying..."),
    (Kind.ERROR_EVENT, "anthropic", "Stream error during peek: gone, retrying..."),
    (Kind.GARBAGE, "openai", "Stream error during peek: gone, retrying..."),
    (Kind.EMPTY, "anthropic", "Stream ended during peek (Empty Response), retrying..."),
    (Kind.EMPTY, "gemini", "[Gemini] Stream ended immediately, retrying..."),
    (Kind.EMPTY_STOP, "anthropic", "Empty first chunk received, retrying..."),
    (Kind.EMPTY_STOP, "gemini", "[Gemini] Empty first chunk received, retrying..."),
    (Kind.FIRST_DATA_TIMEOUT, "anthropic", "Timeout waiting for first data (60s), retrying..."),
    (Kind.FIRST_DATA_TIMEOUT, "gemini", "[Gemini] Timeout waiting for first chunk, retrying..."),
]


@pytest.mark.parametrize(("kind", "dialect", "phrase"), PEEK)
def test_a_peek_failure_has_its_searchable_line(kind: Kind, dialect: str, phrase: str) -> None:
    """Lesson, step 3: search app.log for these keywords; Gemini paths have [Gemini] before them."""
    said = "Timeout waiting for first data (60s)" if kind is Kind.FIRST_DATA_TIMEOUT else "gone"
    first = lines(ended(Failure(kind, said)), PREFIX[dialect])[0]  # type: ignore[arg-type]
    assert first == (logging.WARNING, phrase)


def test_the_last_attempt_does_not_claim_to_retry() -> None:
    """Never pretends: no "retrying..." where nothing is retried."""
    (_, line), *_ = lines(ended(Failure(Kind.EMPTY, "x"), Decision(retry=False)), "")
    assert line == "Stream ended during peek (Empty Response)"


def test_a_continuation_has_its_lines() -> None:
    """What broke, that it is continued, and behind how much; or why it is not."""
    failure = Failure(Kind.CUT, "upstream closed the stream")
    goes_on = Decision(retry=True, strategy="fixed delay", rotate=True, continues=True)
    assert lines(ended(failure, goes_on), "[Gemini] ") == [
        (logging.WARNING, "Stream broke after commit: upstream closed the stream, continuing..."),
        (logging.INFO, "Retry with fixed delay: status=cut, attempt=1, delay=0s"),
    ]
    assert lines(Continued(1.0, 2, 80), "[Gemini] ") == [
        (logging.INFO, "Continuing the answer behind 80 characters")
    ]
    assert lines(NotContinued(1.0, "a tool call was sent"), "") == [
        (logging.WARNING, "The broken answer is not continued: a tool call was sent")
    ]


@pytest.mark.parametrize(
    ("status", "attempt", "phrase"),
    [
        (401, 0, "Retry with fixed delay: status=401, attempt=1, delay=0.1s"),
        (500, 0, "Retry with linear backoff: status=500, attempt=1, delay=0.5s"),
        (503, 1, "Retry with exponential backoff: status=503, attempt=1, delay=2s"),
    ],
)
def test_a_back_off_is_logged_with_its_strategy(status: int, attempt: int, phrase: str) -> None:
    """INFO line: which strategy, for which status, how long."""
    failure = Failure(Kind.STATUS, "upstream said so", status=status)
    decision = decide(failure, attempt, is_healed=False, another_is_free=True)
    assert (logging.INFO, phrase) in lines(ended(failure, decision), "")


def test_a_wait_for_a_turn_is_logged() -> None:
    """The line of the back-off says how long it is; a second one, how much of that is for the turn."""
    failure = Failure(Kind.STATUS, "upstream said so", status=500)
    decision = Decision(
        retry=True, strategy="linear backoff", rotate=True, delay_seconds=4.5, queued_seconds=4.0
    )
    assert lines(ended(failure, decision), "") == [
        (logging.INFO, "Retry with linear backoff: status=500, attempt=1, delay=4.5s"),
        (logging.INFO, "Retry budget spent, waiting for a turn: 4s of the delay are for its turn"),
    ]


def test_rotation_and_its_absence_are_logged() -> None:
    """WARNING lines say whether the account was rotated, and from whom to whom."""
    assert lines(Rotated(0, "429", "a@x", "b@x"), "") == [
        (logging.WARNING, "Rotating account for status 429: a@x -> b@x")
    ]
    assert lines(KeptAccount(0, "503"), "[Gemini] ") == [
        (logging.WARNING, "Keeping same account for status 503 (server-side issue)")
    ]


@pytest.mark.parametrize(
    ("how", "dialect", "begins", "ends"),
    [
        (
            "strip",
            "anthropic",
            "Unexpected thinking signature error",
            "Retrying with all thinking blocks removed.",
        ),
        ("drop_block", "anthropic", "Unexpected thinking signature error", "Retrying with drop_block."),
        ("strip", "gemini", "[Gemini] Signature error detected on account a@x", "retrying without thinking"),
    ],
)
def test_healing_has_the_lessons_words(how: str, dialect: str, begins: str, ends: str) -> None:
    """Lesson, step 4: the log shows that the fix logic was entered."""
    ((level, line),) = lines(Healing(0, how, "a@x", "Invalid `signature`", ("x",)), PREFIX[dialect])  # type: ignore[arg-type]
    assert level == logging.WARNING
    assert line.startswith(begins)
    assert line.endswith(ends)


def test_the_end_is_an_error_line() -> None:
    """ERROR lines: when nothing is left to try, and when a human must look."""
    assert lines(GaveUp(0, 3, Failure(Kind.EMPTY, "nothing said")), "") == [
        (logging.ERROR, "All 3 attempts failed. nothing said")
    ]
    ((level, line),) = lines(HealingFailed(0, "still refused"), "")
    assert level == logging.ERROR
    assert line.startswith("Signature healing failed, not retrying: manual intervention needed")
