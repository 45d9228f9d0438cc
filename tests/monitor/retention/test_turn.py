"""One process keeps house for all that share a database; another takes over when it is gone."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from django.db import DatabaseError, connection

from monitor.retention import turn
from monitor.retention.housekeeping import Housekeeper
from monitor.retention.pruner import Limits
from monitor.retention.turn import _KEY, HousekeepingTurn
from tests import stores
from tests.running_server import ROOT
from tests.served.world import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")


class Elsewhere:
    """A thread with a connection of its own, as another process's housekeeper has."""

    def __init__(self) -> None:
        self._work: list[Callable[[], object]] = []
        self._come, self._done = threading.Semaphore(0), threading.Semaphore(0)
        self._results: list[object] = []
        threading.Thread(target=self._run, daemon=True).start()

    def do(self, work: Callable[[], T]) -> T:
        """The result of ``work``, done there."""
        self._work.append(work)
        self._come.release()
        assert self._done.acquire(timeout=20)
        return self._results.pop()  # type: ignore[return-value]

    def _run(self) -> None:
        while True:
            self._come.acquire()
            self._results.append(self._work.pop()())
            self._done.release()


def test_one_at_a_time(tmp_path: Path) -> None:
    """Who has the turn keeps it; the other has it as soon as the first gives it up."""
    there = Elsewhere()
    ours, theirs = HousekeepingTurn(tmp_path / "lock"), HousekeepingTurn(tmp_path / "lock")
    assert ours.is_ours()
    assert ours.is_ours()
    assert not there.do(theirs.is_ours)
    ours.give_up()
    assert there.do(theirs.is_ours)
    assert not ours.is_ours()
    there.do(theirs.give_up)


def test_a_broken_connection_takes_the_turn_with_it(tmp_path: Path) -> None:
    """On PostgreSQL the lock is the connection's: it is asked for again on a new one, and free for others."""
    if connection.vendor != "postgresql":
        assert HousekeepingTurn(tmp_path / "lock").is_ours(), "a file's lock is the process's: nothing breaks"
        return
    there = Elsewhere()
    ours, theirs = HousekeepingTurn(tmp_path / "lock"), HousekeepingTurn(tmp_path / "lock")
    assert ours.is_ours()
    connection.close()
    ends_at = time.monotonic() + 20
    while not there.do(theirs.is_ours):  # the server notices a moment later
        assert time.monotonic() < ends_at
    assert not ours.is_ours()
    there.do(theirs.give_up)


@pytest.mark.parametrize("is_told", [True, False])
def test_long_work_behind_a_pooler_keeps_the_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_told: bool
) -> None:
    """If it was told: nobody asks in the transaction with the lock while another connection works."""
    if connection.vendor != "postgresql":
        assert HousekeepingTurn(tmp_path / "lock").is_ours(1800), "a file's lock stays however long it takes"
        return
    connection.ensure_connection()
    monkeypatch.setattr(connection, "is_behind_pooler", True)
    there = Elsewhere()
    there.do(lambda: (connection.ensure_connection(), setattr(connection, "is_behind_pooler", True)))
    ours, theirs = HousekeepingTurn(tmp_path / "lock"), HousekeepingTurn(tmp_path / "lock")
    monkeypatch.setattr(turn, "IDLE_SECONDS", 0.1)
    assert ours.is_ours(1800 if is_told else 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.5)")  # the work
    if is_told:
        assert not there.do(theirs.is_ours)
        assert ours.is_ours(1800)
    else:
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while not there.do(theirs.is_ours):
            assert time.monotonic() < ends_at
        with pytest.raises(DatabaseError, match="idle-in-transaction"):
            ours.is_ours()
    ours.give_up()
    there.do(theirs.give_up)


def test_only_who_has_the_turn_keeps_house(tmp_path: Path) -> None:
    """The others close only the rows of the dead that they alone can see."""
    there = Elsewhere()
    its_turn = HousekeepingTurn(tmp_path / "lock")
    assert there.do(its_turn.is_ours)
    done: list[str] = []

    def note(what: str, answer: T) -> T:
        done.append(what)
        return answer

    housekeeper = Housekeeper(
        lambda: note("alive", {"me"}),
        Limits(0, 0),
        lambda: note("dead", {"sibling"}),
        prunes=[lambda now: note("pruned", 0)],
        turn=HousekeepingTurn(tmp_path / "lock"),
    )
    housekeeper.tick(1_700_000_000.0)
    assert done == ["dead"]
    there.do(its_turn.give_up)
    housekeeper.tick(1_700_000_005.0)
    assert done == ["dead", "dead", "alive", "pruned"]


FROZEN = """
import sys, django; django.setup()
from pathlib import Path
from monitor.retention import turn
turn.IDLE_SECONDS = 0.2
mine = turn.HousekeepingTurn(Path("nowhere"))
print(mine.is_ours(), flush=True)
sys.stdin.readline()
"""


@pytest.mark.outside
def test_a_frozen_process_loses_its_turn(tmp_path: Path) -> None:
    """As one whose host has gone off the network: PostgreSQL ends its session, and another keeps house."""
    name = f"turn_{uuid.uuid4().hex[:12]}"
    url = stores.create_database(name)
    environment = {
        "PATH": os.environ["PATH"], "PROXY_ENV_FILE": "", "PROXY_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "proxyproject.settings", "DATABASE_URL": url,
    }  # fmt: skip
    pipe = subprocess.PIPE
    frozen = subprocess.Popen(
        [sys.executable, "-c", FROZEN], cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True
    )
    try:
        assert frozen.stdout is not None
        assert frozen.stdout.readline() == "True\n"
        frozen.send_signal(signal.SIGSTOP)
        with psycopg.connect(url, autocommit=True) as other:
            other.execute("SET lock_timeout = '60s'")
            other.execute("SELECT pg_advisory_lock(%s)", [_KEY])
    finally:
        frozen.kill()
        frozen.communicate()
        stores.drop_database(name)
