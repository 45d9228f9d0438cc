"""``logs/app.log``: one line per event, rolled daily and by size, the same lines on the console.

Any room logs with plain ``logging`` and names what it knows in ``extra``: ``request_id``, ``attempt``,
``account``, ``model`` (missing ones are written as ``-``)::

    logger.warning("Rotating account for status %d: %s -> %s", status, old, new,
                   extra={"request_id": id, "attempt": 1, "account": old, "model": model})

Writing happens in a thread of its own behind a queue, so that no disk or terminal holds up the event loop,
and several processes may write at once (``rolled_file.py``). The thread is woken once for all lines of a
moment: a wake-up for each would cost the event loop ten times as much as the line.
A line is bounded, and what strangers can cause is limited (``flood.py``). It cannot be forged: control
characters in it are escaped, a traceback's lines are indented. Whatever looks like a key is masked. That is
the last line of defence, not a licence to log one.
"""

import atexit
import contextlib
import copy
import logging
import os
import sys
import threading
import time
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.record.redacting.redaction import mask_text
from proxyproject.logs.rolled_file import RolledFile

FIELDS = {"request_id": "-", "attempt": "-", "account": "-", "model": "-"}
LINE = (
    "%(asctime)s %(levelname)-7s [%(request_id)s attempt=%(attempt)s account=%(account)s model=%(model)s]"
    " %(name)s: %(message)s"
)

CONSOLE = 2
"""The descriptor of stderr."""

QUEUE_LIMIT_LINES = 50_000
"""Lines kept while the disk or the terminal hangs (about 25 MB); what comes then is counted and left out."""

BATCH_LINES = 500
"""At most so many lines are formatted and written in one go."""

GATHER_SECONDS = 0.02
"""How long the first line of a batch waits for others."""

COMPLAINT_SECONDS = 60.0

END_SECONDS = 5.0
"""How long ``flush`` and ``close`` wait for a disk or a terminal that takes nothing."""

LINE_CHARACTERS = 8_000
"""Of a message; a longer one loses its middle, as a traceback of four times as much does."""

FIELD_CHARACTERS = 200

QUIET_LIBRARIES = (
    "aiohttp", "asyncio", "autobahn", "daphne", "httpcore", "httpcore2", "httpx", "httpx2", "twisted",
)  # fmt: skip
"""At INFO they tell of each request, some of them with its whole URL, or of how they were built."""

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def _escaped(line: str) -> str:
    return line if line.isprintable() else line.translate(_CONTROLS)


class LineFormatter(logging.Formatter):
    """One line per event; a traceback follows indented, so that no line of it can pass for an event."""

    def __init__(self) -> None:
        super().__init__(LINE, defaults=FIELDS)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """ISO 8601 with milliseconds and the zone's offset."""
        return datetime.fromtimestamp(record.created).astimezone().isoformat(" ", "milliseconds")

    def format(self, record: logging.LogRecord) -> str:
        """Give the line, masked."""
        record.message = record.getMessage()
        record.asctime = self.formatTime(record)
        lines = [_escaped(self.formatMessage(record))]
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        for trace in record.exc_text, record.stack_info:
            lines += [f"    | {_escaped(line)}" for line in (trace or "").splitlines()]
        return mask_text("\n".join(lines))


