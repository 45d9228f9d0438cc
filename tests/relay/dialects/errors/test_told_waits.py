"""The waits that vendors tell, each in its own form: every row of the two tables has a case here."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import msgspec
import pytest

from relay.dialects.errors.told_waits import FIELDS, WORDS, duration_seconds, told_wait
from tests.relay.dialects.every_dialect import DIALECTS

NOW = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)
DATED: Mapping[str, str] = {"date": format_datetime(NOW, usegmt=True)}
EPOCH = int(NOW.timestamp())

TOLD_IN_FIELDS: dict[str, list[tuple[dict[str, Any], float]]] = {
    "retryDelay": [
        ({"details": [{}, {"retryDelay": "12.5s"}]}, 12.5),
        ({"details": [{"retryDelay": {"seconds": 3, "nanos": 500_000_000}}]}, 3.5),
    ],
    "quotaResetDelay": [({"details": [{"metadata": {"quotaResetDelay": "2h3m4.5s"}}]}, 7384.5)],
    "quotaResetTimeStamp": [
        ({"details": [{"metadata": {"quotaResetTimeStamp": "2026-11-29T12:30:00Z"}}]}, 1800.0)
    ],
    "resets_in_seconds": [
        ({"type": "usage_limit_reached", "resets_at": EPOCH + 9, "resets_in_seconds": 529498}, 529498.0)
    ],
    "resets_at": [({"type": "usage_limit_reached", "resets_at": EPOCH + 60}, 60.0)],
    "reset_seconds": [({"code": "model_cooldown", "reset_seconds": 7200, "reset_time": "2h0m0s"}, 7200.0)],
    "retry-after": [({"metadata": {"headers": {"Retry-After": "17"}}}, 17.0)],
    "x-ratelimit-reset": [
        ({"metadata": {"headers": {"X-RateLimit-Reset": str((EPOCH + 90) * 1000)}}}, 90.0),
        ({"metadata": {"headers": {"X-RateLimit-Reset": EPOCH + 90}}}, 90.0),
    ],
    "retry_after": [({"title": "Error 522", "retry_after": 120}, 120.0)],
    "retry_after_seconds": [({"retry_after_seconds": "30"}, 30.0)],
    "retryafter": [({"retryAfter": "1m30s"}, 90.0)],
}

SAID: dict[str, list[tuple[str, float]]] = {
    "try again in ": [
        ("Rate limit reached for gpt-6. Please try again in 6m0s. Visit …", 360.0),
        ("Please try again in 20ms.", 0.02),
        ("Rate limit is exceeded. Try again in 2 seconds.", 2.0),
        ("Please try again in 7m12.48s.", 432.48),
    ],
    "try again after ": [("request reached organization max RPM: 3, please try again after 1 seconds", 1.0)],
    "retry in ": [("You exceeded your current quota. Please retry in 8.5s.", 8.5)],
    "retry after ": [("Please retry after 86400 seconds. Please go here: https://…", 86400.0)],
    "reset after ": [("You have exhausted your capacity. Your quota will reset after 27h41m36s.", 99696.0)],
    "resets in ": [("Your limit resets in 5 hours 20 minutes", 19200.0)],
    "reset at ": [
        ("the monthly usage quota. It will reset at 2026-11-30 23:59:59 +0800 CST.", 100799.0),
        ("Usage limit reached for 5 hour. Your limit will reset at 2026-11-29 22:00:00", 7200.0),
        ("Your limit will reset at 2026-11-29 10:00:00", 0.0),  # over by now
    ],
    "resets at ": [("The limit resets at 2026-11-29T13:00:00Z.", 3600.0)],
}


def test_every_row_has_a_case() -> None:
    """No form without an example of who tells it so."""
    assert [name.lower() for _, name, _ in FIELDS] == [name.lower() for name in TOLD_IN_FIELDS]
    assert [words for _, words, _ in WORDS] == list(SAID)


def test_what_is_told_in_fields() -> None:
    """A field counts wherever in the error it stands, by the order of the table."""
    found = {
        name: [told_wait(429, DATED, error, "") for error, _ in cases]
        for name, cases in TOLD_IN_FIELDS.items()
    }
    assert found == {name: [seconds for _, seconds in cases] for name, cases in TOLD_IN_FIELDS.items()}


def test_what_is_told_in_words() -> None:
    """The message's words count where no field tells it; of a 429 only."""
    for cases in SAID.values():
        for message, seconds in cases:
            assert (message, told_wait(429, DATED, {}, message)) == (message, pytest.approx(seconds))
            assert told_wait(503, DATED, {}, message) is None


def test_the_header_comes_first() -> None:
    """``Retry-After`` is the standard's own word; then the dialect's headers, fields, words."""
    error, message = {"reset_seconds": 7}, "Please try again in 9s"
    assert told_wait(429, {"retry-after": "3"}, error, message, lambda: 5.0) == 3
    assert told_wait(429, {}, error, message, lambda: 5.0) == 5
    assert told_wait(429, {}, error, message) == 7
    assert told_wait(429, {}, {}, message) == 9
    assert told_wait(503, {}, error, message, lambda: 5.0) == 7


def test_a_moment_needs_the_time_of_the_answer() -> None:
    """Without the answer's own date a moment says nothing, for no clock is trusted."""
    assert told_wait(429, {}, {"resets_at": EPOCH + 60}, "") is None
    assert told_wait(429, {"date": "yesterday"}, {}, "It will reset at 2026-11-30 23:59:59 +0800 CST") is None


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("", None),
        ("soon", None),
        ("5", None),
        ("5 apples", None),
        ("1d2h", 93600.0),
        ("  3s", None),
        ("3µs", 3e-6),
    ],
)
def test_durations(told: str, seconds: float | None) -> None:
    """A number needs a unit; what is no duration is none."""
    assert duration_seconds(told) == (seconds if seconds is None else pytest.approx(seconds))


def test_nonsense_is_read_as_nothing() -> None:
    """Fields of another type, of any depth and number, and long texts cost that field and little time."""
    deep: Any = {"reset_seconds": 1}
    for _ in range(50):
        deep = {"in": deep}
    for error in (None, 3, "text", [], [1, [2]], {"reset_seconds": [1]}, {"reset_seconds": True}, deep):
        assert told_wait(429, DATED, error, "") is None
    assert (
        told_wait(429, DATED, {str(number): {} for number in range(100_000)}, "reset at " * 100_000) is None
    )


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_every_dialects_errors_are_read_so(name: str) -> None:
    """Whatever the account's kind, a gateway's way to tell the wait is known."""
    body = {"error": {"message": "The usage limit has been reached", "resets_in_seconds": 529498}}
    failure = DIALECTS[name].classify(429, DATED, msgspec.json.encode(body))
    assert failure.retry_after_seconds == 529498
