"""The log's file: several writers, one roll a day, no lost line."""

import errno
import os
import stat
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from proxyproject.logs.rolled_file import RolledFile


class Clock:
    """A clock that is set by hand."""

    def __init__(self, at: str) -> None:
        self.set(at)

    def set(self, at: str) -> None:
        self._now = datetime.fromisoformat(at).timestamp()

    def __call__(self) -> float:
        return self._now


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))


@pytest.mark.outside
def test_processes_that_write_at_once_lose_no_line(tmp_path: Path) -> None:
    """Three processes, 3,000 lines each, through a midnight that each of them meets: 9,000 whole lines."""
    path = tmp_path / "logs" / "app.log"
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from proxyproject.logs.rolled_file import RolledFile\n"
        "now = 1_800_000_000\n"
        "file = RolledFile(Path(sys.argv[1]), 9, clock=lambda: now)\n"
        "for n in range(3000):\n"
        "    now += 1 if n != 1500 else 86_400\n"
        "    file.write(b'line %s-%04d\\n' % (sys.argv[2].encode(), n))\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, str(path), str(n)]) for n in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    lines = [line for file in path.parent.glob("app.log*") for line in file.read_text().splitlines()]
    assert sorted(lines) == [f"line {writer}-{n:04d}" for writer in range(3) for n in range(3000)]


def test_two_that_meet_at_midnight_roll_once(tmp_path: Path) -> None:
    """Yesterday's lines stand in app.log.YYYY-MM-DD, today's in app.log, whoever writes first."""
    clock = Clock("2026-11-20 23:59:59.9")
    first, second = (RolledFile(tmp_path / "app.log", 3, clock=clock) for _ in range(2))
    first.write(b"a\n")
    second.write(b"b\n")
    clock.set("2026-11-21 00:00:00")
    second.write(b"c\n")
    first.write(b"d\n")
    second.write(b"e\n")
    assert (tmp_path / "app.log.2026-11-20").read_text() == "a\nb\n"
    assert (tmp_path / "app.log").read_text() == "c\nd\ne\n"
    assert names(tmp_path) == ["app.log", "app.log.2026-11-20"]


def test_a_start_after_days_rolls_under_the_files_own_day(tmp_path: Path) -> None:
    """What a process of last week wrote is rolled as last week's."""
    clock = Clock("2026-11-01 12:00")
    before = RolledFile(tmp_path / "app.log", 3, clock=clock)
    before.write(b"old\n")
    before.close()
    clock.set("2026-11-21 12:00")
    RolledFile(tmp_path / "app.log", 3, clock=clock).write(b"new\n")
    assert (tmp_path / "app.log.2026-11-01").read_text() == "old\n"
    assert (tmp_path / "app.log").read_text() == "new\n"


def test_a_start_on_the_same_day_goes_on(tmp_path: Path) -> None:
    """A restart appends."""
    clock = Clock("2026-11-01 12:00")
    for text in b"a\n", b"b\n":
        file = RolledFile(tmp_path / "app.log", 3, clock=clock)
        file.write(text)
        file.close()
    assert (tmp_path / "app.log").read_text() == "a\nb\n"
    assert names(tmp_path) == ["app.log"]


def test_old_days_are_removed(tmp_path: Path) -> None:
    """Those of as many days are kept as asked for; what else lies there is left alone."""
    (tmp_path / "app.log.mine").touch()
    clock = Clock("2026-11-01 12:00")
    file = RolledFile(tmp_path / "app.log", 2, clock=clock)
    for day in range(1, 7):
        clock.set(f"2026-11-{day:02d} 12:00")
        file.write(b"%d\n" % day)
    assert names(tmp_path) == ["app.log", "app.log.2026-11-04", "app.log.2026-11-05", "app.log.mine"]


def test_a_full_file_is_rolled_and_all_together_are_bounded(tmp_path: Path) -> None:
    """At a tenth of the room, under the day's next number; the oldest go, whatever the number of days."""
    clock = Clock("2026-11-01 12:00")
    file = RolledFile(tmp_path / "app.log", 30, 1000, clock)
    for n in range(95):
        clock.set(f"2026-11-{1 + n // 40:02d} 12:00")
        file.write(b"%049d\n" % n)
        assert sum(path.stat().st_size for path in tmp_path.glob("app.log*")) <= 1000
    kept = [path for path in tmp_path.glob("app.log*") if path.stat().st_size]
    lines = sorted(int(line) for path in kept for line in path.read_text().splitlines())
    assert lines == list(range(95 - len(lines), 95))  # the newest, without a gap
    assert len(lines) >= 17
    rolled = [name for name in names(tmp_path) if name.startswith("app.log.2026-11-03")]
    assert rolled == ["app.log.2026-11-03", *(f"app.log.2026-11-03.{n}" for n in range(1, 7))]


