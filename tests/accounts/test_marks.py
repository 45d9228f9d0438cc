"""How long a hard mark lasts (docs/behaviour.md 4)."""

import math

import pytest

from accounts.marks import LONGEST_MARK_SECONDS, HardMark, MarkCause, MarkDurations, hard_mark

DEFAULTS = MarkDurations()


def test_duration(subtests: pytest.Subtests) -> None:
    """A limit lasts as long as upstream says, else by its reason; the rest has fixed times."""
    for cause, reason, told, consecutive, seconds in [
        ("quota", "QUOTA_EXHAUSTED", None, 0, 60),
        ("quota", "QUOTA_EXHAUSTED", None, 1, 300),
        ("quota", "QUOTA_EXHAUSTED", None, 2, 1800),
        ("quota", "QUOTA_EXHAUSTED", None, 3, 7200),
        ("quota", "QUOTA_EXHAUSTED", None, 4, 7200),
        ("quota", "QUOTA_EXHAUSTED", None, 900, 7200),
        ("quota", "insufficient_quota", None, 1, 300),
        ("quota", "RATE_LIMIT_EXCEEDED", None, 5, 30),
        ("quota", "rate_limit_exceeded", None, 0, 30),
        ("quota", "MODEL_CAPACITY_EXHAUSTED", None, 5, 15),
        ("quota", "", None, 0, 60),
        ("quota", "SOMETHING_NEW", None, 3, 60),
        ("quota", "QUOTA_EXHAUSTED", 7.5, 3, 7.5),
        ("quota", "", 0.0, 0, 0),
        ("quota", "", -3.0, 0, 0),
        ("quota", "", math.inf, 0, LONGEST_MARK_SECONDS),
        ("quota", "RATE_LIMIT_EXCEEDED", math.nan, 0, 30),
        ("forbidden", "", None, 0, 600),
        ("forbidden", "", 5.0, 0, 600),
        ("model", "", None, 0, 300),
        ("credential", "", None, 0, 300),
        ("credential", "API_KEY_INVALID", None, 0, 300),
    ]:
        with subtests.test(f"{cause, reason, told, consecutive, seconds!r:.120}"):
            assert hard_mark(cause, reason, told, consecutive, DEFAULTS).seconds == seconds


@pytest.mark.parametrize(
    ("cause", "whole_account"),
    [("credential", True), ("forbidden", False), ("model", False), ("quota", False)],
)
def test_scope(cause: MarkCause, whole_account: bool) -> None:
    """Credentials and billing mark the whole account, everything else one model on it."""
    mark = hard_mark(cause, "", None, 0, DEFAULTS)
    assert (mark.whole_account, mark.cause) == (whole_account, cause)


def test_only_quota_without_a_told_delay_grows() -> None:
    """Only the duration of a quota mark that nobody timed rises with each consecutive one."""
    assert hard_mark("quota", "QUOTA_EXHAUSTED", None, 0, DEFAULTS).grows
    assert not hard_mark("quota", "QUOTA_EXHAUSTED", 5, 0, DEFAULTS).grows
    assert not hard_mark("quota", "RATE_LIMIT_EXCEEDED", None, 0, DEFAULTS).grows


def test_durations_are_settings() -> None:
    """The operator's numbers are used instead of the defaults."""
    durations = MarkDurations(forbidden=1, quota=(2,))
    assert hard_mark("forbidden", "", None, 0, durations) == HardMark(1, False, "forbidden")
    assert hard_mark("quota", "QUOTA_EXHAUSTED", None, 5, durations).seconds == 2
