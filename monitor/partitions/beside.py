"""How a migration changes a table that may have partitions while others use it. PostgreSQL only."""

import time
from collections.abc import Callable
from typing import Any, Final

from django.db import OperationalError, transaction

LOCK_TIMEOUT: Final = "2s"
TRIES: Final = 60
PAUSE_SECONDS: Final = 1.0
NOW_BUSY: Final = ("55P03", "40P01")  # lock_not_available, deadlock_detected


def is_divided(connection: Any, table: str) -> bool:
    """Does the table lie in partitions?"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relkind = 'p' FROM pg_class WHERE oid = %s::regclass", [table])
        return bool(cursor.fetchone()[0])


def patiently(connection: Any, work: Callable[[Any], object]) -> None:
    """Do ``work`` with a cursor, in a transaction, when its locks are there at once; else again and again.

    Whoever comes behind waits as long as we do. Raises OperationalError when the table was never free.
    """
    for left in reversed(range(TRIES)):
        try:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                work(cursor)
                return
        except OperationalError as error:
            if not left or getattr(error.__cause__, "sqlstate", "") not in NOW_BUSY:
                raise
        time.sleep(PAUSE_SECONDS)