class AppLog(logging.Handler):
    """The root logger's handler: hands each record to a thread that writes it to the file and the console.

    The thread and the file come with the first record, so that a command that logs nothing touches nothing.
    ``close`` (at exit) and ``flush`` wait until everything is written, ``END_SECONDS`` at most. A file that
    cannot be written is told on stderr once a minute.
    """

    def __init__(
        self, path: str, keep_days: int, total_bytes: int = 1_000_000_000, console: bool = True
    ) -> None:
        super().__init__()
        self._records: deque[logging.LogRecord] = deque()
        self._file = RolledFile(Path(path), keep_days, total_bytes)
        self._console = console
        self._thread: threading.Thread | None = None
        self._work = threading.Event()  # there are lines
        self._hurry = threading.Event()  # somebody waits for them
        self._written = threading.Condition()
        self._lines_taken = 0
        self._lines_written = 0
        self._is_closed = False
        self._left_out = 0
        self._complained_at = -COMPLAINT_SECONDS

    # In the thread that logs (under the handler's lock)

    def emit(self, record: logging.LogRecord) -> None:
        """Hand over without ever waiting; after ``close`` nothing is taken, a thread could not be started."""
        if self._is_closed:
            return
        try:
            fixed = _fixed(record)
        except Exception:
            self.handleError(record)
            return
        if self._thread is None:
            self._start()
        if len(self._records) >= QUEUE_LIMIT_LINES:
            self._left_out += 1
            return
        if self._left_out:
            self._take(self._confession())
            self._left_out = 0
        self._take(fixed)
        if not self._work.is_set():
            self._work.set()

    def _take(self, record: logging.LogRecord) -> None:
        self._records.append(record)
        self._lines_taken += 1

    def _confession(self) -> logging.LogRecord:
        text = f"{self._left_out} log lines were left out here: they came faster than they could be written"
        return logging.makeLogRecord({"name": __name__, "levelno": 30, "levelname": "WARNING", "msg": text})

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._write_until_closed, name="app.log", daemon=True)
        self._thread.start()
        atexit.register(self.close)  # before the interpreter ends the thread where it stands

    # The end

    def flush(self) -> None:
        """Wait until what was logged so far is written."""
        if self._thread is not None:
            ticket = self._lines_taken
            self._hurry.set()
            self._work.set()
            with self._written:
                self._written.wait_for(lambda: self._lines_written >= ticket, END_SECONDS)

    def close(self) -> None:
        """Write what is left, end the thread."""
        self.acquire()  # nobody is in the middle of handing over
        thread, self._thread = self._thread, None
        self._is_closed = True
        self.release()
        if thread is not None:
            atexit.unregister(self.close)
            self._hurry.set()
            self._work.set()
            thread.join(END_SECONDS)
        super().close()

    # In the thread that writes

    def _write_until_closed(self) -> None:
        formatter = LineFormatter()
        while self._records or not self._is_closed:
            self._work.wait()
            self._hurry.wait(GATHER_SECONDS)
            self._hurry.clear()
            self._work.clear()  # whoever comes from here on sets it again
            while self._records:
                records = [self._records.popleft() for _ in range(min(BATCH_LINES, len(self._records)))]
                self._write([formatter.format(record) for record in records])
                with self._written:
                    self._lines_written += len(records)
                    self._written.notify_all()
        self._file.close()

    def _write(self, lines: list[str]) -> None:
        text = "".join(f"{line}\n" for line in lines)
        try:
            self._file.write(text.encode("utf-8", "replace"))
        except OSError as error:
            if time.monotonic() - self._complained_at >= COMPLAINT_SECONDS:
                self._complained_at = time.monotonic()
                sys.stderr.write(f"The log cannot be written: {error}\n")
        if self._console:
            with contextlib.suppress(OSError):  # the terminal may be gone
                _write_all(CONSOLE, text.encode("utf-8", "replace"))


def _write_all(descriptor: int, data: bytes) -> None:
    """Past Python's buffer: where this hangs, the interpreter could not end for the buffer's lock."""
    while data:
        data = data[os.write(descriptor, data) :]


def _fixed(record: logging.LogRecord) -> logging.LogRecord:
    """A copy whose text is fixed now (what the arguments refer to may change); its formatting can wait."""
    record = copy.copy(record)
    record.msg, record.args = _bounded(record.getMessage(), LINE_CHARACTERS), None
    for name in FIELDS:
        if len(told := str(record.__dict__.get(name, ""))) > FIELD_CHARACTERS:
            record.__dict__[name] = told[:FIELD_CHARACTERS]
    if record.exc_info:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_info = None
    if record.exc_text:
        record.exc_text = _bounded(record.exc_text, 4 * LINE_CHARACTERS)
    return record


def _bounded(text: str, limit: int) -> str:
    """``text``, without its middle where it is longer than ``limit``."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} … {len(text) - 2 * half} characters were left out … {text[-half:]}"


def configuration(log_dir: Path, level: str, keep_days: int, total_bytes: int) -> dict[str, Any]:
    """Django's LOGGING: everything from ``level`` on goes to ``log_dir``/app.log and the console."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"flood": {"()": "proxyproject.logs.flood.Flood"}},
        "handlers": {
            "app": {
                "filters": ["flood"],
                "class": "proxyproject.logs.app_log.AppLog",
                "path": str(log_dir / "app.log"),
                "keep_days": keep_days,
                "total_bytes": total_bytes,
            },
        },
        "root": {"handlers": ["app"], "level": level},
        "loggers": {name: {"level": "WARNING"} for name in QUIET_LIBRARIES}
        | {"django": {"handlers": [], "level": level}},
    }
