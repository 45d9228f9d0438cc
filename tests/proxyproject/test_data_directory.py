"""The data directory: its owner's alone, one server, one migration."""

import os
import re
import stat
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from proxyproject.data_directory import InUse, claim, held
from tests import stores
from tests.running_server import ROOT, RunningServer, environment_for


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_directory_is_made_or_closed(tmp_path: Path) -> None:
    """Whatever the umask, and however open it was, nobody else may enter; files in it stay as they are."""
    before = os.umask(0)
    try:
        claim(tmp_path / "new" / "data")
        (tmp_path / "open").mkdir(mode=0o777)
        (tmp_path / "open" / "mine").touch(0o644)
        claim(tmp_path / "open")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "new" / "data") == 0o700
    assert mode_of(tmp_path / "open") == 0o700
    assert mode_of(tmp_path / "open" / "mine") == 0o644


def test_somebody_elses_directory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence that says what to do; root's is taken where others cannot enter."""
    tmp_path.chmod(0o770)
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if owner == 0:
        claim(tmp_path)
        tmp_path.chmod(0o775)
    with pytest.raises(SystemExit, match=r"belongs to another user .* set PROXY_DATA_DIR"):
        claim(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="cannot be made"):
        claim(tmp_path / "file")


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    """Who does not wait is told who has it; afterwards it is free."""
    path = tmp_path / "one.lock"
    with held(path, waits=False):
        with pytest.raises(InUse, match=f"process {os.getpid()}"), held(path, waits=False):
            pass
        assert mode_of(path) == 0o600
    with held(path, waits=True):
        pass


@pytest.mark.skipif(stores.wanted(), reason="PostgreSQL is for several servers")
def test_a_second_server_on_the_same_sqlite_is_refused(running_server: Callable[..., RunningServer]) -> None:
    """It says which process has the directory, and the first goes on."""
    server = running_server()
    second = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", "0"],
        cwd=ROOT,
        env=server.env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 1
    assert re.search(rf"Another server \(process {server.pid}\) uses the data directory", second.stderr)
    assert "Traceback" not in second.stderr
    server.kill()
    server.start()  # a lock ends with its process


@pytest.mark.outside
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_two_migrations_at_once_both_succeed(tmp_path: Path, store: str) -> None:
    """On an empty database: one does the work, the others wait and find it done."""
    environment = environment_for(tmp_path)
    name = f"twice_{uuid.uuid4().hex[:12]}"
    if store == "postgres":
        environment["DATABASE_URL"] = stores.create_database(name)
    command = [sys.executable, "manage.py", "migrate", "-v0", "--no-input"]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(3)
    ]
    told = [process.communicate(timeout=120)[0].decode() for process in running]
    if store == "postgres":
        stores.drop_database(name)
    assert [process.returncode for process in running] == [0, 0, 0], told
