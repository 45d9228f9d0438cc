"""Partitions are made before their day comes; where it has come already, its rows move into them."""

import logging
from typing import Any

from django.db import DatabaseError, IntegrityError, connection

from monitor.partitions.days import DAY_SECONDS, Partition, missing
from monitor.partitions.tables import APART, KEYS, are_there, changing, default_of, partitions_of

logger = logging.getLogger(__name__)

MOST_MOVED = 50_000
"""Rows that the default partition may hold for a day to be taken out of it while others wait. Where it holds
more, they stay: they are found there as well, and removed row by row. Then days begin with tomorrow's."""


def make_ahead(now: float, retention_days: float) -> int:
    """Make the partitions that are missing from the day of ``now`` (epoch seconds) on; how many were made.

    What cannot be made now harms nobody: its rows go to the default partition until the next try.
    """
    if not are_there():
        return 0
    return sum(_make_of(table, now, retention_days) for table in KEYS)


def _make_of(table: str, now: float, retention_days: float) -> int:
    made = 0
    _open_again(table)
    is_long = _is_long(default_of(table))
    make, begins_at = (_make_beside, now + DAY_SECONDS) if is_long else (_make, now)
    for partition in missing(partitions_of(table), table, begins_at, retention_days):
        try:
            made += make(table, partition)
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


def _make(table: str, partition: Partition) -> bool:
    """Make it of what the default partition holds of it."""
    key, default, new = KEYS[table], default_of(table), partition.name
    with changing(table) as cursor:
        if _is_taken(table, partition):
            return False  # another process has just made it
        # Rows wait that are on their way there, so that none is between the two tables.
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
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {default} VALIDATE CONSTRAINT {default}{APART}")
        with changing(table) as cursor:
            if _is_taken(table, partition):
                return False
            _create(cursor, table, partition.name)
            _attach(cursor, table, partition)
            return True
    finally:
        _open_again(table)


def _open_again(table: str) -> None:
    """Take away the check that a process which died may have left: one day it would refuse rows."""
    default = default_of(table)
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = %s)", [f"{default}{APART}"])
        if not cursor.fetchone()[0]:
            return
    with changing(table) as cursor:
        cursor.execute(f"ALTER TABLE {default} DROP CONSTRAINT IF EXISTS {default}{APART}")


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
