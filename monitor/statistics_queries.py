"""The statistics of a span of time, from the hourly table: totals, by bucket, by what one asks for."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, cast

import msgspec
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from monitor.models import FAILURES
from monitor.statistics_filling import COUNTS, SUMS
from monitor.statistics_models import HourlyStatistic

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
    def healed_percent(self) -> float | None:
        """Answered after a repair of the history."""
        return self._share(self.healed)

    @property
    def retried_percent(self) -> float | None:
        """Took more than one attempt."""
        return self._share(self.retried)

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(**{name: getattr(self, name) + getattr(other, name) for name in _FIELDS})

    def _share(self, count: int) -> float | None:
        return 100 * count / self.requests if self.requests else None


_INPUT: Final = ("tokens_in", "tokens_cached", "tokens_cache_write")
_FIELDS: Final = tuple(field.name for field in msgspec.structs.fields(Sums))
_AGGREGATES: Final = {f"{name}_sum": Sum(name) for name in (*COUNTS, *SUMS)} | {
    "failed_sum": Sum("requests", filter=Q(outcome__in=FAILURES))
}


def by_bucket(days: int, now: datetime) -> list[tuple[datetime, Sums]]:
    """The hours or days of the span up to ``now`` in order, in the server's zone, the empty ones too."""
    step = timedelta(hours=1) if days <= HOURLY_UP_TO_DAYS else timedelta(days=1)
    hours = _since(days, now).order_by("hour").values("hour").annotate(**_AGGREGATES)
    found: dict[datetime, Sums] = {}
    for row in hours:
        bucket = _bucket_of(row["hour"], step)
        found[bucket] = found.get(bucket, Sums()) + _sums_of(cast("Mapping[str, Any]", row))
    buckets: list[tuple[datetime, Sums]] = []
    local = timezone.localtime(_beginning(days, now))
    while local <= now:
        bucket = _bucket_of(local, step)
        if not buckets or buckets[-1][0] != bucket:
            buckets.append((bucket, found.get(bucket, Sums())))
        local += step
    last = _bucket_of(now, step)
    if buckets and buckets[-1][0] != last:
        buckets.append((last, found.get(last, Sums())))
    return buckets


def by_dimension(dimension: str, days: int, now: datetime) -> list[tuple[str, Sums]]:
    """The values of one of ``DIMENSIONS`` with what they add up to, most requests first."""
    if dimension not in DIMENSIONS:
        raise ValueError(f"{dimension} is no dimension of the statistics")
    rows = _since(days, now).order_by().values(dimension).annotate(**_AGGREGATES)
    found = [(row[dimension], _sums_of(cast("Mapping[str, Any]", row))) for row in rows]
    return sorted(found, key=lambda pair: (-pair[1].requests, pair[0]))


def without_cost(days: int, now: datetime) -> list[str]:
    """The models that answered in the span without any cost, in their order: free, or without a price."""
    models = (
        _since(days, now)
        .order_by("model")
        .values("model")
        .annotate(cost=Sum("cost"), used=Sum("tokens_out") + Sum("tokens_in"))
    )
    return list(models.filter(cost=0, used__gt=0).values_list("model", flat=True))


def total(parts: Iterable[Sums]) -> Sums:
    """All together."""
    return sum(parts, Sums())


def cache_collapse(now: datetime) -> tuple[float, float] | None:
    """The cache hit share of the week before and of the last day, when it has fallen below the half."""
    day_ago = now - timedelta(days=1)
    statistics = HourlyStatistic.objects.filter(hour__gt=now - timedelta(days=8), hour__lte=now)
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


def rows_since(days: int, now: datetime) -> Iterable[HourlyStatistic]:
    """The table itself, oldest first, in pieces."""
    return _since(days, now).order_by("hour", *DIMENSIONS).iterator(chunk_size=2000)


def _beginning(days: int, now: datetime) -> datetime:
    return (now - timedelta(days=days)).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _since(days: int, now: datetime) -> QuerySet[HourlyStatistic]:
    return HourlyStatistic.objects.filter(hour__gte=_beginning(days, now), hour__lte=now)


def _bucket_of(moment: datetime, step: timedelta) -> datetime:
    local = timezone.localtime(moment)
    hour = local.replace(minute=0, second=0, microsecond=0)
    return hour if step < timedelta(days=1) else hour.replace(hour=0)


def _sums_of(row: Mapping[str, Any]) -> Sums:
    sums: dict[str, Any] = {name: row[f"{name}_sum"] or 0 for name in _FIELDS}
    return Sums(**sums)
