"""Several server processes on the same sockets: start them, pass signals on, replace one that crashed."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from types import FrameType

YOUNG_SECONDS = 10
"""A worker that ends by itself sooner than this has a reason that a new one would have too."""


def ending_signals() -> list[signal.Signals]:
    """The signals that end a server: of a closed terminal too, unless ``nohup`` has said otherwise."""
    ending = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        ending.append(signal.SIGHUP)
    return ending


class Workers:
    """``count`` processes running ``command``, each with ``listeners`` as inherited descriptors."""

    def __init__(self, command: Sequence[str], listeners: Sequence[socket.socket], count: int) -> None:
        self._command = list(command)
        self._descriptors = [listener.fileno() for listener in listeners]
        self._count = count
        self._started: dict[int, float] = {}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._is_ending = False

    def run(self, report: Callable[[str], None], when_started: Callable[[], None]) -> int:
        """Start the workers and wait for their end; the exit code (0 when every one ended as asked).

        Signals that ask for the end are passed on to every worker. ``report`` gets a line for the terminal.
        """
        for number in ending_signals():
            signal.signal(number, self._pass_on)
        for _ in range(self._count):
            self._start_one()
        when_started()
        worst = 0
        while self._processes:
            pid, status = os.wait()
            process = self._processes.pop(pid, None)
            if process is None:
                continue
            code = process.returncode = os.waitstatus_to_exitcode(status)
            if self._is_ending:
                worst = worst or code
            elif time.monotonic() - self._started[pid] < YOUNG_SECONDS:
                report(f"A worker ended with {code} soon after its start: stopping the others.")
                worst = code or 1
                self._end_all()
            else:
                report(f"Worker {pid} ended with {code}: starting another.")
                self._start_one()
        return worst

    def _start_one(self) -> None:
        process = subprocess.Popen(  # noqa: S603  our own command line
            [*self._command, *(part for one in self._descriptors for part in ("--fd", str(one)))],
            pass_fds=self._descriptors,
            stdin=subprocess.PIPE,  # closed when this process is gone, however it went: then the worker ends
            process_group=0,  # a terminal's Ctrl-C comes to this process alone, which passes it on
        )
        self._processes[process.pid] = process
        self._started[process.pid] = time.monotonic()

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        self._end_all()

    def _end_all(self) -> None:
        self._is_ending = True
        for pid in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
