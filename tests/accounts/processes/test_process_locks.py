"""A process that holds its lock is alive; one that ended, however, is known to be dead at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from accounts.processes.process_locks import ProcessLock

HOLD = """
import sys
from pathlib import Path
from accounts.processes.process_locks import ProcessLock
lock = ProcessLock(Path(sys.argv[1]), "other")
lock.hold()
print("held", flush=True)
sys.stdin.read()
lock.release()
"""


@pytest.fixture
def mine(tmp_path: Path) -> ProcessLock:
    """The lock of this process, held."""
    lock = ProcessLock(tmp_path / "processes", "mine")
    lock.hold()
    return lock


def other(mine: ProcessLock, tmp_path: Path) -> "subprocess.Popen[str]":
    """Another process that holds its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "processes")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.outside
def test_a_killed_process_is_known_to_be_dead(mine: ProcessLock, tmp_path: Path) -> None:
    """While it lives nobody says so; after kill -9 everybody does, until it is forgotten."""
    process = other(mine, tmp_path)
    assert mine.dead() == set()
    process.kill()
    process.communicate()
    assert mine.dead() == {"other"}
    assert mine.dead() == {"other"}
    mine.forget({"other"})
    assert mine.dead() == set()


@pytest.mark.outside
def test_a_process_that_ended_in_order_leaves_nothing(mine: ProcessLock, tmp_path: Path) -> None:
    """It removes its file."""
    process = other(mine, tmp_path)
    process.communicate("")
    assert process.returncode == 0
    assert mine.dead() == set()
    assert [path.name for path in (tmp_path / "processes").iterdir()] == ["mine.lock"]


def test_holding_and_releasing_twice_changes_nothing(mine: ProcessLock, tmp_path: Path) -> None:
    """As the life cycle may call them."""
    mine.hold()
    sibling = ProcessLock(tmp_path / "processes", "sibling")
    assert sibling.dead() == set()
    mine.release()
    mine.release()
    assert sibling.dead() == set()


def test_what_cannot_be_looked_at_is_not_dead(mine: ProcessLock, tmp_path: Path) -> None:
    """A directory in the place of a file: no lock is to be had, so nothing is claimed."""
    (tmp_path / "processes" / "odd.lock").mkdir()
    assert mine.dead() == set()
    assert ProcessLock(tmp_path / "nowhere", "x").dead() == set()
