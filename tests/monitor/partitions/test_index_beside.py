"""A migration's new index of a divided table is made while others write, and whole in the end."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations import AddIndex, RemoveIndex
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState
from django.db.models import Index

from monitor.partitions import index_beside
from monitor.partitions.days import DAY_SECONDS
from monitor.partitions.index_beside import AddIndexBeside, RemoveIndexBeside
from monitor.partitions.making import make_ahead
from monitor.partitions.tables import KEYS, partitions_of
from tests import stores
from tests.served.world import PATIENCE_SECONDS

on_postgresql = pytest.mark.skipif(
    not stores.wanted(), reason="needs TEST_STORES=postgres: SQLite has no partitions"
)

MIDNIGHT = 1_790_000_000 // DAY_SECONDS * DAY_SECONDS
TABLE, NAME = "monitor_attemptlog", "attempt_tried"
STATEMENT = f'CREATE INDEX "{NAME}" ON "{TABLE}" ("upstream_model", "id") WHERE "status" IS NOT NULL'
ONLY = STATEMENT.replace(" ON ", " ON ONLY ")


@contextmanager
def another(name: str) -> Iterator[psycopg.Connection]:
    """A connection of its own, which waits for no lock for long."""
    url = urlunsplit(urlsplit(stores.database_url())._replace(path=f"/{name}"))
    with psycopg.connect(url) as other:
        other.execute("SET lock_timeout = '20s'")
        other.commit()
        yield other


def insert(other: psycopg.Connection, number: int) -> None:
    """An attempt of that day."""
    other.execute(
        f"INSERT INTO {TABLE} (request_id, number, account, account_kind, upstream_model, started_offset_ms)"
        " VALUES (%s, 1, 'a', 'b', 'c', 0)",
        [f"{(MIDNIGHT + number) * 1000:012x}{0:020x}"],
    )


def valid_parts() -> dict[str, bool]:
    """The index and its parts, and whether each can be used."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indexrelid = %s::regclass"
            " OR indexrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = %s::regclass)",
            [NAME, NAME],
        )
        return dict(cursor.fetchall())


