"""What the plots show, bucket by bucket: outcomes, waits, and where each bucket's rows are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from monitor.history.last_hour import quantile
from monitor.models import RequestLog
from monitor.record.records import Outcome
from monitor.record.request_id import first_request_id
from monitor.statistics.days import midnight
from monitor.statistics.totals import HOURLY_UP_TO_DAYS, Sums, bucket_of, parts_of
from monitor.words.labels import OUTCOME_LABELS

SAMPLED_ROWS = 12_000
"""Rows whose times are read for all buckets together, the newest of each: about a tenth of a second."""

Bucket = tuple[datetime, Sums]


def outcomes_by_bucket(days: int, now: datetime) -> dict[datetime, dict[str, int]]:
    """How many exchanges ended how, in each hour or day of the span that has any."""
    step = timedelta(hours=1) if days <= HOURLY_UP_TO_DAYS else timedelta(days=1)
    hours, whole_days = parts_of(days, now, dimension="outcome")
    found: dict[datetime, dict[str, int]] = {}
    for hour, outcome, requests in hours.order_by("hour").values_list("hour", "value", "requests"):
        held = found.setdefault(bucket_of(hour, step), {})
        held[outcome] = held.get(outcome, 0) + requests
    for day, outcome, requests in whole_days.values_list("day", "value", "requests"):
        found.setdefault(midnight(day), {})[outcome] = requests
    return found


def plotted(days: int, buckets: Sequence[Bucket], outcomes: dict[datetime, dict[str, int]]) -> dict[str, Any]:
    """The numbers of the plots, one value for each bucket, as the page's script takes them."""
    is_hourly = days <= HOURLY_UP_TO_DAYS
    seen = {outcome for held in outcomes.values() for outcome in held}
    sums = [pair[1] for pair in buckets]
    return {
        "starts": [_moment(moment) for moment, _ in buckets],
        "step_ms": (3_600 if is_hourly else 86_400) * 1000,
        "labels": [
            date_format(timezone.localtime(moment), "H:i" if is_hourly else "MONTH_DAY_FORMAT")
            for moment, _ in buckets
        ],
        "outcomes": [
            {
                "name": outcome.value,
                "label": str(OUTCOME_LABELS[outcome]),
                "values": [outcomes.get(moment, {}).get(outcome.value, 0) for moment, _ in buckets],
            }
            for outcome in reversed(Outcome)
            if outcome.value in seen
        ],
        "tokens_in": [one.tokens_in + one.tokens_cache_write for one in sums],
        "tokens_cached": [one.tokens_cached for one in sums],
        "tokens_out": [one.tokens_out for one in sums],
        "cost": [float(one.cost) for one in sums],
        "cached_percent": [one.cached_percent for one in sums],
    }


def times_by_bucket(starts: Sequence[datetime], until: datetime) -> dict[str, list[int | None]]:
    """p50 and p95 of first data and duration in each bucket, of its newest rows; None without any."""
    ends = [*starts[1:], until]
    each = SAMPLED_ROWS // max(1, len(starts))
    found: dict[str, list[int | None]] = {
        f"{name}_{part}": [] for name in ("first_data", "duration") for part in ("p50", "p95")
    }
    for start, end in zip(starts, ends, strict=True):
        rows = list(
            RequestLog.objects.filter(
                id__gte=first_request_id(int(start.timestamp() * 1000)),
                id__lt=first_request_id(int(end.timestamp() * 1000)),
                is_simulated=False,
            )
            .order_by("-id")
            .values_list("first_data_ms", "duration_ms")[:each]
        )
        for at, name in enumerate(("first_data", "duration")):
            values = sorted(value for row in rows if (value := row[at]) is not None)
            found[f"{name}_p50"].append(quantile(values, 0.5))
            found[f"{name}_p95"].append(quantile(values, 0.95))
    return found


def _moment(moment: datetime) -> str:
    return moment.astimezone(timezone.get_default_timezone()).isoformat()
