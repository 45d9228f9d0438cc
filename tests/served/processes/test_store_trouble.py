"""The store fails under a running server: streams go on, the operator is told, nothing is lost."""

import contextlib
import re
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from relay.simulator.model.prose import read_counters
from tests import stores
from tests.running_server import RunningServer
from tests.served.operators import log_in, make_operator
from tests.served.world import World, text_of

OwnWorld = Callable[..., AbstractContextManager[World]]
Trouble = Callable[[RunningServer], AbstractContextManager[None]]
WAIT_SECONDS = 30
postgres_only = pytest.mark.skipif(not stores.wanted(), reason="SQLite has no administrator")
sqlite_only = pytest.mark.skipif(stores.wanted(), reason="a test of SQLite's file; PostgreSQL has its own")


@contextmanager
def full_disk(server: RunningServer) -> Iterator[None]:
    """No file of the server may grow any more; the log neither."""
    unlimited = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, unlimited[1]))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, unlimited)


@contextmanager
def locked(server: RunningServer) -> Iterator[None]:
    """Somebody else holds the database, or its table, for writing."""
    if url := server.env.get("DATABASE_URL"):
        import psycopg

        with psycopg.connect(url) as other:
            other.execute("LOCK TABLE monitor_requestlog IN EXCLUSIVE MODE")
            yield
        return
    other_sqlite = sqlite3.connect(server.data_dir / "proxy.sqlite3", timeout=20, isolation_level=None)
    other_sqlite.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other_sqlite.close()


@contextmanager
def vanished(server: RunningServer) -> Iterator[None]:
    """The file is elsewhere; PostgreSQL takes nobody in."""
    if url := server.env.get("DATABASE_URL"):
        name = urlsplit(url).path.lstrip("/")
        import psycopg

        with psycopg.connect(stores.database_url(), autocommit=True) as admin:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            try:
                yield
            finally:
                admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        return
    path = server.data_dir / "proxy.sqlite3"
    path.rename(path.with_suffix(".elsewhere"))
    try:
        yield
        assert not path.exists(), "an empty database was made in its place"
    finally:
        path.with_suffix(".elsewhere").rename(path)


@contextmanager
def read_only(server: RunningServer) -> Iterator[None]:
    """Its administrator lets nobody write; connections of before are ended, those of meanwhile are not."""
    import psycopg

    name = urlsplit(server.env["DATABASE_URL"]).path.lstrip("/")
    with psycopg.connect(stores.database_url(), autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            admin.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')


def signed_in(world: World) -> httpx.Client:
    """An operator's browser."""
    make_operator(world)
    browser = httpx.Client(base_url=world.server.base_url, timeout=30)
    log_in(browser)
    return browser


def metric(world: World, name: str) -> float:
    """A number of ``/metrics``."""
    page = world.client.get("/metrics").text
    found = re.search(rf"^{name} (\S+)$", page, re.MULTILINE)
    assert found is not None, page
    return float(found[1])


def eventually(what: str, found: Callable[[], object]) -> None:
    """Wait until it is so."""
    ends_at = time.monotonic() + WAIT_SECONDS
    while not found():
        assert time.monotonic() < ends_at, what
        time.sleep(0.05)


def rows(world: World) -> dict[str, int]:
    """How many exchanges of this test ended how."""
    query = "SELECT outcome, count(*) AS n FROM monitor_requestlog WHERE preview LIKE %s GROUP BY outcome"
    return {str(row["outcome"]): int(str(row["n"])) for row in world.server.rows(query, ("Trouble%",))}


TROUBLES = [
    pytest.param(full_disk, "takes nothing", id="disk full", marks=sqlite_only),
    pytest.param(locked, "takes nothing|has not answered", id="locked"),
    pytest.param(vanished, "cannot be asked", id="vanished"),
    pytest.param(read_only, "takes nothing", id="read only", marks=postgres_only),
]


@pytest.mark.parametrize(("trouble", "told"), TROUBLES)
def test_a_store_in_trouble_harms_no_stream_and_loses_no_row(
    own_world: OwnWorld, trouble: Trouble, told: str
) -> None:
    """Streams end whole, old and new ones; the start page tells; with the store back all is stored."""
    with (
        own_world(DJANGO_SETTINGS_MODULE="tests.served.processes.quick_lock_settings") as world,
        contextlib.closing(signed_in(world)) as browser,
    ):
        assert world.messages("Trouble to come.").status_code == 200
        body = {"max_tokens": 1024, "model": "claude-sonnet-4-6", "stream": True}
        said = [{"role": "user", "content": "Trouble in the middle. [say: events=60, delay=0.02]"}]
        with world.client.stream("POST", "/v1/messages", json={**body, "messages": said}) as running:
            pieces = running.iter_text()
            text = next(pieces)
            with trouble(world.server):
                text += "".join(pieces)
                assert "message_stop" in text
                for number in range(4):
                    answer = world.messages(f"Trouble {number}.", stream=number % 2 == 0)
                    assert answer.status_code == 200
                    assert text_of(answer) if number % 2 == 0 else answer.json()["content"][0]["text"]
                eventually("rows wait", lambda: metric(world, "evenkeel_rows_waiting") > 0)
                eventually("the page tells", lambda: re.search(told, browser.get("/admin/").text))
                if trouble is not locked:
                    assert metric(world, "evenkeel_store_failures_total") > 0
                if trouble is vanished:
                    assert browser.get("/admin/").status_code == 503
                    eventually("not ready", lambda: world.client.get("/readyz").status_code == 503)
        counters = [counter for counter, _ in read_counters(text_of(httpx.Response(200, text=text)))]
        assert len(counters) > 40
        assert counters == list(range(len(counters)))
        eventually("all is stored", lambda: rows(world) == {"ok": 6})
        eventually("nothing waits", lambda: metric(world, "evenkeel_rows_waiting") == 0)
        page = browser.get("/admin/")
        assert page.status_code == 200
        assert "takes nothing" not in page.text
        assert world.client.get("/readyz").status_code == 200
        assert world.messages("Trouble is over.").status_code == 200
        eventually("the last one too", lambda: rows(world) == {"ok": 7})


@sqlite_only
def test_a_removed_database_is_not_written_to(own_world: OwnWorld) -> None:
    """What is removed under the server is an error at once; a copy in its place takes what waited."""
    with own_world() as world:
        world.row(world.messages("Trouble to come."))
        path = world.server.data_dir / "proxy.sqlite3"
        copy = sqlite3.connect(world.server.data_dir / "copy.sqlite3")
        with contextlib.closing(sqlite3.connect(path)) as source:
            source.backup(copy)
        copy.close()
        for part in world.server.data_dir.glob("proxy.sqlite3*"):
            part.unlink()
        assert world.messages("Trouble without a store.").status_code == 200
        eventually("told", lambda: metric(world, "evenkeel_store_failures_total") > 0)
        (world.server.data_dir / "copy.sqlite3").rename(path)
        eventually("stored in the copy", lambda: rows(world) == {"ok": 2})
