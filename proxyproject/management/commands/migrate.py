"""``manage.py migrate``: Django's, one at a time.

Two at once would each find the same migrations missing, and one of them would fail in the middle.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from proxyproject.data_directory import held

LOCK_NUMBER = 0x45_76_65_6E_6B_65_65_6C
"""PostgreSQL knows advisory locks by number: "Evenkeel" in ASCII."""
TRY_SECONDS = 0.5
"""Who waits gives its session back between two looks: of a small pool the one that migrates needs another."""


class Command(migrate.Command):
    """Wait for a migration that runs, then do what is left."""

    def handle(self, *arguments: Any, **options: Any) -> None:
        """As Django's."""
        with alone(connections[options["database"]]):
            super().handle(*arguments, **options)


@contextmanager
def alone(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Inside, no other process migrates this database; waits until that is so."""
    if connection.vendor == "postgresql":
        # The lock is a transaction's, on a connection of its own: a pooler would lose that of a session.
        lock = connection.copy()
        try:
            lock.set_autocommit(False)
            while not _is_taken(lock):
                time.sleep(TRY_SECONDS)
            yield
        finally:
            lock.close()
        return
    name = str(connection.settings_dict["NAME"])
    if ":memory:" in name or "mode=memory" in name:
        yield
        return
    with held(Path(f"{name}.migrate.lock"), waits=True):
        yield


def _is_taken(lock: BaseDatabaseWrapper) -> bool:
    with lock.cursor() as cursor:
        cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', '0', true)")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK_NUMBER])
        [is_ours] = cursor.fetchone()
    if not is_ours:
        lock.rollback()
    return bool(is_ours)
