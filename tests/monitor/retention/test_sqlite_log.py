"""What is removed from SQLite does not make its log grow with it."""

import os
import sqlite3
import time
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitor.models import Body
from monitor.record.records import BodyKind, BodyRecord, RequestRecord
from monitor.retention import pruner, sqlite_log
from monitor.retention.pruner import Limits, planned, prune
from monitor.retention.sqlite_log import log_bytes, shorten_log
from monitor.store.writer import RecordWriter
from tests import stores

pytestmark = pytest.mark.skipif(stores.wanted(), reason="PostgreSQL has no such log: its run is SQLite's own")

NewRecord = Callable[..., RequestRecord]
LIMIT = 400_000


@pytest.fixture
def filled(
    store: str, writer: RecordWriter, request_record: NewRecord, monkeypatch: pytest.MonkeyPatch
) -> sqlite3.Connection:
    """Three megabytes of old bodies, and another connection."""
    monkeypatch.setattr(sqlite_log, "LONGEST_LOG_BYTES", LIMIT)
    monkeypatch.setattr(pruner, "BODIES_AT_ONCE", 5)
    for _ in range(150):
        record = request_record()
        writer.submit(record)
        writer.submit(BodyRecord(request_id=record.id, kind=BodyKind.RESPONSE, content=os.urandom(20_000)))
    assert writer.flush(60)
    return sqlite3.connect(store, timeout=60, isolation_level=None)


def test_the_log_is_begun_anew_while_others_write(filled: sqlite3.Connection) -> None:
    """It stays about as short as the limit, though somebody else writes between any two batches."""
    shorten_log()
    before, lengths = log_bytes(), []
    filled.execute("PRAGMA wal_autocheckpoint = 0")
    for _ in prune(planned(Limits(1, 0), time.time())):
        lengths.append(log_bytes())
        filled.execute("UPDATE monitor_requestlog SET preview = 'x'")
    filled.close()
    assert before <= LIMIT
    assert len(lengths) > 30
    assert max(lengths) <= 2 * LIMIT
    assert not Body.objects.exists()


@pytest.mark.thorough
def test_who_reads_for_long_keeps_nobody_waiting(filled: sqlite3.Connection) -> None:
    """Beside a long reading all is removed as well, and afterwards the log becomes short again."""
    filled.execute("BEGIN")
    assert filled.execute("SELECT count(*) FROM monitor_body").fetchone() == (150,)
    list(prune(planned(Limits(1, 0), time.time())))
    assert not Body.objects.exists()
    assert log_bytes() > LIMIT
    filled.execute("COMMIT")
    filled.close()
    shorten_log()
    assert log_bytes() == 0


def test_writers_wait_only_for_what_could_not_be_copied_beside_them(
    filled: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is copied while others write; begun anew, for which they wait, when little of it is left."""
    monkeypatch.setattr(sqlite_log, "REST_PAGES", 10)
    shorten_log()
    filled.execute("BEGIN")
    assert filled.execute("SELECT count(*) FROM monitor_body").fetchone() == (150,)
    Body.objects.all().update(content=os.urandom(20_000))
    assert log_bytes() > LIMIT
    with CaptureQueriesContext(connection) as beside_a_reader:
        shorten_log()
    filled.execute("COMMIT")
    with CaptureQueriesContext(connection) as afterwards:
        shorten_log()
    filled.close()
    assert log_bytes() == 0
    told = [[q["sql"] for q in asked if "wal" in q["sql"]] for asked in (beside_a_reader, afterwards)]
    passive, truncate = "PRAGMA wal_checkpoint(PASSIVE)", "PRAGMA wal_checkpoint(TRUNCATE)"
    assert told == [[passive], [passive, truncate]]
