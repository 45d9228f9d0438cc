"""Which tables lie in partitions, and what PostgreSQL knows of them; on SQLite none does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import Error, connection, transaction

from monitor.partitions.days import Partition, partition_of

KEYS = {
    "monitor_body": "request_id",
    "monitor_attemptlog": "request_id",
    "monitor_searchindex": "request_id",
    "monitor_requestlog": "id",
}
"""The column that divides each, in the order in which what belongs to an exchange goes: its row last."""

LOCK_SECONDS = 1.0
WORK_SECONDS = 10.0
"""How long a change of partitions waits for its locks, and works: for so long others wait behind it."""


APART = "_apart"
"""How the name of a check ends that for a moment keeps a day's rows out of the default partition."""


CHECK_VIOLATION = "23514"
UNDEFINED_TABLE = "42P01"


def are_there() -> bool:
    """Whether this store has partitions."""
    return connection.vendor == "postgresql"


def default_of(table: str) -> str:
    """The partition that takes what no other does."""
    return f"{table}_default"


def is_between(error: Error) -> bool:
    """Whether a row was refused because its day is being made: a moment later there is a place for it.

    By the check that keeps the day apart, or because it was on its way to the default partition when the day
    was made: PostgreSQL then tells CHECK_VIOLATION of that partition, and names no constraint.
    """
    told = getattr(error.__cause__, "diag", None)
    if told is None or told.sqlstate != CHECK_VIOLATION:
        return False
    if told.constraint_name:
        return str(told.constraint_name).endswith(APART)
    return str(told.table_name) in map(default_of, KEYS)


def is_gone(error: Error) -> bool:
    """Whether a statement named a partition that another process has dropped meanwhile."""
    return getattr(error.__cause__, "sqlstate", "") == UNDEFINED_TABLE


def partitions_of(table: str) -> list[Partition]:
    """Those with a bound, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_inherits JOIN pg_class ON oid = inhrelid"
            " WHERE inhparent = %s::regclass",
            [table],
        )
        told = [partition_of(name, bound) for name, bound in cursor.fetchall()]
    return sorted(filter(None, told), key=lambda one: one.begin)


@contextmanager
def changing(table: str) -> Iterator[Any]:
    """A cursor in a transaction that alone changes the table's partitions; others read and write meanwhile.

    Raises OperationalError where a lock is not there in time, or the work takes long: then nothing changed.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
            [f"{seconds * 1000:.0f}" for seconds in (LOCK_SECONDS, WORK_SECONDS)],
        )
        cursor.execute(f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE")
        yield cursor
