"""How a key stands with one limit: what is left, when it begins anew, and what its holder is told. PURE."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from msgspec import Struct

from accounts.keys.limits import Limit
from monitor.ledger.booking import dollars
from relay.limits.windows import LimitWindow
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


def _number(measure: str, number: int) -> str:
    return f"{dollars(number):.4f}" if measure == "usd" else str(number)


def headers(recorded_as: str, standings: Sequence[Standing], now: float) -> list[tuple[str, str]]:
    """What is left, in the usual names of the clients' dialect; of several limits of a measure the tightest.

    Anthropic tells the moment of the reset, OpenAI the seconds until then; Google's clients know neither, and
    are told as OpenAI's are.
    """
    told: list[tuple[str, str]] = []
    tightest_of: dict[str, Standing] = {}
    for standing in standings:
        found = tightest_of.get(standing.limit.measure)
        if found is None or (standing.left, -standing.window.end) < (found.left, -found.window.end):
            tightest_of[standing.limit.measure] = standing
    for measure, tightest in tightest_of.items():
        limit, left = _number(measure, tightest.limit.amount), _number(measure, tightest.left)
        reset = tightest.resets_at
        if recorded_as == "anthropic":
            prefix = f"anthropic-ratelimit-{measure}"
            told += [(f"{prefix}-limit", limit), (f"{prefix}-remaining", left)]
            told += [(f"{prefix}-reset", moment(reset))] if reset is not None else []
        else:
            told += [(f"x-ratelimit-limit-{measure}", limit), (f"x-ratelimit-remaining-{measure}", left)]
            seconds = math.ceil(max(reset - now, 0)) if reset is not None else None
            told += [(f"x-ratelimit-reset-{measure}", f"{seconds}s")] if seconds is not None else []
    return told
