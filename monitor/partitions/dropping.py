"""Removes old rows a partition at a time: in milliseconds, however many rows, with hardly any WAL."""

import logging
import time
from collections.abc import Iterator

from django.db import OperationalError, ProgrammingError, connection

from monitor.partitions.days import days_of_each, is_no_longer
from monitor.partitions.tables import KEYS, are_there, changing, is_gone, partitions_of

logger = logging.getLogger(__name__)

TRIES = 3
PAUSE_SECONDS = 0.2


def whole_before(table: str, before: str, retention_days: float) -> str:
    """Where the partition of ``before`` begins, or ``before`` itself: what is below can be dropped.

    Otherwise each hour would take an hour's rows out of a partition one by one, until none is left to drop.
    One that is longer than those of ``retention_days`` would be kept for too long: it was made while more was
    kept, or by an older version, and has no beginning.
    """
    for one in partitions_of(table) if are_there() else ():
        if one.begin <= before < one.end and is_no_longer(one, days_of_each(retention_days)):
            return one.begin
    return before


def drop_before(table: str, before: str) -> Iterator[int]:
    """Drop the partitions that hold only ids below ``before``, oldest first; yields how many rows each had.

    Where somebody reads the table for long, it breaks off: what is left is to be removed by rows.
    """
    failed = 0
    while are_there() and failed < TRIES:
        try:
            rows = _drop_oldest(table, before)
        except OperationalError as error:
            failed += 1
            logger.info("A partition of %s could not be dropped yet: %s", table, type(error).__name__)
            time.sleep(PAUSE_SECONDS)
            continue
        if rows is None:
            return
        yield rows


def _drop_oldest(table: str, before: str) -> int | None:
    """The rows of the partition that was dropped; None where there is none to drop."""
    if not (doomed := _whole(table, before)):  # the usual case, without a lock
        return None
    oldest = doomed[0]
    try:
        rows = _count(table, oldest)
    except ProgrammingError as error:
        if is_gone(error):
            return 0
        raise
    with changing(table) as cursor:
        if oldest not in _whole(table, before):
            return 0  # another process has dropped it
        cursor.execute(f"DROP TABLE {oldest}")
    return rows


def _count(table: str, partition: str) -> int:
    """How many rows it has. Nobody waits for this, however long it takes."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count({KEYS[table]}) FROM {partition}")  # noqa: S608  names of ours, no values
        return int(cursor.fetchone()[0])


def _whole(table: str, before: str) -> list[str]:
    return [one.name for one in partitions_of(table) if one.end <= before]
