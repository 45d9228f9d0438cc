"""A transaction that sees all tables as they are at one moment.

An hour is worked out by several questions, and what waits to be counted is taken away with it: all of them
have to see the same batches of rows, for one that came in between would count twice or never.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection, transaction

from monitor.statistics.models import HourStatistic

_ALONE: Final = "SHARE ROW EXCLUSIVE"
_WITH_OTHERS: Final = "ROW EXCLUSIVE"


@contextmanager
def one_moment() -> Iterator[None]:
    """See the tables at one moment: the statistics as well as the rows and what waits.

    On SQLite every transaction does. Within a transaction of the caller's nothing is changed: it has looked
    already.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost and connection.vendor == "postgresql":
            _ask("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


@contextmanager
def alone() -> Iterator[None]:
    """The same, and nobody else changes the statistics meanwhile. Who reads them, or notes, does not wait."""
    with one_moment():
        _lock(_ALONE)  # no look is taken by it: what others have changed until now is seen
        yield


@contextmanager
def beside_others() -> Iterator[None]:
    """A transaction that changes the statistics, while nobody works them out anew."""
    with transaction.atomic():
        _lock(_WITH_OTHERS)
        yield


def _lock(mode: str) -> None:
    """SQLite has one writer, who has the lock from the beginning of a transaction."""
    if connection.vendor == "postgresql":
        _ask(f"LOCK TABLE {connection.ops.quote_name(HourStatistic._meta.db_table)} IN {mode} MODE")


def _ask(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
