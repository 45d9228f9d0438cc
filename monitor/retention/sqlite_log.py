"""Moves SQLite's write-ahead log into the database from time to time while much is removed.

SQLite does that by itself, but begins the log anew only when at some moment nobody reads or writes. Beside a
server that serves such moments are rare, and the log grows with all that is removed; its file stays as large.
"""

from pathlib import Path
from typing import Final

from django.db import connection

LONGEST_LOG_BYTES: Final = 16_000_000
REST_PAGES: Final = 1000
"""So much of the log may be left to copy while nobody writes; SQLite itself copies so much at once."""
WAIT_MS: Final = 100
"""For so long others write nothing while somebody reads; who reads for longer is left alone until later."""


def shorten_log() -> None:
    """Begin the log anew where it is long; between two transactions. On PostgreSQL there is nothing to do.

    It is copied beside those who write, then begun anew while they wait. Where somebody still reads an older
    state not all can be copied, and nobody is made to wait.
    """
    if connection.vendor != "sqlite" or log_bytes() <= LONGEST_LOG_BYTES:
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
        [(_, pages, copied_pages)] = cursor.fetchall()
        if pages - copied_pages > REST_PAGES:
            return
        cursor.execute("PRAGMA busy_timeout")
        [usual_ms] = cursor.fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.fetchall()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {usual_ms}")


def log_bytes() -> int:
    """How large the log's file is; 0 where there is none."""
    file = Path(f"{connection.settings_dict['NAME']}-wal")
    try:
        return file.stat().st_size
    except OSError:
        return 0
