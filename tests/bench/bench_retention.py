"""What it costs to remove a day of history: by its partition, and row by row.

Run with ``TEST_STORES=postgres python -m tests.bench.bench_retention`` (``BENCH_ROWS`` for another number
than 150,000 exchanges of a day, each with an attempt, two bodies of 2 kB and its words). Printed are
seconds, WAL, and the longest time that another connection waited for the insertion of a row meanwhile. On
SQLite the log's largest size takes the place of WAL.
"""

# ruff: noqa: E402  Django has to be set up before its models are imported

import os
import threading
import time
from itertools import islice
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.core.management import call_command
from django.db import connection

from monitor.models import RequestLog
from monitor.partitions.making import make_ahead
from monitor.record.records import BodyKind, BodyRecord, RequestRecord
from monitor.record.request_id import new_request_id
from monitor.retention.pruner import Limits, planned, prune
from monitor.search import index
from monitor.search.tokenizer import SEARCHED_COLUMNS
from monitor.store.writer import RecordWriter
from tests import stores
from tests.monitor.shelf import ENDED, attempt_of

ROWS = int(os.environ.get("BENCH_ROWS", "150000"))
DAY_SECONDS = 86_400
MIDNIGHT = int(time.time()) // DAY_SECONDS * DAY_SECONDS - 40 * DAY_SECONDS
TABLES = {
    "monitor_requestlog": "id",
    "monitor_attemptlog": "request_id",
    "monitor_body": "request_id",
    "monitor_searchindex": "request_id",
}


def record(at: float, number: int) -> RequestRecord:
    """An exchange that ended well."""
    return RequestRecord(
        **{
            **ENDED,
            "id": new_request_id(int(at * 1000), number.to_bytes(10)),
            "started_at": at,
            "process_id": "bench",
            "dialect": "anthropic",
            "method": "POST",
            "path": "/v1/messages",
            "client_key": "key",
            "client_model": "model",
            "is_stream": True,
            "preview": "Please look at the file and tell what you think of it, in a few words.",
        }
    )


def fill(begins_at: int) -> None:
    """A day's exchanges: one through the writer, copied to other moments by the database."""
    writer = RecordWriter(body_cap_bytes=1_000_000)
    writer.start()
    row = record(begins_at, 1)
    writer.submit(row)
    writer.submit(attempt_of(row))
    for kind in (BodyKind.CLIENT_REQUEST, BodyKind.RESPONSE):
        writer.submit(BodyRecord(request_id=row.id, kind=kind, content=os.urandom(2_000)))
    writer.flush(30)
    writer.stop(5)
    hexed = "lpad(to_hex({}), 12, '0')" if connection.vendor == "postgresql" else "printf('%%012x', {})"
    new_id = hexed.format(f"{begins_at}000 + n * {DAY_SECONDS * 1000 // ROWS}")
    numbers = (
        f"WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {ROWS - 1})"
    )
    with connection.cursor() as cursor:
        for table, key in TABLES.items():
            if table == "monitor_searchindex" and connection.vendor != "postgresql":
                continue
            columns = ", ".join(_columns(table, key))
            cursor.execute(
                f"{numbers} INSERT INTO {table} ({key}, {columns})"
                f" SELECT {new_id} || substr({key}, 13), {columns} FROM {table}, number WHERE {key} = %s",
                [row.id],
            )
        cursor.execute("ANALYZE")
    if connection.vendor != "postgresql":
        fill_words()
        truncate()


def fill_words() -> None:
    """FTS5 without contents wants each row's own words, or it cannot take them out again."""
    index.remove([first := RequestLog.objects.order_by("id").values_list("id", flat=True)[0]])
    rows = RequestLog.objects.order_by("id").values_list("id", *SEARCHED_COLUMNS)
    assert rows[0][0] == first
    found = ((name, texts) for name, *texts in list(rows))
    while some := list(islice(found, 5_000)):
        index.add(some)


def truncate() -> None:
    """SQLite's log is empty: its file keeps the size that it once had."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert cursor.fetchone()[0] == 0


def _columns(table: str, key: str) -> list[str]:
    """Those that are copied."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                " AND attgenerated = '' AND NOT attisdropped",
                [table],
            )
        else:
            cursor.execute("SELECT name FROM pragma_table_xinfo(%s) WHERE hidden = 0", [table])
        names = [name for (name,) in cursor.fetchall()]
    return [name for name in names if name != key and not (name == "id" and key != "id")]


class Inserting:
    """Another connection that stores a row every 10 ms, and how long it waited at most."""

    def __init__(self) -> None:
        self.longest_seconds = 0.0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Inserting":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        from monitor.store.upsert import upsert

        number = 0
        while not self._is_over.wait(0.01):
            number += 1
            began = time.perf_counter()
            upsert([record(time.time(), number)])
            self.longest_seconds = max(self.longest_seconds, time.perf_counter() - began)
        connection.close()


def written() -> int:
    """Bytes of WAL by now; of SQLite's log, how large it is."""
    if connection.vendor != "postgresql":
        file = Path(f"{connection.settings_dict['NAME']}-wal")
        return file.stat().st_size if file.exists() else 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'")
        return int(cursor.fetchone()[0])


def measure(name: str) -> None:
    """Remove the day, and print what that cost."""
    pruning = planned(Limits(30, 0), time.time())
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
    before = written()
    largest = 0
    with Inserting() as others:
        began = time.perf_counter()
        removed = 0
        for rows in prune(pruning):
            removed += rows
            largest = max(largest, written())
        took = time.perf_counter() - began
        wal = written() - before if connection.vendor == "postgresql" else largest
    print(
        f"{name:15} {removed:,} rows of {pruning.requests:,} exchanges in {took:.2f} s, {wal / 1e6:.1f} MB of"
        f" WAL, another waited {others.longest_seconds * 1000:.0f} ms at most",
        flush=True,
    )


def main() -> None:
    """Measure."""
    print(f"{ROWS:,} exchanges, {'PostgreSQL' if stores.wanted() else 'SQLite'}")
    call_command("migrate", verbosity=0)
    fill(MIDNIGHT)
    measure("row by row")
    if make_ahead(MIDNIGHT, 30):
        fill(MIDNIGHT)
        measure("by partitions")


if __name__ == "__main__":
    main()
