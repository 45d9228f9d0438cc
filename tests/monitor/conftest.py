"""A store of its own for each test: a real SQLite file, or a real PostgreSQL database.

The writer has a thread and a connection of its own, so its tests need committed data and no test
transaction: each test gets a fresh copy of a migrated database as ``default``, for all threads.
"""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections

from monitor.record.records import RequestRecord
from monitor.record.request_id import new_request_id
from monitor.store.writer import RecordWriter
from tests import stores

_numbers = itertools.count()


@contextmanager
def _default_database(name: str) -> Iterator[None]:
    """``connections["default"]`` is that database, in every thread that connects from now on."""
    usual, usual_settings = connections["default"], connections.settings["default"]
    options = dict(usual_settings.get("OPTIONS", {}))
    if "timeout" in options:
        options["timeout"] = 0.05  # a locked file is told at once: the writer's own waiting is under test
    connections.settings["default"] = {**usual_settings, "NAME": name, "OPTIONS": options}
    del connections["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = usual_settings
        connections["default"] = usual


@pytest.fixture(scope="session")
def migrated(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: pytest.FixtureRequest
) -> Iterator[str]:
    """The name of a migrated database to be copied."""
    if stores.wanted():
        name = f"monitor_template_{os.getpid()}"
        stores.create_database(name)
    else:
        name = str(tmp_path_factory.mktemp("monitor") / "template.sqlite3")
    with django_db_blocker.unblock(), _default_database(name):
        call_command("migrate", verbosity=0)
    yield name
    if stores.wanted():
        stores.drop_database(name)


@pytest.fixture
def store(migrated: str, tmp_path: Path, django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a fresh store that all threads of this test use."""
    if stores.wanted():
        name = f"monitor_{os.getpid()}_{next(_numbers)}"
        stores.create_database(name, template=migrated)
    else:
        name = str(tmp_path / "proxy.sqlite3")
        shutil.copyfile(migrated, name)
    with django_db_blocker.unblock(), _default_database(name):
        yield name
    if stores.wanted():
        stores.drop_database(name)


@pytest.fixture
def new_writer(store: str) -> Iterator[Callable[..., RecordWriter]]:
    """A factory of started writers on the store; they are stopped at the end."""
    writers: list[RecordWriter] = []

    def make(**options: object) -> RecordWriter:
        writer = RecordWriter(**{"body_cap_bytes": 1_000_000, **options})
        writers.append(writer)
        writer.start()
        return writer

    yield make
    for writer in writers:
        writer.stop(5)


@pytest.fixture
def writer(new_writer: Callable[..., RecordWriter]) -> RecordWriter:
    """A started writer on the store."""
    return new_writer()


@pytest.fixture
def request_record() -> Callable[..., RequestRecord]:
    """A factory of records at admission, each with an id of its own, a second apart."""
    seconds = itertools.count(1_700_000_000)

    def make(**fields: object) -> RequestRecord:
        started_at = float(fields.pop("started_at", next(seconds)))
        number = int(started_at)
        return RequestRecord(
            **{
                "id": new_request_id(int(started_at * 1000), number.to_bytes(10)),
                "started_at": started_at,
                "process_id": "p1",
                "dialect": "anthropic",
                "method": "POST",
                "path": "/v1/messages",
                "client_key": "team",
                "client_model": "claude-opus-5-5",
                "is_stream": True,
                "preview": "hello",
                "in_flight": True,
                **fields,
            }
        )

    return make
