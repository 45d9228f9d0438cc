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
    def is_over(self) -> bool:
        """May one more request not be admitted, where ``used`` was counted before it?"""
        return self.used >= self.limit.amount

    @property
    def is_budget(self) -> bool:
        """Is it more than a rate: nothing that passes within the minute?"""
        return self.limit.period != "minute"

    @property
    def resets_at(self) -> float | None:
        """When it begins anew, in epoch seconds; None for never."""
        return self.window.end if self.window.end <= LAST_MOMENT else None


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


class _Said(Struct, frozen=True):
    """What the headers say of a limit for as long as its window lasts, and the names of those that change."""

    limit: tuple[str, str]
    rest: str
    reset: str
    """No name where it never begins anew."""
    moment: tuple[str, str] | None
    """The reset where a moment is told; elsewhere it is seconds, and changes."""


@lru_cache(maxsize=4096)
def _said(recorded_as: str, limit: Limit, window: LimitWindow) -> _Said:
    """Kept, for every answer of a key says the same of it until the window ends."""
    measure, is_moment = limit.measure, recorded_as == "anthropic"
    prefix = f"anthropic-ratelimit-{measure}" if is_moment else "x-ratelimit"
    of_limit, of_rest, of_reset = (
        f"{prefix}-{what}" if is_moment else f"{prefix}-{what}-{measure}"
        for what in ("limit", "remaining", "reset")
    )
    begins_anew = window.end <= LAST_MOMENT
    return _Said(
        limit=(of_limit, _number(measure, limit.amount)),
        rest=of_rest,
        reset=of_reset if begins_anew else "",
        moment=(of_reset, moment(window.end)) if is_moment and begins_anew else None,
    )


def headers(recorded_as: str, standings: Sequence[Standing], now: float) -> list[tuple[str, str]]:
    """What is left, in the usual names of the clients' dialect; of several limits of a measure the tightest.

    Anthropic tells the moment of the reset, OpenAI the seconds until then; Google's clients know neither, and
    are told as OpenAI's are.
    """
    told: list[tuple[str, str]] = []
    tightest_of: dict[str, Standing] = {}
    for standing in standings:
        measure = standing.limit.measure
        if measure not in tightest_of or _tightness(standing) < _tightness(tightest_of[measure]):
            tightest_of[measure] = standing
    for standing in tightest_of.values():
        said = _said(recorded_as, standing.limit, standing.window)
        told.append(said.limit)
        told.append((said.rest, _number(standing.limit.measure, standing.left)))
        if said.moment is not None:
            told.append(said.moment)
        elif said.reset:
            told.append((said.reset, f"{math.ceil(max(standing.window.end - now, 0))}s"))
    return told


def _tightness(standing: Standing) -> tuple[int, float, int]:
    """Least first: by what is left, of equals the one that lasts longest."""
    amount = standing.limit.amount
    return max(amount - standing.used, 0), -standing.window.end, amount
