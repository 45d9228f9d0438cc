"""Add what waits to the statistics of hours and days: some batches of rows at a time, each exactly once.

A line is taken away in the transaction that adds it. Who is killed in between has done neither, and of two
who do it at the same time each takes what the other has not. A day grows with its hours, from when it is
known as a whole (``filling.fill_day``): so a known day is always the sum of its hours.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from django.db import connection, models
from django.db.models import Q

from monitor.ledger.booking import dollars
from monitor.statistics.days import day_of, newest_known_day, zone
from monitor.statistics.models import DailyStatistic, HourStatistic, StatisticChange
from monitor.statistics.one_moment import beside_others
from monitor.statistics.shares import NAMES, Numbers, Share, by_dimension
from monitor.statistics.waiting import shares_in

LINES_AT_ONCE: Final = 200
"""Of up to 50 exchanges each: some megabytes."""
CELLS_AT_ONCE: Final = 50
NOTHING: Final = Q(**dict.fromkeys(NAMES, 0))
"""A row that says nothing: all that it counted was corrected away."""

T = TypeVar("T")
Key = tuple[Any, ...]
"""What names a row of a table."""
_HOUR: Final = ("hour", "dimension", "value")
_DAY: Final = ("zone", "day", "dimension", "value")


def grow(last: int | None = None) -> int:
    """Add the oldest lines that wait, those behind the id ``last`` not; how many there were, 0 for none."""
    waiting = StatisticChange.objects.all() if last is None else StatisticChange.objects.filter(id__lte=last)
    if not waiting.exists():
        return 0
    with beside_others():
        lines = waiting.order_by("id").select_for_update(skip_locked=True)
        found = list(lines.values_list("id", "hour", "shares")[:LINES_AT_ONCE])
        shares: dict[datetime, list[Share]] = defaultdict(list)
        for _, hour, line in found:
            shares[hour] += shares_in(line)
        _add_all(shares)
        StatisticChange.objects.filter(id__in=[line[0] for line in found]).delete()
    return len(found)


def _add_all(shares: dict[datetime, list[Share]]) -> None:
    """To the hours, then to the days that are known: in one order for all who do it."""
    known = newest_known_day()
    hours: dict[Key, Numbers] = {}
    of_days: dict[Any, list[Share]] = defaultdict(list)
    for hour in sorted(shares):
        hours |= {(hour, *cell): numbers for cell, numbers in by_dimension(shares[hour]).items()}
        if known is not None and day_of(hour) <= known:
            of_days[day_of(hour)] += shares[hour]
    days: dict[Key, Numbers] = {}
    for day in of_days:
        days |= {(zone(), day, *cell): numbers for cell, numbers in by_dimension(of_days[day]).items()}
    _add(HourStatistic, _HOUR, hours)
    _add(DailyStatistic, _DAY, days)


def _add(model: type[models.Model], names: Sequence[str], sums: dict[Key, Numbers]) -> None:
    if not sums:
        return
    with connection.cursor() as cursor:
        for some in _lots(sorted(sums.items())):
            rows = [[*key, *numbers[:-1], dollars(numbers[-1])] for key, numbers in some]
            cursor.execute(_statement(model, names, len(rows)), _adapted(model, names, rows))
    _remove_nothing(model, names, [key for key, numbers in sums.items() if min(numbers) < 0])


def _statement(model: type[models.Model], names: Sequence[str], rows: int) -> str:
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    places = f"({', '.join(['%s'] * (len(names) + len(NAMES)))})"
    return (
        f"INSERT INTO {table} ({', '.join(map(quote, (*names, *NAMES)))}) "  # noqa: S608  names of the model, no values
        f"VALUES {', '.join([places] * rows)} {on_conflict(model, names)}"
    )


def on_conflict(model: type[models.Model], names: Sequence[str]) -> str:
    """What adds to a row that is there. Money is rounded, for SQLite adds it up as fractions of two."""
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    added = {name: f"{table}.{quote(name)} + excluded.{quote(name)}" for name in NAMES}
    added["cost"] = f"ROUND({added['cost']}, 10)"
    sums = ", ".join(f"{quote(name)} = {sum_}" for name, sum_ in added.items())
    return f"ON CONFLICT ({', '.join(map(quote, names))}) DO UPDATE SET {sums}"


def _adapted(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[Any]:
    fields: list[Any] = [model._meta.get_field(name) for name in (*names, *NAMES)]
    return [
        field.get_db_prep_save(value, connection)
        for row in rows
        for field, value in zip(fields, row, strict=True)
    ]


def _remove_nothing(model: type[models.Model], names: Sequence[str], keys: Iterable[Key]) -> None:
    of: dict[Key, list[Any]] = defaultdict(list)
    for key in keys:
        of[key[:-1]].append(key[-1])
    for where, values in of.items():
        for some in _lots(values):
            there = dict(zip(names, where, strict=False))
            model._default_manager.filter(NOTHING, **there, value__in=some).delete()


def _lots(found: Sequence[T]) -> Iterator[Sequence[T]]:
    return (found[start : start + CELLS_AT_ONCE] for start in range(0, len(found), CELLS_AT_ONCE))
