"""The statistics of a span of time: totals, by bucket, by what one asks for.

A short span is read from the hourly table. A long one is read from the daily table, but for its first day, of
which only the last hours belong to it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import inf
from typing import Final

import msgspec
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from monitor.ledger.booking import Amounts, dollars
from monitor.ledger.reading import by_client_key
from monitor.statistics.days import known_days, midnight
from monitor.statistics.filling import ADDED_UP, sums_in
from monitor.statistics.models import DailyStatistic, HourStatistic

SPANS: Final = {"1": 1, "7": 7, "30": 30, "90": 90}
"""The spans of time on offer, in days."""
DIMENSIONS: Final = ("model", "account", "client_key", "outcome")
HOURLY_UP_TO_DAYS: Final = 2
"""Up to here a plot has a bar for each hour, beyond it for each day."""

COLLAPSE_BEFORE_PERCENT: Final = 20.0
COLLAPSE_TOKENS: Final = 100_000
"""A cache hit share is spoken of from this many input tokens a day on: below, chance decides."""


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """What a group of exchanges adds up to."""

    requests: int = 0
    failed: int = 0
    rescued: int = 0
    healed: int = 0
    retried: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    tokens_cache_write: int = 0
    cached_tokens_lost: int = 0
    cost: Decimal = Decimal(0)

    @property
    def input_tokens(self) -> int:
        """All input: what came from the cache, went into it, and neither."""
        return self.tokens_in + self.tokens_cached + self.tokens_cache_write

    @property
    def cached_percent(self) -> float | None:
        """The share of the input that came from upstream's prompt cache; None without input."""
        return 100 * self.tokens_cached / self.input_tokens if self.input_tokens else None

    @property
    def failed_percent(self) -> float | None:
        """None without requests, as for the other shares."""
        return self._share(self.failed)

    @property
    def rescued_percent(self) -> float | None:
        """Answered whole after a heal, a retry or a continuation."""
        return self._share(self.rescued)

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(**{name: getattr(self, name) + getattr(other, name) for name in _FIELDS})

    def _share(self, count: int) -> float | None:
        return 100 * count / self.requests if self.requests else None


_INPUT: Final = ("tokens_in", "tokens_cached", "tokens_cache_write")
_FIELDS: Final = tuple(field.name for field in msgspec.structs.fields(Sums))


def by_bucket(days: int, now: datetime) -> list[tuple[datetime, Sums]]:
    """The hours of the span up to ``now`` in order, or its days in the server's zone; the empty ones too."""
    step = timedelta(hours=1) if days <= HOURLY_UP_TO_DAYS else timedelta(days=1)
    hours, whole_days = parts_of(days, now, dimension="outcome")
    found: dict[datetime, Sums] = {}
    for row in hours.order_by("hour").values("hour").annotate(**ADDED_UP):
        bucket = bucket_of(row["hour"], step)
        found[bucket] = found.get(bucket, Sums()) + Sums(**sums_in(dict(row)))
    for day in whole_days.order_by("day").values("day").annotate(**ADDED_UP):
        found[midnight(day["day"])] = Sums(**sums_in(dict(day)))
    buckets: list[tuple[datetime, Sums]] = []
    moment = beginning_of(days, now)
    moment = moment if days <= HOURLY_UP_TO_DAYS else timezone.localtime(moment)  # its days differ in length
    while moment <= now:
        bucket = bucket_of(moment, step)
        if not buckets or buckets[-1][0] != bucket:
            buckets.append((bucket, found.get(bucket, Sums())))
        moment += step
    last = bucket_of(now, step)
    if buckets and buckets[-1][0] != last:
        buckets.append((last, found.get(last, Sums())))
    return buckets


def by_dimension(dimension: str, days: int, now: datetime) -> list[tuple[str, Sums]]:
    """The values of one of ``DIMENSIONS`` with what they add up to, most requests first."""
    if dimension not in DIMENSIONS:
        raise ValueError(f"{dimension} is no dimension of the statistics")
    hours, whole_days = parts_of(days, now, dimension)
    found: dict[str, Sums] = {}
    for row in hours.order_by().values("value").annotate(**ADDED_UP):
        found[row["value"]] = Sums(**sums_in(dict(row)))
    for day in whole_days.order_by().values("value").annotate(**ADDED_UP):
        found[day["value"]] = found.get(day["value"], Sums()) + Sums(**sums_in(dict(day)))
    if dimension == "client_key":
        found = _as_the_ledger_says(found, days, now)
    return sorted(found.items(), key=lambda pair: (-pair[1].requests, pair[0]))


