"""How a key stands with one limit: what is left, when it begins anew, and what its holder is told. PURE."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from msgspec import Struct

from accounts.keys.limits import UNITS_PER_DOLLAR, Limit
from monitor.ledger.booking import dollars
from relay.limits.limit_windows import LimitWindow
from relay.neutral.failures import Failure, Kind

NO_QUOTA = "insufficient_quota"
"""OpenAI's word for a limit that no waiting of a few seconds lifts: its clients do not ask again."""

ONE_AT_A_TIME_SECONDS = 1.0
"""When to ask again where too many run at once: nobody knows when one of them ends."""

LAST_MOMENT = 253_402_300_799.0
"""The end of the year 9999: what lies behind it has no date."""


class Standing(Struct, frozen=True):
    """A limit, the window that ``used`` was counted in, with the request that is asked about."""

    limit: Limit
    window: LimitWindow
    used: int

    @property
    def left(self) -> int:
        """How much of it is left, at least nothing."""
        return max(self.limit.amount - self.used, 0)

    @property
    def is_budget(self) -> bool:
        """Is it more than a rate: nothing that passes within the minute?"""
        return self.limit.period != "minute"

    @property
    def resets_at(self) -> float | None:
        """When it begins anew, in epoch seconds; None for never."""
        return self.window.end if self.window.end <= LAST_MOMENT else None


def is_over(limit: Limit, used: int) -> bool:
    """May one more request not be admitted, where ``used`` was counted before it?"""
    return used >= limit.amount


def refusal(name: str, standings: Iterable[Standing], now: float) -> Failure:
    """What the holder of a key is told whose limits are all reached: the one that lasts longest."""
    worst = max(standings, key=lambda standing: standing.window.end)
    reset = worst.resets_at
    until = "It does not begin anew." if reset is None else f"It begins anew at {moment(reset)}."
    limit = worst.limit
    most = f"{amount(limit, limit.amount)} {_PERIODS[limit.period]}"
    said = f"The client key {name!r} has used its {most}. {until}"
    seconds = None if reset is None else float(math.ceil(max(reset - now, 1)))
    if worst.is_budget:
        return Failure(Kind.OVER_BUDGET, said, 429, reason=NO_QUOTA, retry_after_seconds=seconds)
    return Failure(Kind.RATE_LIMITED, said, 429, retry_after_seconds=seconds)


def too_many_at_once(name: str, limit: int) -> Failure:
    """What the holder of a key is told that runs as many exchanges as it may."""
    said = f"The client key {name!r} may run {limit} requests at a time, and does."
    return Failure(Kind.RATE_LIMITED, said, 429, retry_after_seconds=ONE_AT_A_TIME_SECONDS)


_PERIODS = {
    "minute": "of this minute",
    "day": "of this day",
    "week": "of this week",
    "month": "of this month",
    "total": "in all",
}


def amount(limit: Limit, number: int) -> str:
    """``number`` of the limit's measure, for people."""
    if limit.measure == "usd":
        return f"${dollars(number):.2f}"
    return f"{number:,} {limit.measure}"


@lru_cache(maxsize=1024)
def moment(at: float) -> str:
    """RFC 3339, in UTC, whole seconds. Kept, for every answer of a key tells the same few."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_UNITS_SHOWN = UNITS_PER_DOLLAR // 10**4


def _number(measure: str, number: int) -> str:
    """Dollars with four digits, rounded down: what is left is never told too high."""
    if measure != "usd":
        return str(number)
    whole, rest = divmod(number // _UNITS_SHOWN, 10**4)
    return f"{whole}.{rest:04}"


@lru_cache(maxsize=64)
def _names(recorded_as: str, measure: str) -> tuple[str, str, str]:
    """The headers for limit, what remains, and the reset."""
    if recorded_as == "anthropic":
        prefix = f"anthropic-ratelimit-{measure}"
        return f"{prefix}-limit", f"{prefix}-remaining", f"{prefix}-reset"
    prefix = "x-ratelimit"
    return f"{prefix}-limit-{measure}", f"{prefix}-remaining-{measure}", f"{prefix}-reset-{measure}"


def headers(recorded_as: str, standings: Sequence[Standing], now: float) -> list[tuple[str, str]]:
    """What is left, in the usual names of the clients' dialect; of several limits of a measure the tightest.

    Anthropic tells the moment of the reset, OpenAI the seconds until then; Google's clients know neither, and
    are told as OpenAI's are.
    """
    told: list[tuple[str, str]] = []
    tightest_of: dict[str, Standing] = {}
    for standing in standings:
        found = tightest_of.get(standing.limit.measure)
        if found is None or _tightness(standing) < _tightness(found):
            tightest_of[standing.limit.measure] = standing
    for measure, standing in tightest_of.items():
        of_limit, of_rest, of_reset = _names(recorded_as, measure)
        told += (
            (of_limit, _number(measure, standing.limit.amount)),
            (of_rest, _number(measure, standing.left)),
        )
        if (reset := standing.resets_at) is not None:
            is_moment = recorded_as == "anthropic"
            told.append((of_reset, moment(reset) if is_moment else f"{math.ceil(max(reset - now, 0))}s"))
    return told


def _tightness(standing: Standing) -> tuple[int, float, int]:
    """Least first: by what is left, of equals the one that lasts longest."""
    return standing.left, -standing.window.end, standing.limit.amount
