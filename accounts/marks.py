"""PURE. How long an account rests after which failure (docs/behaviour.md 4), and what that tells the client.

Only *hard* marks are computed here. A soft mark has one fixed duration and no reason.
"""

import math
from typing import Literal, assert_never

from msgspec import Struct

MarkCause = Literal["quota", "credential", "forbidden", "model"]
"""What a hard mark is for. Who calls knows it: this room says only how long it lasts, and what it covers."""

LONGEST_MARK_SECONDS = 7 * 86_400.0
"""No vendor's quota window is longer than a week: a told delay beyond it is a mistake."""

# Reasons as Google's ErrorInfo and OpenAI's error codes spell them, in lower case.
_QUOTA_REASONS = {"quota_exhausted", "insufficient_quota", "credit_balance_exhausted"}
_RATE_REASONS = {"rate_limit_exceeded", "slow_down"}
_CAPACITY_REASONS = {"model_capacity_exhausted"}


class MarkDurations(Struct, frozen=True, kw_only=True):
    """The default durations of docs/behaviour.md 4, in seconds."""

    quota: tuple[float, ...] = (60, 300, 1800, 7200)
    rate_limit: float = 30
    capacity: float = 15
    unknown_limit: float = 60
    forbidden: float = 600
    missing_model: float = 300
    credential: float = 300
    soft: float = 20


class HardMark(Struct, frozen=True):
    """What a failure does to an account: for how long, for which scope, and whose fault it was."""

    seconds: float
    whole_account: bool
    cause: MarkCause
    grows: bool = False
    """True where the duration grows with each consecutive time."""


def hard_mark(
    cause: MarkCause, reason: str, told_seconds: float | None, consecutive: int, durations: MarkDurations
) -> HardMark:
    """The mark for an upstream failure.

    ``reason`` is upstream's own word, ``told_seconds`` the delay it asked for, ``consecutive`` how many marks
    of the same growing reason came before this one.
    """
    match cause:
        case "credential":
            return HardMark(durations.credential, True, cause)
        case "forbidden":
            return HardMark(durations.forbidden, False, cause)
        case "model":
            return HardMark(durations.missing_model, False, cause)
        case "quota":
            return _limit_mark(reason.lower(), told_seconds, consecutive, durations)
        case _:  # pragma: no cover
            assert_never(cause)


def _limit_mark(
    reason: str, told_seconds: float | None, consecutive: int, durations: MarkDurations
) -> HardMark:
    if told_seconds is not None and not math.isnan(told_seconds):
        return HardMark(min(max(told_seconds, 0.0), LONGEST_MARK_SECONDS), False, "quota")
    if reason in _QUOTA_REASONS:
        step = min(consecutive, len(durations.quota) - 1)
        return HardMark(durations.quota[step], False, "quota", grows=True)
    if reason in _RATE_REASONS:
        return HardMark(durations.rate_limit, False, "quota")
    if reason in _CAPACITY_REASONS:
        return HardMark(durations.capacity, False, "quota")
    return HardMark(durations.unknown_limit, False, "quota")
