"""Partitions are made before their day comes; where it has come already, its rows move into them."""

import logging
from typing import Any

from django.db import DatabaseError

from monitor.partitions.days import Partition, missing
from monitor.partitions.tables import KEYS, are_there, changing, default_of, partitions_of

logger = logging.getLogger(__name__)

MOST_MOVED = 50_000
"""Rows that are moved at once, at most, while others wait. Where more are in the default partition, they stay
there: they are found there as well, and removed row by row."""


def make_ahead(now: float, retention_days: float) -> int:
    """Make the partitions that are missing from the day of ``now`` (epoch seconds) on; how many were made.

    What cannot be made now harms nobody: its rows go to the default partition until the next try.
    """
    if not are_there():
        return 0
    return sum(_make_of(table, now, retention_days) for table in KEYS)


def _make_of(table: str, now: float, retention_days: float) -> int:
    made = 0
    for partition in missing(partitions_of(table), table, now, retention_days):
        try:
            made += _make(table, partition)
        except DatabaseError as error:
            first_line = str(error).partition("\n")[0]
            logger.warning("Partition %s was not made and is tried again: %s", partition.name, first_line)
            break
    return made


def _make(table: str, partition: Partition) -> bool:
    key, default, new = KEYS[table], default_of(table), partition.name
    inside, bounds = f"{key} >= %s AND {key} < %s", [partition.begin, partition.end]
    with changing(table) as cursor:
        if any(one.begin < partition.end and partition.begin < one.end for one in partitions_of(table)):
            return False  # another process has just made it
        # Rows wait that are on their way there, so that none is between the two tables.
        cursor.execute(f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            f"SELECT count(*) FROM (SELECT FROM {default} WHERE {inside} LIMIT {MOST_MOVED + 1}) AS moved",  # noqa: S608
            bounds,
        )
        [waiting] = cursor.fetchone()
        if waiting > MOST_MOVED:
            logger.warning("%s keeps what belongs to %s: it is too much to move", default, new)
            return False
        cursor.execute(
            f"CREATE TABLE {new} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED"
            " INCLUDING STORAGE)"
        )
        if waiting:
            columns = _written_columns(cursor, table)
            cursor.execute(
                f"WITH moved AS (DELETE FROM {default} WHERE {inside} RETURNING *)"  # noqa: S608
                f" INSERT INTO {new} ({columns}) SELECT {columns} FROM moved",
                bounds,
            )
        cursor.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {new} "
            f"FOR VALUES FROM ('{partition.begin}') TO ('{partition.end}')"
        )
    return True


def _written_columns(cursor: Any, table: str) -> str:
    """All but those that the database works out."""
    cursor.execute(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        [table],
    )
    return str(cursor.fetchone()[0])