def _as_the_ledger_says(found: dict[str, Sums], days: int, now: datetime) -> dict[str, Sums]:
    """Tokens and money of each key are the ledger's, on every page: it is a minute ahead of these tables."""
    booked = by_client_key(beginning_of(days, now).timestamp(), inf)
    told = {}
    for name in found | booked:
        usage = booked.get(name, Amounts())
        told[name] = msgspec.structs.replace(
            found.get(name, Sums()),
            cost=dollars(usage.cost_units),
            **{field: getattr(usage, field) for field in (*_INPUT, "tokens_out")},
        )
    return told


def without_cost(models: Iterable[tuple[str, Sums]]) -> list[str]:
    """The models that answered without any cost, in their order: free, or without a price."""
    return sorted(model for model, sums in models if not sums.cost and sums.tokens_in + sums.tokens_out)


def total(parts: Iterable[Sums]) -> Sums:
    """All together."""
    return sum(parts, Sums())


def cache_collapse(now: datetime) -> tuple[float, float] | None:
    """The cache hit share of the week before and of the last day, when it has fallen below the half."""
    day_ago = now - timedelta(days=1)
    statistics = HourStatistic.objects.filter(
        hour__gt=now - timedelta(days=8), hour__lte=now, dimension="outcome"
    )
    parts = statistics.aggregate(
        **{
            f"{name}_{when}": Sum(name, filter=condition)
            for name in _INPUT
            for when, condition in (("new", Q(hour__gt=day_ago)), ("old", Q(hour__lte=day_ago)))
        }
    )
    old, new = (
        Sums(
            tokens_in=parts[f"tokens_in_{when}"] or 0,
            tokens_cached=parts[f"tokens_cached_{when}"] or 0,
            tokens_cache_write=parts[f"tokens_cache_write_{when}"] or 0,
        )
        for when in ("old", "new")
    )
    before, after = old.cached_percent, new.cached_percent
    if before is None or after is None or new.input_tokens < COLLAPSE_TOKENS:
        return None
    return (before, after) if before >= COLLAPSE_BEFORE_PERCENT and after < before / 2 else None


def rows_since(days: int, now: datetime) -> Iterable[HourStatistic]:
    """The table itself, oldest first, in pieces."""
    return _since(days, now).order_by("hour", "dimension", "value").iterator(chunk_size=2000)


def beginning_of(days: int, now: datetime) -> datetime:
    """Where the span begins: at a full hour."""
    return (now - timedelta(days=days)).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _since(days: int, now: datetime) -> QuerySet[HourStatistic]:
    return HourStatistic.objects.filter(hour__gte=beginning_of(days, now), hour__lte=now)


def parts_of(
    days: int, now: datetime, dimension: str
) -> tuple[QuerySet[HourStatistic], QuerySet[DailyStatistic]]:
    """The span: hours, and the whole days behind them, by one dimension (any of them adds up to the same)."""
    hours = _since(days, now).filter(dimension=dimension)
    if days <= HOURLY_UP_TO_DAYS:
        return hours, known_days().none()
    first_day = timezone.localtime(beginning_of(days, now)).date() + timedelta(days=1)
    return (
        hours.filter(hour__lt=midnight(first_day)),
        known_days().filter(dimension=dimension, day__gte=first_day, day__lte=timezone.localtime(now).date()),
    )


def bucket_of(moment: datetime, step: timedelta) -> datetime:
    """The hour of the table or the day in the server's zone, by ``step``, in which ``moment`` lies.

    Hours are UTC's: some zones are half an hour beside it, and one hour stands twice where clocks go back.
    """
    is_hour = step < timedelta(days=1)
    moment = moment.astimezone(UTC) if is_hour else timezone.localtime(moment).replace(hour=0)
    return moment.replace(minute=0, second=0, microsecond=0)
