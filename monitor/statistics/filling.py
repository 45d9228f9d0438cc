"""Fill the hourly statistics from the exchanges that have ended, and the daily ones from the hours.

Each hour and each day is worked out anew, as a whole. So filling is idempotent: nothing counts twice, and
what ended late is taken in. The hours that may still
change (the running one and the two before it) are done every minute, older ones once; those whose exchanges
retention has removed stay as they are.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Count, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from monitor.history.listing.keyset import moment_of_id
from monitor.models import FAILURES, RESCUED, RequestLog
from monitor.record.records import COUNTING_PATH
from monitor.record.request_id import first_request_id
from monitor.statistics.models import DailyStatistic, HourStatistic
from monitor.statistics.told_apart import Corrections, corrected, corrections

HOUR_SECONDS: Final = 3600
OPEN_HOURS: Final = 3
"""An exchange may stream for long: it counts in the hour of its admission, if it ends in time for this."""

OPEN_DAYS: Final = 2
"""Those hours lie in so many days."""

GROUPS_AT_ONCE: Final = 500

VALUE_OF: Final = {
    "model": Coalesce("mapped_model", "client_model"),
    "account": Coalesce("account", Value("")),
    "client_key": F("client_key"),
    "outcome": Coalesce("outcome", Value("")),
}
"""The dimensions, and what of an exchange is its value."""
SUMS: Final = (
    "tokens_in",
    "tokens_out",
    "tokens_cached",
    "tokens_cache_write",
    "cached_tokens_lost",
    "cost",
)
COUNTS: Final = ("requests", "failed", "rescued", "healed", "retried")
ADDED_UP: Final = {f"{name}_sum": Sum(name) for name in (*COUNTS, *SUMS)}
"""What a group of hours or days adds up to; ``sums_in`` reads it."""


# What it must contain is looked at first and costs least: most paths end there.
_IS_USED: Final = ~Q(path__contains="count", path__regex=COUNTING_PATH)
_COUNTED: Final = {
    "requests_sum": Count("id"),
    "failed_sum": Count("id", filter=Q(outcome__in=FAILURES)),
    "rescued_sum": Count("id", filter=Q(outcome__in=RESCUED)),
    "healed_sum": Count("id", filter=Q(healed=True)),
    "retried_sum": Count("id", filter=Q(attempts__gt=1)),
    **{f"{name}_sum": Sum(name, filter=_IS_USED) for name in SUMS},
}
"""What a group of exchanges adds up to, by the same names."""
_NOTHING: Final = dict.fromkeys((*COUNTS, *SUMS), 0)


def fill_first_hour(now: float) -> None:
    """Work out the running hour at once when nothing of it is counted yet: a page shall not be empty."""
    running = _hour_of(now)
    if HourStatistic.objects.filter(hour__gte=datetime.fromtimestamp(running, UTC)).exists():
        return
    since = Q(id__gte=first_request_id(running * 1000), in_flight=False, is_simulated=False)
    if not RequestLog.objects.filter(
        since
    ).exists():  # else each look at a server that rests would work out the hours before anew
        return
    # Only where it is the next in turn: the newest hour says that everything before it is filled.
    hours = list(islice(hours_to_fill(now), OPEN_HOURS + 2))
    if len(hours) <= OPEN_HOURS + 1:  # those that were open in the hour before, and the running one
        for hour in hours:
            fill_hour(hour)
        days = list(islice(days_to_fill(now), OPEN_DAYS + 1))
        if len(days) <= OPEN_DAYS:
            for day in days:
                fill_day(day)


def hours_to_fill(now: float) -> Iterator[int]:
    """The hours (epoch seconds of their beginning) that are to be worked out at ``now``, oldest first."""
    running = _hour_of(now)
    newest = HourStatistic.objects.order_by("-hour").values_list("hour", flat=True).first()
    hour = 0 if newest is None else int(newest.timestamp())
    hour = min(hour, running) - (OPEN_HOURS - 1) * HOUR_SECONDS
    while True:
        # From one hour that has exchanges to the next: a server that rested for a month has few of them.
        later = Q(id__gte=first_request_id(max(hour, 0) * 1000))
        found = RequestLog.objects.filter(later).order_by("id").values_list("id", flat=True).first()
        if found is None or _hour_of(moment_of_id(found)) > running:
            return
        hour = _hour_of(moment_of_id(found))
        yield hour
        hour += HOUR_SECONDS


def _hour_of(moment: float) -> int:
    return int(moment // HOUR_SECONDS) * HOUR_SECONDS


def fill_hour(hour: int) -> None:
    """Work out one hour (epoch seconds of its beginning) and replace what was known of it.

    An hour without exchanges is left alone: retention may have removed them since it was counted.
    """
    beginning = datetime.fromtimestamp(hour, UTC)
    inside = Q(
        id__gte=first_request_id(hour * 1000),
        id__lt=first_request_id((hour + HOUR_SECONDS) * 1000),
        in_flight=False,
        is_simulated=False,
    )
    ended = RequestLog.objects.filter(inside).order_by()
    apart = corrections(inside, VALUE_OF)
    for dimension, value in VALUE_OF.items():
        grouped = ended.values(value_of=value).annotate(**_COUNTED)
        _fill(beginning, dimension, grouped, apart[dimension])


def _fill(beginning: datetime, dimension: str, found: QuerySet[RequestLog, Any], apart: Corrections) -> None:
    if connection.vendor == "postgresql":
        with transaction.atomic():  # behind a pooler a reading goes on only within its transaction
            _replace(beginning, dimension, corrected(found.iterator(chunk_size=GROUPS_AT_ONCE), apart))
    else:  # read as a whole, so that the one writer does not wait for the reading
        _replace(beginning, dimension, corrected(iter(list(found)), apart))


def _replace(beginning: datetime, dimension: str, groups: Iterator[Any]) -> None:
    some = _statistics(beginning, dimension, groups)
    if not some:
        return
    with transaction.atomic():
        HourStatistic.objects.filter(hour=beginning, dimension=dimension).delete()
        while some:
            # Another process may do the same hour at the same time: the later one has the newer numbers.
            HourStatistic.objects.bulk_create(
                some,
                batch_size=50,
                update_conflicts=True,
                unique_fields=["hour", "dimension", "value"],
                update_fields=[*COUNTS, *SUMS],
            )
            some = _statistics(beginning, dimension, groups)


def _statistics(
    beginning: datetime, dimension: str, groups: Iterator[Mapping[str, Any]]
) -> list[HourStatistic]:
    """The next of them: there may be as many as keys, and each takes 3 kB of memory."""
    return [
        HourStatistic(
            hour=beginning, dimension=dimension, value=group["value_of"], **{**_NOTHING, **sums_in(group)}
        )
        for group in islice(groups, GROUPS_AT_ONCE)
    ]


def days_to_fill(now: float) -> Iterator[date]:
    """The days whose hours are to be added up at ``now``, oldest first: the newest two, or all at first."""
    newest = known_days().order_by("-day").values_list("day", flat=True).first()
    today = _day_of(datetime.fromtimestamp(now, UTC))
    later = HourStatistic.objects.order_by("hour").values_list("hour", flat=True)
    first = later.first() if newest is None else midnight(newest - timedelta(days=1))
    while first is not None:
        hour = later.filter(hour__gte=first).first()
        if hour is None or _day_of(hour) > today:
            return
        day = _day_of(hour)
        yield day
        first = midnight(day + timedelta(days=1))


def fill_day(day: date) -> None:
    """Add up the hours of one day and replace what was known of it; days of another zone are of no use."""
    hours = HourStatistic.objects.filter(hour__gte=midnight(day), hour__lt=midnight(day + timedelta(days=1)))
    statistics = [
        DailyStatistic(
            day=day, zone=_zone(), dimension=group["dimension"], value=group["value"], **sums_in(dict(group))
        )
        for group in hours.order_by().values("dimension", "value").annotate(**ADDED_UP)
    ]
    with transaction.atomic():
        DailyStatistic.objects.filter(Q(day=day) | ~Q(zone=_zone())).delete()
        DailyStatistic.objects.bulk_create(
            statistics,
            batch_size=50,
            update_conflicts=True,
            unique_fields=["zone", "dimension", "day", "value"],
            update_fields=[*COUNTS, *SUMS],
        )


def sums_in(group: Mapping[str, Any]) -> dict[str, Any]:
    """The sums of a group of rows by the column's name; what is NULL is nothing."""
    return {name.removesuffix("_sum"): value or 0 for name, value in group.items() if name.endswith("_sum")}


def known_days() -> QuerySet[DailyStatistic]:
    """The days as the server's zone cuts them."""
    return DailyStatistic.objects.filter(zone=_zone())


def midnight(day: date) -> datetime:
    """When ``day`` begins in the server's zone."""
    return datetime.combine(day, time(), timezone.get_default_timezone())


def _day_of(moment: datetime) -> date:
    return timezone.localtime(moment, timezone.get_default_timezone()).date()


def _zone() -> str:
    return timezone.get_default_timezone_name()
