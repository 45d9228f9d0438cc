"""A filled store of the version before is divided while it is written to, and nothing of it changes."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from psycopg import sql

from monitor.models import AttemptLog, Body, RequestLog
from monitor.partitions.days import DAY_SECONDS
from monitor.partitions.making import make_ahead
from monitor.partitions.tables import KEYS, partitions_of
from monitor.record.request_id import new_request_id
from monitor.retention.pruner import Limits, planned, prune
from tests import stores
from tests.monitor.conftest import _default_database

pytestmark = pytest.mark.skipif(
    not stores.wanted(), reason="needs TEST_STORES=postgres: SQLite has no partitions"
)

BEFORE = ("monitor", "0022_why_the_cache_missed")
migration = import_module("monitor.migrations.0023_partitions_by_day")
FILLED = 300
STRAYS = ("f" * 32, new_request_id(int((time.time() + 400 * DAY_SECONDS) * 1000), bytes(10)))


@pytest.fixture
def old_store(django_db_blocker: Any) -> Iterator[str]:
    """The name of a database as the version before has it, empty."""
    name = f"monitor_before_{os.getpid()}"
    stores.create_database(name)
    with django_db_blocker.unblock(), _default_database(name):
        MigrationExecutor(connection).migrate([BEFORE])
        yield name
    stores.drop_database(name)


def fill(number: int) -> Callable[[str, float], None]:
    """What stores an exchange with what belongs to it, by the models of then."""
    apps = MigrationExecutor(connection).loader.project_state([BEFORE]).apps
    request, attempt, body = (
        apps.get_model("monitor", name) for name in ("RequestLog", "AttemptLog", "Body")
    )

    def put(request_id: str, at: float) -> None:
        texts = (
            "process_id",
            "method",
            "path",
            "client_key",
            "client_model",
            "preview",
            "session_hash",
            "replay_of",
        )
        request.objects.create(
            **dict.fromkeys(texts, "a"), id=request_id, started_at=datetime.fromtimestamp(at, UTC),
            dialect="openai", is_stream=True, request_bytes=1, response_bytes=number, in_flight=False,
            outcome="ok", attempts=1,
            healed=False, continued=False, seams=[], changes=["x"], diagnostics={},
        )  # fmt: skip
        attempt.objects.create(
            request_id=request_id, number=1, account="a", account_kind="gemini", upstream_model="m",
            started_offset_ms=0,
        )  # fmt: skip
        body.objects.create(
            request_id=request_id, kind="response", attempt=1, total_bytes=1, kept_bytes=1, is_capped=False,
            stored_bytes=100, sha256="", headers="[]", content=b"c", timing=b"",
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO monitor_searchindex VALUES (%s, 'word')", [request_id])

    return put


def contents() -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the four tables."""
    found = {}
    with connection.cursor() as cursor:
        for table, key in KEYS.items():
            cursor.execute(f"SELECT * FROM {table} ORDER BY {key}")
            found[table] = cursor.fetchall()
    return found


