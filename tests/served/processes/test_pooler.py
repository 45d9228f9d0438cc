"""Behind a PgBouncer that gives each transaction another session: everything works, and one keeps house."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest

from monitor.retention.turn import _KEY
from proxyproject.management.commands.migrate import LOCK_NUMBER
from relay.simulator.thread import SimulatorThread
from tests import stores
from tests.running_server import ROOT, ServerWorld
from tests.served.operators import log_in, make_operator
from tests.served.processes.poolers import pgbouncer
from tests.served.processes.several import SeveralWorld, shared_stores
from tests.served.world import PATIENCE_SECONDS, text_of

HOLDERS = """
SELECT 1 FROM pg_locks JOIN pg_stat_activity activity USING (pid)
WHERE locktype = 'advisory' AND granted AND datname = current_database() AND classid = %s AND objid = %s
"""
PAGES = (
    "/admin/", "/admin/accounts/account/", "/monitor/history/", "/monitor/conversations/",
    "/monitor/statistics/", "/monitor/live/", "/monitor/history/export/file/?form=csv", "/monitor/retention/",
)  # fmt: skip
CLAIMS = """
import sys, django; django.setup()
from pathlib import Path
from monitor.retention.turn import HousekeepingTurn
turn = HousekeepingTurn(Path("nowhere"))
for _ in sys.stdin:
    print(turn.is_ours(), flush=True)
"""
CURSORS = """
from django.contrib.auth.models import Permission
from django.db import connection, transaction
half_read = Permission.objects.iterator(chunk_size=1)
next(half_read)
other = connection.copy()
other.set_autocommit(False)
other.cursor().execute("SELECT 1")
print(1 + sum(1 for _ in half_read) == Permission.objects.count())
with transaction.atomic():
    print(sum(1 for _ in Permission.objects.iterator(chunk_size=1)) == Permission.objects.count())
"""


class PooledWorld(SeveralWorld):
    """Whose server reaches PostgreSQL over a pooler, and whose tests see it directly."""

    def direct(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection without the pooler."""
        path = urlsplit(self.server.env["DATABASE_URL"]).path
        url = urlunsplit(urlsplit(stores.database_url())._replace(path=path))
        return psycopg.connect(url, autocommit=True)

    def of_its_own(self) -> str:
        """The pooled URL of the database that every PostgreSQL has: nobody keeps house there."""
        return urlunsplit(urlsplit(self.server.env["DATABASE_URL"])._replace(path="/postgres"))

    def holders(self, lock: int) -> int:
        """How many sessions hold the advisory lock."""
        with self.direct() as connection:
            return len(connection.execute(HOLDERS, (lock >> 32, lock & 0xFFFFFFFF)).fetchall())

    def housekeeper(self) -> int:
        """How many sessions hold the housekeeper's lock, once there is one."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while not (found := self.holders(_KEY)):
            assert time.monotonic() < ends_at, "nobody keeps house"
            time.sleep(0.1)
        return found


@pytest.fixture(scope="module")
def world(server_world: ServerWorld) -> Iterator[PooledWorld]:
    """Two workers, and a pool so small that sessions change hands all the time."""
    pooler = partial(pgbouncer, default_pool_size="4")
    with SimulatorThread() as simulator, shared_stores(server_world, pooler) as start:
        world = PooledWorld(start("--workers", "2"), simulator)
        world.wait_until_all_know()
        yield world
        world.client.close()


def test_the_server_serves_and_shows(world: PooledWorld) -> None:
    """Forty conversations at once, each row there once; history, export, usage and account pages answer."""

    def ask(number: int) -> str:
        return text_of(world.say([{"role": "user", "content": f"Question {number}."}]))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(40)))
    world.eventually("SELECT 1 WHERE (SELECT count(*) FROM monitor_requestlog WHERE NOT in_flight) >= 40", ())
    make_operator(world)
    with httpx.Client(base_url=world.server.base_url, timeout=60) as browser:
        log_in(browser)
        for page in PAGES:
            assert browser.get(page).status_code == 200, page
    assert "Traceback" not in world.server.log_text, world.server.log_text


def test_one_process_keeps_house(world: PooledWorld) -> None:
    """Whatever sessions the pool hands out, and as long as it lives; then another does."""
    assert world.housekeeper() == 1
    environment = {**world.server.env, "DATABASE_URL": world.of_its_own()}
    environment["DJANGO_SETTINGS_MODULE"] = "proxyproject.settings"
    command, pipe = [sys.executable, "-c", CLAIMS], subprocess.PIPE
    both = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)
        for _ in range(2)
    ]

    def claim(process: "subprocess.Popen[str]") -> bool:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        return process.stdout.readline() == "True\n"

    try:
        assert claim(both[0])
        for _ in range(10):
            assert not claim(both[1])
            assert claim(both[0])
        both[0].kill()
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while not claim(both[1]):  # the pooler notices a moment later
            assert time.monotonic() < ends_at
    finally:
        for process in both:
            process.kill()
            process.communicate()


def test_migrations_take_turns_and_leave_no_lock(world: PooledWorld) -> None:
    """Three at once: the lock of one that has ended stands in nobody's way."""

    def migrate(_: int) -> None:
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=world.server.env, check=True, timeout=PATIENCE_SECONDS)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(migrate, range(3)))
    assert world.holders(LOCK_NUMBER) == 0


def test_cursors_hold_outside_and_inside_transactions(world: PooledWorld) -> None:
    """A half-read result is read to its end, though its session was given to others meanwhile."""
    assert world.server.manage("shell", "-v0", "-c", CURSORS).split() == ["True", "True"]
