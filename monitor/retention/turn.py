"""Whose turn the housekeeping is: of all processes on a database one does it, as long as it lives.

On PostgreSQL that is who holds an advisory lock, which goes with its connection; on SQLite who holds a lock
on a file beside the database, which goes with its process. Another takes over at its next look.

A process that is frozen, or whose host has gone off the network, would keep its connection. So the server is
told to end that one when nothing was asked on it for a minute: the housekeeper asks every few seconds.

Behind a pooler of transactions a connection's lock would stay on whichever session took it, for ever. There
the lock is that of a transaction which stays open on a connection of its own. Nothing is asked on that one
while another works, so each look says how long the work behind it may be.
"""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Final

from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

_KEY: Final = 0x65_76_65_6E
"""Of the advisory lock: "even". Such locks are apart in each database."""

IDLE_SECONDS = 60.0
"""For so long who has the turn may ask nothing, unless longer work was told. A tick pauses five seconds."""


class HousekeepingTurn:
    """This process's claim. Belongs to the thread that keeps house: the lock is its connection's."""

    def __init__(self, file: Path) -> None:
        """``file`` is locked where the database is SQLite."""
        self._file = file
        self._descriptor: int | None = None
        self._locked_on: object = None
        self._lock: BaseDatabaseWrapper | None = None

    def is_ours(self, work_seconds: float = 0.0) -> bool:
        """Whether this process keeps house now; takes the turn when it is free.

        It stays ours over the next ``work_seconds``, though nobody looks meanwhile.
        """
        if connection.vendor != "postgresql":
            return self._has_file()
        connection.ensure_connection()
        if getattr(connection, "is_behind_pooler", False):
            return self._has_transactions_lock(work_seconds)
        return self._has_advisory_lock()

    def give_up(self) -> None:
        """Lets the next one; the thread's connection is closed."""
        with contextlib.suppress(DatabaseError):
            if self._locked_on is not None and self._locked_on is connection.connection:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [_KEY])
        connection.close()
        if self._lock is not None:
            self._lock.close()
        self._locked_on = None
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _has_transactions_lock(self, work_seconds: float) -> bool:
        lock = self._lock = self._lock or connection.copy()
        try:
            if lock.get_autocommit():
                lock.set_autocommit(False)
            with lock.cursor() as cursor:
                idle = [f"{(IDLE_SECONDS + work_seconds) * 1000:.0f}"]
                cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, true)", idle)
                if self._locked_on is not None and self._locked_on is lock.connection:
                    return True
                cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_KEY])
                is_ours = bool(cursor.fetchone()[0])
        except DatabaseError:
            lock.close()
            raise
        if not is_ours:
            lock.rollback()  # the pooler may give the session to others
        self._locked_on = lock.connection if is_ours else None
        return is_ours

    def _has_advisory_lock(self) -> bool:
        if self._locked_on is not None and self._locked_on is connection.connection:
            return True
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_KEY])
            if not cursor.fetchone()[0]:
                self._locked_on = None
                return False
            cursor.execute(
                "SELECT set_config('idle_session_timeout', %s, false)", [f"{IDLE_SECONDS * 1000:.0f}"]
            )
            self._locked_on = connection.connection
        return True

    def _has_file(self) -> bool:
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError:  # a file system without locks: each keeps house for itself, which does no harm
            pass
        self._descriptor = descriptor
        return True