def indexes() -> dict[str, str]:
    """The tables' indexes by name; those that hold only the number of a row left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, replace(indexdef, ' ON ONLY ', ' ON ') FROM pg_indexes"
            " WHERE tablename = ANY(%s) AND NOT indexname = ANY(%s)",
            [list(KEYS), ["monitor_attemptlog_pkey", "monitor_body_pkey"]],
        )
        return dict(cursor.fetchall())


def filled(rows: int = FILLED) -> tuple[list[str], float]:
    """Exchanges of twenty days, and two whose ids are of no such time; their ids, and the moment now."""
    put, now = fill(1), time.time()
    moments = [now - 20 * DAY_SECONDS * (1 - number / rows) for number in range(rows)]
    ids = [new_request_id(int(at * 1000), number.to_bytes(10)) for number, at in enumerate(moments)]
    for request_id, at in [*zip(ids, moments, strict=True), *((stray, now) for stray in STRAYS)]:
        put(request_id, at)
    return ids, now


def test_what_is_there_is_there_afterwards(old_store: str) -> None:
    """Rows, indexes, checks and numbers are as they were; then days are made, and the old part goes whole."""
    ids, now = filled()
    rows, made = contents(), indexes()
    call_command("migrate", "monitor", migration.__name__.rpartition(".")[2], verbosity=0)
    assert contents() == rows
    assert indexes() == made
    for table in KEYS:
        assert [one.name for one in partitions_of(table)] == [f"{table}_before"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM monitor_requestlog_default ORDER BY id")
        assert sorted(STRAYS) == [found for (found,) in cursor.fetchall()]
        cursor.execute("SELECT max(id) FROM monitor_attemptlog")
        [last] = cursor.fetchone()
    late = new_request_id(int((now + 9 * DAY_SECONDS) * 1000), bytes(10))
    put = fill(2)
    put(late, now)
    assert AttemptLog.objects.get(request_id=late).id == last + 1
    with pytest.raises(Exception, match="request_ended_has_an_outcome"):
        RequestLog.objects.filter(id=late).update(outcome=None)
    call_command("migrate", verbosity=0)
    make_ahead(now + 9 * DAY_SECONDS, 30)
    assert late in [row[0] for row in contents()["monitor_searchindex"]]
    assert Body.objects.filter(request_id__in=ids).count() == len(ids)
    list(prune(planned(Limits(30, 0), now + 39 * DAY_SECONDS - 60)))
    assert set(RequestLog.objects.values_list("id", flat=True)) == {*STRAYS, late}
    assert not any(one.name.endswith("before") for one in partitions_of("monitor_requestlog"))


def test_an_empty_store_has_no_old_part(old_store: str) -> None:
    """A new installation begins with the default partition alone, to which the housekeeper adds days."""
    made = indexes()
    migration.divide(None, connection.schema_editor())
    assert indexes() == made
    assert all(partitions_of(table) == [] for table in KEYS)
    fill(1)(new_request_id(int(time.time() * 1000), bytes(10)), time.time())
    assert [len(rows) for rows in contents().values()] == [1] * len(KEYS)


def test_who_breaks_off_begins_again(old_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failure no check stands in the way of rows; a run that was killed is finished by the next."""
    filled(20)
    rows = contents()

    def fail(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(migration, "_swap", fail)
        with pytest.raises(RuntimeError):
            migration.divide(None, connection.schema_editor())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_constraint WHERE conname LIKE '%\\_before'")
        assert cursor.fetchone() == (0,)
        migration._prepare(cursor, "monitor_body", "request_id", "0" * 32)
    migration.divide(None, connection.schema_editor())
    assert contents() == rows
    migration.divide(None, connection.schema_editor())
    assert contents() == rows


def test_a_server_that_serves_meanwhile_loses_nothing(old_store: str) -> None:
    """Who writes as the version before does, all the time, meets no error, and every row is there once."""
    ids, now = filled(50)
    url = urlunsplit(urlsplit(stores.database_url())._replace(path=f"/{old_store}"))
    is_over, sent, failures = threading.Event(), [], []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute"
            " WHERE attrelid = 'monitor_requestlog'::regclass AND attnum > 0"
            " AND attgenerated = '' AND attname <> 'id'"
        )
        [columns] = cursor.fetchone()

    def write() -> None:
        with psycopg.connect(url, autocommit=True, prepare_threshold=1) as other:
            while not is_over.is_set() or len(sent) < 50:
                request_id = new_request_id(int((now + len(sent) / 1000) * 1000), len(sent).to_bytes(10))
                try:
                    for _ in range(2):  # written at its beginning and at its end
                        with other.transaction():
                            other.execute(
                                f"INSERT INTO monitor_requestlog (id, {columns}) SELECT %s, {columns}"
                                " FROM monitor_requestlog WHERE id = %s"
                                " ON CONFLICT (id) DO UPDATE SET preview = 'again'",
                                [request_id, sent[-1]],
                            )
                            other.execute(
                                "INSERT INTO monitor_attemptlog (request_id, number, account, account_kind,"
                                " upstream_model, started_offset_ms) VALUES (%s, 1, 'a', 'b', 'c', 0)"
                                " ON CONFLICT (request_id, number) DO UPDATE SET status = 200",
                                [request_id],
                            )
                except psycopg.Error as error:
                    failures.append(error)
                    return
                sent.append(request_id)
                is_over.wait(0.002)

    sent.append(ids[-1])  # no stray: those are in no table for a moment, and nobody could write their copy
    thread = threading.Thread(target=write)
    thread.start()
    try:
        migration.divide(None, connection.schema_editor())
    finally:
        is_over.set()
        thread.join()
    assert failures == []
    with connection.cursor() as cursor:
        for table, key in KEYS.items():
            if table in ("monitor_requestlog", "monitor_attemptlog"):
                cursor.execute(
                    sql.SQL("SELECT count(*), count(DISTINCT {0}) FROM {1} WHERE {0} = ANY(%s)")
                    .format(sql.Identifier(key), sql.Identifier(table)).as_string(),
                    [sent],
                )  # fmt: skip
                assert cursor.fetchone() == (len(sent), len(sent))
