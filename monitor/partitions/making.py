"""Partitions are made before their day comes; where it has come already, its rows move into them."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from django.db import DatabaseError, Error, IntegrityError, OperationalError, connection, transaction

from monitor.partitions.days import DAY_SECONDS, Partition, missing
from monitor.partitions.tables import APART, KEYS, are_there, changing, default_of, partitions_of
from monitor.record.request_id import first_request_id

logger = logging.getLogger(__name__)

MOST_MOVED = 50_000
"""Rows that the default partition may hold for a day to be taken out of it while others wait. Where it holds
more, they stay: they are found there as well, and removed row by row. Then days begin with tomorrow's."""

NEAR_SECONDS: Final = 3600
"""A day that begins so soon is left out there: the check on its rows could be there when they come."""
LOOKING_SECONDS: Final = 1800
"""So long a default partition may be looked through: shorter, so that no day begins meanwhile."""

TRIES: Final = 5
PAUSE_SECONDS: Final = 1.0
"""Between two tries to take a check away: those who waited behind the first get their turn."""


def make_ahead(now: float, retention_days: float, may_make: Callable[[], bool] = lambda: True) -> int:
    """Make the partitions that are missing from the day of ``now`` (epoch seconds) on; how many were made.

    ``may_make`` is asked before each, which may take LOOKING_SECONDS and some; no ends it.
    What cannot be made now harms nobody: its rows go to the default partition until the next try. Raises
    OperationalError, after all the others are made, where a check is left that would refuse a day's rows:
    whoever reads the default partition for long keeps it. That is to be tried again soon.
    """
    if not are_there():
        return 0
    began = time.monotonic()

    def by_now() -> float:
        return now + time.monotonic() - began

    made = 0
    for table in KEYS:
        if _open_again(table):
            made += _make_of(table, now, by_now, retention_days, may_make)
    if left := [table for table in KEYS if _is_apart(table)]:
        raise OperationalError(f"A check that keeps a day's rows out is still there: {', '.join(left)}")
    return made


def _make_of(
    table: str,
    now: float,
    by_now: Callable[[], float],
    retention_days: float,
    may_make: Callable[[], bool],
) -> int:
    """``now``: when all began; ``by_now``: after those that took hours."""
    made = 0
    is_long = _is_long(default_of(table))
    far_enough = by_now() + DAY_SECONDS + NEAR_SECONDS
    begins_at = far_enough if is_long else now
    for partition in missing(partitions_of(table), table, begins_at, retention_days):
        if not may_make():
            break
        try:
            made += _make_beside(table, partition) if is_long else _make(table, partition, by_now())
        except DatabaseError as error:
            first_line = str(error).partition("\n")[0]
            logger.warning("Partition %s was not made and is tried again: %s", partition.name, first_line)
            if not isinstance(error, IntegrityError):  # that is a row of one day, which waits for no other
                break
    return made


def _is_long(default: str) -> bool:
    """Whether there are more rows than others may wait for."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM (SELECT FROM {default} LIMIT {MOST_MOVED + 1}) AS found")  # noqa: S608
        return int(cursor.fetchone()[0]) > MOST_MOVED


def _make(table: str, partition: Partition, by_now: float) -> bool:
    """Make it of what the default partition holds of it. ``by_now``: epoch seconds."""
    key, default, new = KEYS[table], default_of(table), partition.name
    with changing(table) as cursor:
        if _is_taken(table, partition):
            return False  # another process has just made it
        if partition.begin <= first_request_id(int(by_now * 1000)):
            # Its rows come now. Who waited for the default partition alone would find its row refused there,
            # or what was in it gone: where rows go and lie is worked out before. So everybody waits earlier.
            cursor.execute(f"LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE")
        _create(cursor, table, new)
        columns = _written_columns(cursor, table)
        cursor.execute(
            f"WITH moved AS (DELETE FROM {default} WHERE {key} >= %s AND {key} < %s RETURNING *)"  # noqa: S608
            f" INSERT INTO {new} ({columns}) SELECT {columns} FROM moved",
            [partition.begin, partition.end],
        )
        _attach(cursor, table, partition)
    return True


def _make_beside(table: str, partition: Partition) -> bool:
    """Make one whose day has not come, while the default partition is long.

    PostgreSQL reads all of that to see that none of its rows belongs to the new one, and everybody waits. So
    it is told before by a check, which it looks through while others write; with that it believes it.
    """
    key, default = KEYS[table], default_of(table)
    apart = f"{key} IS NOT NULL AND ({key} < '{partition.begin}' OR {key} >= '{partition.end}')"
    try:
        with changing(table) as cursor:
            cursor.execute(f"ALTER TABLE {default} ADD CONSTRAINT {default}{APART} CHECK ({apart}) NOT VALID")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{LOOKING_SECONDS}s'")
            cursor.execute(f"ALTER TABLE {default} VALIDATE CONSTRAINT {default}{APART}")
        with changing(table) as cursor:
            if _is_taken(table, partition):
                return False
            _create(cursor, table, partition.name)
            _attach(cursor, table, partition)
            return True
    finally:
        _open_again(table, TRIES)


def _open_again(table: str, tries: int = 1) -> bool:
    """Take away the check that keeps a day apart, also one of a process that died; whether none is left.

    One day it would refuse rows.
    """
    default = default_of(table)
    for tries_left in reversed(range(tries)):
        try:
            if _is_apart(table):
                with changing(table) as cursor:
                    cursor.execute(f"ALTER TABLE {default} DROP CONSTRAINT IF EXISTS {default}{APART}")
        except Error as error:
            logger.warning("The check %s%s is still there: %s", default, APART, str(error).partition("\n")[0])
        else:
            return True
        if tries_left:
            time.sleep(PAUSE_SECONDS)
    return False


def _is_apart(table: str) -> bool:
    """Whether the table's default partition has a check that keeps a day's rows out."""
    with connection.cursor() as cursor:
        name = f"{default_of(table)}{APART}"
        cursor.execute("SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = %s)", [name])
        return bool(cursor.fetchone()[0])


def _is_taken(table: str, partition: Partition) -> bool:
    return any(one.begin < partition.end and partition.begin < one.end for one in partitions_of(table))


def _create(cursor: Any, table: str, new: str) -> None:
    cursor.execute(
        f"CREATE TABLE {new} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED"
        " INCLUDING STORAGE)"
    )


def _attach(cursor: Any, table: str, partition: Partition) -> None:
    cursor.execute(
        f"ALTER TABLE {table} ATTACH PARTITION {partition.name} "
        f"FOR VALUES FROM ('{partition.begin}') TO ('{partition.end}')"
    )


def _written_columns(cursor: Any, table: str) -> str:
    """All but those that the database works out."""
    cursor.execute(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        [table],
    )
    return str(cursor.fetchone()[0])
