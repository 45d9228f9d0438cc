"""Work out hours of the statistics anew from the exchanges that have ended, and days from their hours.

The statistics grow by what is noted with each batch of rows (``growing``). An hour is worked out from
nothing where it has to be: of rows that nobody noted (an older version's), or on purpose. What waits to be
counted in it is taken away in the same transaction, which sees both at one moment; so nothing counts twice,
and filling is idempotent.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Final

from django.db import connection
from django.db.models import Case, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from monitor.history.listing.keyset import moment_of_id
from monitor.models import FAILURES, RESCUED, RequestLog
from monitor.record.estimated import MOST_TOKENS
from monitor.record.records import COUNTING_PATH
from monitor.record.request_id import first_request_id
from monitor.statistics.days import day_of, known_days, midnight, newest_known_day, zone
from monitor.statistics.growing import NOTHING, on_conflict
from monitor.statistics.models import DailyStatistic, HourStatistic, StatisticChange
from monitor.statistics.one_moment import alone
from monitor.statistics.shares import HOUR_SECONDS, NAMES, SUMS
from monitor.statistics.told_apart import corrected, corrections

OPEN_HOURS: Final = 3
"""An exchange may stream for long: it counts in the hour of its admission. So many of the newest hours are
looked at once more, whether all of their exchanges are counted."""

GROUPS_AT_ONCE: Final = 500

VALUE_OF: Final = {
    "model": Case(When(mapped_model__gt="", then="mapped_model"), default="client_model"),
    "account": Coalesce("account", Value("")),
    "client_key": F("client_key"),
    "outcome": Coalesce("outcome", Value("")),
}
"""The dimensions, and what of an exchange is its value."""
ADDED_UP: Final = {f"{name}_sum": Sum(name) for name in NAMES}
"""What a group of hours or days adds up to; ``sums_in`` reads it."""


# What it must contain is looked at first and costs least: most paths end there.
_IS_USED: Final = ~Q(path__contains="count", path__regex=COUNTING_PATH)
_COUNTED: Final = {
    "requests_sum": Count("id"),
    "failed_sum": Count("id", filter=Q(outcome__in=FAILURES)),
    "rescued_sum": Count("id", filter=Q(outcome__in=RESCUED)),
    "healed_sum": Count("id", filter=Q(healed=True)),
    "retried_sum": Count("id", filter=Q(attempts__gt=1)),
    # A number beyond all reason is a mistake, and nothing anywhere.
    **{
        f"{name}_sum": Sum(name, filter=_IS_USED & Q(**{f"{name}__range": (0, MOST_TOKENS)}))
        for name in SUMS
        if name != "cost"
    },
    "cost_sum": Sum("cost", filter=_IS_USED),
}
"""What a group of exchanges adds up to, by the same names."""
_NOTHING: Final = dict.fromkeys(NAMES, 0)


def hours_to_fill(now: float) -> Iterator[int]:
    """The hours (epoch seconds of their beginning) that may want it at ``now``, oldest first."""
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
        hour = max(hour, _hour_of(moment_of_id(found)))
        yield hour
        hour += HOUR_SECONDS


def _hour_of(moment: float) -> int:
    return int(moment // HOUR_SECONDS) * HOUR_SECONDS


def ended_in(hour: int) -> Q:
    """The exchanges that count in the hour."""
    return Q(
        id__gte=first_request_id(hour * 1000),
        id__lt=first_request_id((hour + HOUR_SECONDS) * 1000),
        in_flight=False,
        is_simulated=False,
    )


def fill_hour(hour: int) -> None:
    """Work out one hour (epoch seconds of its beginning), replace what was known of it, and change its day.

    An hour without exchanges is left alone: retention may have removed them since it was counted.
    """
    beginning = datetime.fromtimestamp(hour, UTC)
    inside = ended_in(hour)
    ended = RequestLog.objects.filter(inside).order_by()
    with alone():
        if not ended.exists():
            return
        _change_day(beginning, -1)
        HourStatistic.objects.filter(hour=beginning).delete()
        StatisticChange.objects.filter(hour=beginning).delete()
        apart = corrections(inside, VALUE_OF)
        for dimension, value in VALUE_OF.items():
            groups = _read(ended.values(value_of=value).annotate(**_COUNTED))
            _store(beginning, dimension, corrected(groups, apart[dimension]))
        _change_day(beginning, 1)
        known_days().filter(NOTHING, day=day_of(beginning)).delete()


def _read(found: QuerySet[RequestLog, Any]) -> Iterator[Mapping[str, Any]]:
    # On SQLite nothing is written while the reading goes on.
    return (
        found.iterator(chunk_size=GROUPS_AT_ONCE) if connection.vendor == "postgresql" else iter(list(found))
    )


def _store(beginning: datetime, dimension: str, groups: Iterator[Mapping[str, Any]]) -> None:
    while some := list(islice(groups, GROUPS_AT_ONCE)):  # may be as many as keys, and each takes 3 kB
        HourStatistic.objects.bulk_create(
            [
                HourStatistic(
                    hour=beginning, dimension=dimension, value=group["value_of"], **{**_NOTHING, **sums}
                )
                for group in some
                if any((sums := sums_in(group)).values())
            ],
            batch_size=50,
        )


def _change_day(beginning: datetime, sign: int) -> None:
    """Add the hour to its day, or take it away, where the day is known as a whole."""
    known = newest_known_day()
    if known is not None and day_of(beginning) <= known:
        _add_to_day(day_of(beginning), beginning, beginning + timedelta(seconds=HOUR_SECONDS), sign)


def _add_to_day(day: date, since: datetime, until: datetime, sign: int = 1) -> None:
    """By the database itself: there may be as many rows as keys in each hour."""
    quote, adapted = connection.ops.quote_name, connection.ops.adapt_datetimefield_value
    days, hours = (quote(model._meta.db_table) for model in (DailyStatistic, HourStatistic))
    names = ("zone", "day", "dimension", "value")
    sums = ", ".join(f"SUM({sign} * {quote(name)})" for name in NAMES)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {days} ({', '.join(map(quote, (*names, *NAMES)))}) "  # noqa: S608  names of the models, no values
            f"SELECT %s, %s, dimension, value, {sums} FROM {hours} WHERE hour >= %s AND hour < %s "
            f"GROUP BY dimension, value {on_conflict(DailyStatistic, names)}",
            [zone(), connection.ops.adapt_datefield_value(day), adapted(since), adapted(until)],
        )


def days_to_fill(now: float) -> Iterator[date]:
    """The days whose hours are to be added up at ``now``, oldest first: the newest two, or all at first."""
    newest = newest_known_day()
    first = None if newest is None else newest - timedelta(days=1)
    yield from _days_from(first, now)


def new_days(now: float) -> Iterator[date]:
    """Those of them that are not known yet: the others grow with their hours."""
    newest = newest_known_day()
    yield from _days_from(None if newest is None else newest + timedelta(days=1), now)


def _days_from(day: date | None, now: float) -> Iterator[date]:
    """Each day with hours from that one on, or from the oldest."""
    today = day_of(datetime.fromtimestamp(now, UTC))
    later = HourStatistic.objects.order_by("hour").values_list("hour", flat=True)
    first = later.first() if day is None else midnight(day)
    while first is not None:
        hour = later.filter(hour__gte=first).first()
        if hour is None or day_of(hour) > today:
            return
        yield day_of(hour)
        first = midnight(day_of(hour) + timedelta(days=1))


def fill_day(day: date) -> None:
    """Add up the hours of one day and replace what was known of it; days of another zone are of no use."""
    with alone():
        DailyStatistic.objects.filter(Q(day=day) | ~Q(zone=zone())).delete()
        _add_to_day(day, midnight(day), midnight(day + timedelta(days=1)))


def sums_in(group: Mapping[str, Any]) -> dict[str, Any]:
    """The sums of a group of rows by the column's name; what is NULL is nothing."""
    return {name.removesuffix("_sum"): value or 0 for name, value in group.items() if name.endswith("_sum")}