@pytest.mark.outside
def test_processes_that_fill_a_file_at_once_roll_it_once(tmp_path: Path) -> None:
    """Three processes roll by size under one another's hands: every line is there, whole."""
    path = tmp_path / "logs" / "app.log"
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from proxyproject.logs.rolled_file import RolledFile\n"
        "file = RolledFile(Path(sys.argv[1]), 9, 1_000_000)\n"
        "for n in range(3000):\n"
        "    file.write(b'line %s-%04d %s\\n' % (sys.argv[2].encode(), n, b'x' * 50))\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, str(path), str(n)]) for n in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    files = list(path.parent.glob("app.log*"))
    lines = [line[:11] for file in files for line in file.read_text().splitlines()]
    assert sorted(lines) == [f"line {writer}-{n:04d}" for writer in range(3) for n in range(3000)]
    assert max(file.stat().st_size for file in files) < 110_000
    assert len(files) == 6


def test_a_clock_that_was_set_back_overwrites_nothing(tmp_path: Path) -> None:
    """A second file of the same day gets a number."""
    clock = Clock("2026-11-01 12:00")
    file = RolledFile(tmp_path / "app.log", 9, clock=clock)
    for at in "2026-11-01", "2026-11-02", "2026-11-01", "2026-11-02":
        clock.set(f"{at} 12:00")
        file.close()
        file.write(at.encode() + b"\n")
    assert names(tmp_path) == ["app.log", "app.log.2026-11-01", "app.log.2026-11-01.1", "app.log.2026-11-02"]


def test_a_file_that_was_taken_away_is_made_again(tmp_path: Path) -> None:
    """An operator's rm or logrotate does not send the lines into nowhere."""
    file = RolledFile(tmp_path / "app.log", 2)
    file.write(b"a\n")
    (tmp_path / "app.log").rename(tmp_path / "taken")
    file.write(b"b\n")
    assert (tmp_path / "app.log").read_text() == "b\n"


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Whatever the umask: a log names accounts and models."""
    before = os.umask(0)
    try:
        RolledFile(tmp_path / "app.log", 2).write(b"a\n")
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
def test_midnight_is_that_of_the_time_zone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """The day begins where the operator lives, also on a day of 23 or 25 hours."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for day, next_day in ("2026-03-08", "2026-03-09"), ("2026-11-01", "2026-11-02"):
            clock = Clock(f"{day} 23:59:59")
            path = tmp_path / day / "app.log"
            file = RolledFile(path, 9, clock=clock)
            file.write(b"before\n")
            clock.set(f"{next_day} 00:00:00")
            file.write(b"after\n")
            assert path.read_text() == "after\n"
            assert path.with_name(f"app.log.{day}").read_text() == "before\n"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_disk_that_refuses_is_an_error(tmp_path: Path) -> None:
    """The caller hears of it, and can go on when the disk takes again."""
    file = RolledFile(tmp_path / "app.log", 2)
    (tmp_path / "app.log").mkdir()
    with pytest.raises(IsADirectoryError):
        file.write(b"a\n")
    (tmp_path / "app.log").rmdir()
    file.write(b"b\n")
    assert (tmp_path / "app.log").read_text() == "b\n"


def test_what_a_full_disk_cut_off_takes_no_later_line_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that was begun ends where the disk was full; the next one stands by itself."""
    path, room, write = tmp_path / "app.log", [9], os.write

    def on_a_small_disk(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "no space left")
        written = write(descriptor, data[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr(os, "write", on_a_small_disk)
    file = RolledFile(path, 9)
    for _ in range(2):
        with pytest.raises(OSError, match=r"only a part|no space"):
            file.write(b"one\ntwo and three\n")
    room[0] = 100
    file.write(b"four\n")
    file.write(b"five\n")
    file.close()
    assert path.read_bytes() == b"one\ntwo a\nfour\nfive\n"
