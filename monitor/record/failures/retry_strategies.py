"""The waits before another attempt, as data. PURE; attempts count from 0."""

from typing import assert_never

import msgspec

TOLD_DELAY_LIMIT_SECONDS = 10.0
"""The longest told delay of a quota that is waited out on the same account."""


class NoRetry(msgspec.Struct, frozen=True):
    """The answer goes to the client."""


class FixedDelay(msgspec.Struct, frozen=True):
    """The same wait every time."""

    seconds: float


class LinearBackoff(msgspec.Struct, frozen=True):
    """base × (attempt + 1)."""

    base_seconds: float


class ExponentialBackoff(msgspec.Struct, frozen=True):
    """min(base × 2^attempt, cap)."""

    base_seconds: float
    cap_seconds: float


RetryStrategy = NoRetry | FixedDelay | LinearBackoff | ExponentialBackoff


class AsTold(msgspec.Struct, frozen=True):
    """None where another account is free; else the delay that upstream told, if it is short.

    ``untold`` is the wait where none was told; behind a longer one nobody waits.
    """

    untold: RetryStrategy


class HealOnce(msgspec.Struct, frozen=True):
    """The request is healed once and sent again after ``delay``; then the answer goes to the client."""

    delay: FixedDelay


def delay_seconds(wait: RetryStrategy, attempt: int) -> float:
    """The wait before the attempt that follows ``attempt``."""
    match wait:
        case FixedDelay(seconds):
            return seconds
        case LinearBackoff(base):
            return base * (attempt + 1)
        case ExponentialBackoff(base, cap):
            return min(base * 2.0**attempt, cap)
        case NoRetry():
            return 0.0
        case _:
            assert_never(wait)
