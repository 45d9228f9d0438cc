"""About how many rows a view has: bounded work, whatever the table holds, so mostly no exact number."""

import msgspec
from django.db import connection
from django.db.models import Q

from monitor.history.listing.filters import HistoryFilter
from monitor.models import RequestLog

COUNTED_ROWS = 5_000
"""Counted through an index in some milliseconds."""
LOOKED_AT_ROWS = 10_000
"""How many rows are looked at where an index answers one of several filters only."""


class AboutCount(msgspec.Struct, frozen=True):
    """``is_estimate``: about so many. ``is_more``: at least so many. ``among``: of so many newest ones."""

    number: int
    is_estimate: bool = False
    is_more: bool = False
    among: int = 0


def about_count(asked: HistoryFilter) -> AboutCount | None:
    """How many rows ``asked`` has, as far as that is known cheaply; None for a search through bodies."""
    if asked.body_text:
        return None
    if not asked.values and (number := _rows_of_the_table()) > COUNTED_ROWS:
        return AboutCount(number, is_estimate=True)
    walked, checked = asked.walked_and_checked()
    edge: list[str] = []
    if checked is not None:
        ids = RequestLog.objects.filter(walked).order_by("-id").values_list("id", flat=True)
        edge = list(ids[LOOKED_AT_ROWS - 1 : LOOKED_AT_ROWS])
    inside = walked & (checked or Q()) & (Q(id__gte=edge[0]) if edge else Q())
    counted = RequestLog.objects.filter(inside).order_by("-id").values("id")[: COUNTED_ROWS + 1].count()
    if counted > COUNTED_ROWS:
        return AboutCount(COUNTED_ROWS, is_more=True)
    return AboutCount(counted, among=LOOKED_AT_ROWS if edge else 0)


def _rows_of_the_table() -> int:
    """What the database believes: rows go oldest first, so SQLite's row numbers have hardly a gap."""
    table = connection.ops.quote_name(RequestLog._meta.db_table)
    if connection.vendor == "postgresql":
        sql = """SELECT sum(greatest(reltuples, 0))::bigint
            FROM pg_partition_tree(%s) JOIN pg_class ON oid = relid WHERE isleaf"""
        values = [table]
    else:
        sql, values = (
            f"SELECT (SELECT max(rowid) FROM {table}) - (SELECT min(rowid) FROM {table}) + 1",  # noqa: S608
            [],
        )
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.fetchone()[0] or 0)
