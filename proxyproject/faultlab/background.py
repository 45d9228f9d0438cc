"""A run of the lab beside the server: one at a time, in a process of its own, its last report kept.

Everything is in one folder of the data directory, so that each server process sees the same: ``lock`` is held
by the running lab for as long as it lives (a lock on an open file is inherited) and holds its process id.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from pathlib import Path

import msgspec
from django.conf import settings

from proxyproject.faultlab.report import (
    PROGRESS,
    REPORT,
    Report,
    RunProgress,
    read_progress,
    read_report,
    write,
)
from proxyproject.faultlab.selection import Selection
from proxyproject.own_command import own_command

OUTPUT = "output.txt"
ERROR_CHARACTERS = 2_000
"""Of what a lab that failed has said, its end is shown."""


class AlreadyRunning(Exception):
    """A lab runs; there is one at a time."""


class BackgroundLab:
    """The lab of one data directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, selection: Selection, by: str) -> None:
        """Run what ``by`` has selected; raises AlreadyRunning."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning from None
            (self._folder / "cancelled").unlink(missing_ok=True)
            write(self._folder / PROGRESS, RunProgress("running", time.time(), by, selection))
            report = f"--report={self._folder}"
            command = own_command("faultlab", report, *selection.arguments())
            with (self._folder / OUTPUT).open("wb") as output:
                process = subprocess.Popen(  # noqa: S603  our own command; the arguments are of the contract
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=[lock],  # held from now on by that process, and by nobody else
                    start_new_session=True,
                )
            self._started.append(process)
            os.truncate(lock, 0)
            os.pwrite(lock, str(process.pid).encode(), 0)
        finally:
            os.close(lock)

    def cancel(self) -> None:
        """End the lab that runs, whichever server process started it; nothing happens where none runs."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self._folder / "lock").read_bytes())
            if self.is_running():
                (self._folder / "cancelled").touch()
                os.kill(pid, signal.SIGTERM)

    def is_running(self) -> bool:
        """Whether somebody holds the lock."""
        for process in self._started:
            process.poll()  # else it stays a zombie
        try:
            lock = os.open(self._folder / "lock", os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def progress(self) -> RunProgress | None:
        """How far the latest run has come, or how it ended; None when there was none."""
        is_running = self.is_running()  # first: what it writes at its end is there when it is gone
        found = read_progress(self._folder / PROGRESS)
        if found is None or is_running or found.state != "running":
            return found
        if (self._folder / "cancelled").exists():
            return msgspec.structs.replace(found, state="cancelled")
        return msgspec.structs.replace(found, state="failed", error=self._said())

    def report(self) -> Report | None:
        """The last run that came to its end."""
        return read_report(self._folder / REPORT)

    def end(self) -> None:
        """The server ends: end the lab that this process started, and wait for it."""
        for process in self._started:
            if process.poll() is None:
                self.cancel()
                process.wait()

    def _said(self) -> str:
        with contextlib.suppress(OSError):
            return (self._folder / OUTPUT).read_text(errors="replace")[-ERROR_CHARACTERS:].strip()
        return ""


background_lab = BackgroundLab(settings.DATA_DIR / "faultlab")
"""The one of this process."""
