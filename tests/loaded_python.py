"""A Python that has loaded this project's libraries: each program that it runs is a fork of it.

To load them costs more than a second of CPU, and the suite starts some hundred servers. What a fork runs is a
process of its own as before, with its environment, its settings and its part of the project loaded by itself;
only what asks for no settings is there already. Where Python itself is to be started in another way (another
interpreter's option, another environment variable of Python) use ``subprocess``. All forks have one hash
seed, and aiohttp's TLS context is made before them.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO

from tests import stores
from tests.own_process.loaded_libraries import LIBRARIES, MIGRATED

ROOT = Path(__file__).resolve().parent.parent

NOT_YET = frozenset({"proxyproject.settings", "prometheus_client", "twisted.internet.reactor"})
"""What looks at its environment when it is imported: each program does that for itself."""

_LENGTH_BYTES = 4
_DESCRIPTORS = 4
"""stdin, stdout, stderr, and where it is told how the program ends."""


class Program:
    """A program that runs, with what ``subprocess.Popen`` has too."""

    def __init__(self, arguments: Sequence[str], stdin: IO[str], stdout: IO[str], told: IO[str]) -> None:
        """``told`` says the process id, and the exit code once it is known."""
        self.args = list(arguments)
        self.stdin = stdin
        self.stdout = stdout
        self.returncode: int | None = None
        self._told = told
        self._lock = threading.Lock()
        self.pid = int(told.readline() or 0)
        assert self.pid, "the process that has loaded the libraries has died"

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended. TimeoutExpired when that takes longer."""
        ends_at = None if timeout is None else time.monotonic() + timeout
        while (code := self._look(None if ends_at is None else max(0.0, ends_at - time.monotonic()))) is None:
            if ends_at is not None and time.monotonic() >= ends_at:
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # ended, and not told yet
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _look(self, seconds: float | None) -> int | None:
        # Waited for without the lock: others may want to kill it meanwhile.
        if self.returncode is None and _is_readable(self._told, seconds):
            with self._lock:
                if self.returncode is None:
                    self.returncode = int(self._told.readline() or -signal.SIGKILL)
        return self.returncode


def _is_readable(told: IO[str], seconds: float | None) -> bool:
    poll = select.poll()
    poll.register(told, select.POLLIN)
    return bool(poll.poll(None if seconds is None else seconds * 1000))


def start(*arguments: str, env: dict[str, str], talks: bool = False) -> Program:
    """Run ``manage.py`` (with its arguments) or ``-m MODULE`` in the project's folder with this environment.

    What it writes can be read from ``Program.stdout``, stderr too. One that ``talks`` hears what is written
    to ``Program.stdin``, and its stderr is that of the tests; without, its stdin is empty.
    """
    read, written = os.pipe()
    told, telling = os.pipe()
    heard, asked = os.pipe()
    errors = sys.__stderr__.fileno() if talks and sys.__stderr__ else written
    _loaded().start(arguments, env, [heard, written, errors, telling])
    for descriptor in (written, telling, heard):
        os.close(descriptor)
    stdin = os.fdopen(asked, "w", encoding="utf-8")
    if not talks:
        stdin.close()
    stdout = os.fdopen(read, encoding="utf-8", errors="replace")
    return Program(arguments, stdin, stdout, os.fdopen(told))


class _Loaded:
    """The process that has loaded the libraries."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.loaded_python", str(other.fileno())],
                cwd=ROOT,
                pass_fds=[other.fileno()],
            )
        atexit.register(self.end)

    def start(self, arguments: Sequence[str], env: dict[str, str], descriptors: list[int]) -> None:
        asked = json.dumps([arguments, env]).encode()
        with self._lock:
            socket.send_fds(self._control, [len(asked).to_bytes(_LENGTH_BYTES)], descriptors)
            self._control.sendall(asked)

    def end(self) -> None:
        self._control.close()
        self._process.wait()


@functools.cache
def _loaded() -> _Loaded:
    return _Loaded()


def _serve(control: socket.socket) -> list[str]:
    """Fork for each program that is asked for. Only in a fork it returns: with the program's arguments."""
    running: dict[int, int] = {}
    woken, waking = os.pipe()
    for end in (woken, waking):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _noted)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the tests, and those end what they started
    while True:
        ready = select.select([control, woken], [], [])[0]
        if woken in ready:
            os.read(woken, 4096)
            _tell_of_ended(running)
        if control not in ready:
            continue
        head, descriptors, _, _ = socket.recv_fds(control, _LENGTH_BYTES, _DESCRIPTORS, socket.MSG_WAITALL)
        if not head:  # the tests are over, or have died
            for child in running:
                os.kill(child, signal.SIGKILL)
            os._exit(0)
        arguments, env = json.loads(_received(control, int.from_bytes(head)))
        child = os.fork()
        if not child:
            _become(env, descriptors)
            return arguments
        *own, telling = descriptors
        for descriptor in own:
            os.close(descriptor)
        running[child] = telling
        _tell(telling, child)


def _noted(number: int, frame: FrameType | None) -> None:
    """SIGCHLD: the loop is woken by it."""


def _received(control: socket.socket, size: int) -> bytes:
    whole = bytearray()
    while len(whole) < size and (piece := control.recv(size - len(whole), socket.MSG_WAITALL)):
        whole += piece  # a signal may cut it short
    return bytes(whole)


def _tell(telling: int, number: int) -> None:
    with suppress(OSError):  # who asked for the program may have let go of it
        os.write(telling, f"{number}\n".encode())


def _tell_of_ended(running: dict[int, int]) -> None:
    while running:
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            return
        telling = running.pop(child)
        _tell(telling, os.waitstatus_to_exitcode(status))
        os.close(telling)


def _become(env: dict[str, str], descriptors: Sequence[int]) -> None:
    """In the fork: its signals, its descriptors and its environment are those of a new process."""
    stores.end_with_parent()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
    os.closerange(3, max(int(one.name) for one in Path("/dev/fd").iterdir()) + 1)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(env)


def _run(arguments: Sequence[str]) -> None:
    if arguments[0] == "-m":
        sys.argv[1:] = arguments[2:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = arguments
        runpy.run_path(arguments[0], run_name="__main__")


def _load_migrations() -> None:
    """Those that name the user's model ask the settings for it, and stay for each program."""
    from django.core.exceptions import ImproperlyConfigured

    for app in MIGRATED:
        package = importlib.import_module(f"{app}.migrations")
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            with suppress(ImproperlyConfigured):
                importlib.import_module(module.name)


def main() -> None:
    """Load, then fork as often as asked; a fork comes out of here with its program run."""
    from django.conf import settings

    from proxyproject import unused_imports

    os.environ.pop(
        "DJANGO_SETTINGS_MODULE", None
    )  # nothing may ask for settings yet; each program has its own
    unused_imports.leave_out(uses_postgresql=True)
    for name in LIBRARIES:
        importlib.import_module(name)
    _load_migrations()
    assert NOT_YET.isdisjoint(sys.modules), NOT_YET & sys.modules.keys()
    assert not settings.configured
    gc.collect()
    gc.freeze()
    _run(_serve(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
