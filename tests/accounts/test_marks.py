"""How long a hard mark lasts (behaviour 4)."""

import math

import pytest

from accounts.marks import LONGEST_MARK_SECONDS, HardMark, MarkDurations, hard_mark

DEFAULTS = MarkDurations()


@pytest.mark.parametrize(
    ("status", "reason", "told", "consecutive", "seconds"),
    [
        (429, "QUOTA_EXHAUSTED", None, 0, 60),
        (429, "QUOTA_EXHAUSTED", None, 1, 300),
        (429, "QUOTA_EXHAUSTED", None, 2, 1800),
        (429, "QUOTA_EXHAUSTED", None, 3, 7200),
        (429, "QUOTA_EXHAUSTED", None, 4, 7200),
        (429, "QUOTA_EXHAUSTED", None, 900, 7200),
        (429, "insufficient_quota", None, 1, 300),
        (429, "RATE_LIMIT_EXCEEDED", None, 5, 30),
        (429, "rate_limit_exceeded", None, 0, 30),
        (429, "MODEL_CAPACITY_EXHAUSTED", None, 5, 15),
        (429, "", None, 0, 60),
        (429, "SOMETHING_NEW", None, 3, 60),
        (429, "QUOTA_EXHAUSTED", 7.5, 3, 7.5),
        (429, "", 0.0, 0, 0),
        (429, "", -3.0, 0, 0),
        (429, "", math.inf, 0, LONGEST_MARK_SECONDS),
        (429, "RATE_LIMIT_EXCEEDED", math.nan, 0, 30),
        (403, "", None, 0, 600),
        (403, "", 5.0, 0, 600),
        (404, "", None, 0, 300),
        (401, "", None, 0, 300),
        (402, "", None, 0, 300),
        (400, "API_KEY_INVALID", None, 0, 300),
    ],
)
def test_duration(status: int, reason: str, told: float | None, consecutive: int, seconds: float) -> None:
    """A limit lasts as long as upstream says, else by its reason; the rest has fixed times."""
    assert hard_mark(status, reason, told, consecutive, DEFAULTS).seconds == seconds


@pytest.mark.parametrize(
    ("status", "whole_account", "cause"),
    [
        (400, True, "credential"),
        (401, True, "credential"),
        (402, True, "credential"),
        (403, False, "credential"),
        (404, False, "model"),
        (429, False, "quota"),
    ],
)
def test_scope(status: int, whole_account: bool, cause: str) -> None:
    """Credentials and billing mark the whole account, everything else one model on it."""
    mark = hard_mark(status, "", None, 0, DEFAULTS)
    assert (mark.whole_account, mark.cause) == (whole_account, cause)


def test_only_quota_without_a_told_delay_grows() -> None:
    """Only the duration of a quota mark that nobody timed rises with each consecutive one."""
    assert hard_mark(429, "QUOTA_EXHAUSTED", None, 0, DEFAULTS).grows
    assert not hard_mark(429, "QUOTA_EXHAUSTED", 5, 0, DEFAULTS).grows
    assert not hard_mark(429, "RATE_LIMIT_EXCEEDED", None, 0, DEFAULTS).grows


def test_durations_are_settings() -> None:
    """The operator's numbers are used instead of the defaults."""
    durations = MarkDurations(forbidden=1, quota=(2,))
    assert hard_mark(403, "", None, 0, durations) == HardMark(1, False, "credential")
    assert hard_mark(429, "QUOTA_EXHAUSTED", None, 5, durations).seconds == 2


@pytest.mark.parametrize("status", [200, 408, 500, 502, 503, 504, 529])
def test_no_hard_mark(status: int) -> None:
    """Server faults leave no hard mark."""
    with pytest.raises(ValueError, match=str(status)):
        hard_mark(status, "", None, 0, DEFAULTS)