def wait_for_waiting(other: psycopg.Connection, statement: str) -> None:
    """Return when somebody's statement that begins like that waits for others."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = other.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE %s"
            " AND wait_event_type = 'Lock'",
            [f"{statement}%"],
        ).fetchone()
        other.commit()
        if found and found[0]:
            return
        assert time.monotonic() < ends_at, f"{statement} waits for nobody"
        time.sleep(0.02)


@on_postgresql
def test_each_partition_has_its_part_and_the_next_gets_one(store: str) -> None:
    """The index is valid, of every partition and the default one; a day made later has a part of it."""
    make_ahead(MIDNIGHT, 30)
    index_beside.make(connection, TABLE, NAME, STATEMENT)
    assert len(valid_parts()) == 2 + len(partitions_of(TABLE))
    make_ahead(MIDNIGHT + DAY_SECONDS, 30)
    index_beside.make(connection, TABLE, NAME, STATEMENT)  # begun again, it finds nothing to do
    assert len(valid_parts()) == 2 + len(partitions_of(TABLE))
    assert all(valid_parts().values())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indexrelid = %s::regclass", [NAME]
        )
        assert "(upstream_model, id) WHERE (status IS NOT NULL)" in cursor.fetchone()[0]


@on_postgresql
def test_who_writes_meanwhile_does_not_wait(store: str, django_db_blocker: pytest.FixtureRequest) -> None:
    """The making waits for a transaction that writes; others write past it in the same partition."""
    make_ahead(MIDNIGHT, 30)
    with connection.cursor() as cursor:
        cursor.execute(ONLY)

    def make() -> None:
        with django_db_blocker.unblock():
            index_beside.make(connection, TABLE, NAME, STATEMENT)
            connection.close()

    thread = threading.Thread(target=make)
    with another(store) as slow, another(store) as quick:
        insert(slow, 1)
        thread.start()
        try:
            wait_for_waiting(quick, "CREATE INDEX CONCURRENTLY")
            for number in range(2, 5):
                insert(quick, number)
                quick.commit()
            assert thread.is_alive()
        finally:
            slow.commit()
            thread.join()
    assert all(valid_parts().values())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {TABLE}_20260921")
        assert cursor.fetchone() == (4,)


@on_postgresql
def test_who_breaks_off_begins_again_with_what_is_missing(store: str) -> None:
    """A part that was half made is made anew; those that are there stay."""
    make_ahead(MIDNIGHT, 30)
    with another(store) as slow:
        insert(slow, 1)
        slow.commit()
        with connection.cursor() as cursor:
            cursor.execute(ONLY)
            insert(slow, 2)
            cursor.execute("SET statement_timeout = '300ms'")
            with pytest.raises(OperationalError):
                index_beside.make(connection, TABLE, NAME, STATEMENT)
            cursor.execute("RESET statement_timeout")
        slow.commit()
    assert not valid_parts()[NAME]
    index_beside.make(connection, TABLE, NAME, STATEMENT)
    assert len(valid_parts()) == 2 + len(partitions_of(TABLE))
    assert all(valid_parts().values())


@on_postgresql
def test_who_asks_for_the_sql_changes_nothing(store: str) -> None:
    """``sqlmigrate`` prints the statement of a migration and makes no index."""
    name = "attempt_upstream_request_id"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {name}")
        told = StringIO()
        call_command("sqlmigrate", "monitor", "0024", stdout=told)
        assert f'CREATE INDEX "{name}" ON "{TABLE}"' in told.getvalue()
        cursor.execute("SELECT to_regclass(%s)", [name])
        assert cursor.fetchone() == (None,)


def test_a_migration_that_was_not_recorded_is_begun_again(store: str) -> None:
    """On each store: its index is there already, for it is no transaction, and nothing is left to do."""
    migration = ("monitor", "0024_ids_of_upstream")
    MigrationRecorder(connection).record_unapplied(*migration)
    executor = MigrationExecutor(connection)
    before = executor.loader.project_state([("monitor", "0023_partitions_by_day")])
    executor.apply_migration(before, executor.loader.get_migration(*migration))
    assert migration in MigrationRecorder(connection).applied_migrations()


def test_a_table_that_is_not_divided_gets_its_index_once(store: str) -> None:
    """Made a second time it is the one that is there; so it goes, and is no fault when it is gone."""
    operation = AddIndexBeside("savedview", Index(fields=["name"], name="tried_twice"))
    before = ProjectState.from_apps(apps)
    after = before.clone()
    operation.state_forwards("monitor", after)
    for _ in range(2):
        with connection.schema_editor(atomic=False) as editor:
            operation.database_forwards("monitor", editor, before, after)
        with connection.cursor() as cursor:
            there = connection.introspection.get_constraints(cursor, "monitor_savedview")
        assert there["tried_twice"]["columns"] == ["name"]
    for _ in range(2):
        with connection.schema_editor(atomic=False) as editor:
            operation.database_backwards("monitor", editor, after, before)
        with connection.cursor() as cursor:
            assert "tried_twice" not in connection.introspection.get_constraints(cursor, "monitor_savedview")


def test_an_index_goes_and_comes_back(store: str) -> None:
    """On each store, of a table that may be divided; one that is gone already is no fault."""
    operation = RemoveIndexBeside("requestlog", "request_missed")
    before = ProjectState.from_apps(apps)
    after = before.clone()
    operation.state_forwards("monitor", after)
    for change, states, is_there in (
        (operation.database_forwards, (before, after), False),
        (operation.database_forwards, (before, after), False),
        (operation.database_backwards, (after, before), True),
    ):
        with connection.schema_editor(atomic=False) as editor:
            change("monitor", editor, *states)
        with connection.cursor() as cursor:
            there = connection.introspection.get_constraints(cursor, "monitor_requestlog")
        assert ("request_missed" in there) is is_there


def test_every_later_index_of_a_divided_table_is_made_so() -> None:
    """A migration behind the division adds and removes none that would keep writers waiting."""
    migrations = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    divided = {model._meta.model_name for model in apps.get_app_config("monitor").get_models()
               if model._meta.db_table in KEYS}  # fmt: skip
    added = [
        (migration, operation)
        for (app, name), migration in migrations.items()
        if app == "monitor" and name > "0023"
        for operation in migration.operations
        if isinstance(operation, AddIndex | RemoveIndex) and operation.model_name in divided
    ]
    assert added
    for migration, operation in added:
        assert isinstance(operation, AddIndexBeside | RemoveIndexBeside), (migration, operation)
        assert not migration.atomic
