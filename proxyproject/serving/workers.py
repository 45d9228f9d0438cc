"""Several server processes on the same sockets: start them, pass signals on, replace one that crashed."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType

from proxyproject.serving.listening import is_listening

YOUNG_SECONDS = 10
"""A worker that ends by itself sooner than this has a reason that a new one would have too."""

READY_LOOK_SECONDS = 0.05
"""How often it is looked whether a worker listens."""

NUMBERS = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client keeps the numbers of several processes, so that ``/metrics`` tells those of all."""


def ending_signals() -> list[signal.Signals]:
    """The signals that end a server: of a closed terminal too, unless ``nohup`` has said otherwise."""
    ending = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        ending.append(signal.SIGHUP)
    return ending


class Workers:
    """``count`` processes running ``command``, each with ``listeners`` as inherited descriptors."""

    def __init__(
        self,
        command: Sequence[str],
        listeners: Sequence[socket.socket],
        count: int,
        data_dir: Path,
    ) -> None:
        """Nothing is started yet. ``data_dir`` is where the workers keep their numbers together."""
        self._command = list(command)
        self._data_dir = data_dir
        self._listeners = listeners
        self._count = count
        self._started: dict[int, float] = {}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._signals: SimpleQueue[int] = SimpleQueue()  # its put may be called from a signal handler
        self._is_ending = False
        self._worst = 0

    def run(self, report: Callable[[str], None], when_listening: Callable[[], None]) -> int:
        """Start the workers and wait for their end; the exit code (0 when every one ended as asked).

        Signals that ask for the end are passed on to every worker. ``report`` gets a line for the terminal.
        ``when_listening`` is called once the first worker is ready.
        """
        for number in (*ending_signals(), signal.SIGCHLD):
            signal.signal(number, self._note)
        with _numbers_kept_in(self._data_dir):
            for _ in range(self._count):
                self._start_one()
            self._wait_until_ready(report)
            if not self._is_ending:
                when_listening()
            while self._processes:
                self._handle(self._signals.get(), report)
        return self._worst

    def _wait_until_ready(self, report: Callable[[str], None]) -> None:
        """Return when clients can connect, or never will."""
        while not self._is_ending and not all(map(is_listening, self._listeners)):
            with contextlib.suppress(Empty):
                self._handle(self._signals.get(timeout=READY_LOOK_SECONDS), report)

    def _handle(self, number: int, report: Callable[[str], None]) -> None:
        if number == signal.SIGCHLD:
            self._look_who_ended(report)
        else:
            self._end_all()

    def _note(self, number: int, frame: FrameType | None) -> None:
        """Do nothing else here: a signal may come in the middle of the start of a worker."""
        self._signals.put(number)

    def _look_who_ended(self, report: Callable[[str], None]) -> None:
        while self._processes:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            if process := self._processes.pop(pid, None):
                process.returncode = os.waitstatus_to_exitcode(status)
                _forget_numbers_of(pid)
                self._ended(pid, process.returncode, report)

    def _ended(self, pid: int, code: int, report: Callable[[str], None]) -> None:
        if self._is_ending:
            was_asked_early = code == -signal.SIGTERM  # before it could listen to signals
            self._worst = self._worst or (0 if was_asked_early else code)
        elif time.monotonic() - self._started[pid] < YOUNG_SECONDS:
            report(f"A worker ended with {code} soon after its start: stopping the others.")
            self._worst = code or 1
            self._end_all()
        else:
            report(f"Worker {pid} ended with {code}: starting another.")
            self._start_one()

    def _start_one(self) -> None:
        descriptors = [listener.fileno() for listener in self._listeners]
        process = subprocess.Popen(  # noqa: S603  our own command line
            [*self._command, *(part for one in descriptors for part in ("--fd", str(one)))],
            pass_fds=descriptors,
            stdin=subprocess.PIPE,  # closed when this process is gone, however it went: then the worker ends
            process_group=0,  # a terminal's Ctrl-C comes to this process alone, which passes it on
        )
        self._processes[process.pid] = process
        self._started[process.pid] = time.monotonic()

    def _end_all(self) -> None:
        self._is_ending = True
        for listener in self._listeners:  # when the last worker stops to listen, nobody does
            listener.close()
        for pid in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


@contextlib.contextmanager
def _numbers_kept_in(data_dir: Path) -> Iterator[None]:
    """Workers that are started inside share their numbers; an operator's own directory is left as it is."""
    if NUMBERS in os.environ:
        yield
        return
    directory = tempfile.mkdtemp(prefix="metrics-", dir=data_dir)
    os.environ[NUMBERS] = directory
    try:
        yield
    finally:
        del os.environ[NUMBERS]
        shutil.rmtree(directory, ignore_errors=True)


def _forget_numbers_of(pid: int) -> None:
    """The worker has ended: what it counted stays, what it was just doing does not."""
    from prometheus_client import multiprocess  # not before the variable is set

    multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the library has no types
