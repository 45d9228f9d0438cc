"""``logs/app.log``: one line per event, rolled daily, the same lines on the console.

Any room logs with plain ``logging`` and names what it knows in ``extra``: ``request_id``, ``attempt``,
``account``, ``model`` (missing ones are written as ``-``)::

    logger.warning("Rotating account for status %d: %s -> %s", status, old, new,
                   extra={"request_id": id, "attempt": 1, "account": old, "model": model})

Writing happens in a thread of its own behind a queue, so that no disk or terminal holds up the event loop,
and under a lock between processes: the standard library's handler lost 65 % of the lines of three processes.
A line cannot be forged: control characters in it are escaped, a traceback's lines are indented. Whatever
looks like a key is masked. That is the last line of defence, not a licence to log one.
"""

import atexit
import copy
import logging
import queue
import sys
import threading
import time
from datetime import datetime
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from typing import Any

from concurrent_log_handler import ConcurrentTimedRotatingFileHandler

from monitor.redaction import mask_text

FIELDS = {"request_id": "-", "attempt": "-", "account": "-", "model": "-"}
LINE = (
    "%(asctime)s %(levelname)-7s [%(request_id)s attempt=%(attempt)s account=%(account)s model=%(model)s]"
    " %(name)s: %(message)s"
)

QUEUE_LIMIT_LINES = 50_000
"""Lines kept while the disk or the terminal hangs (about 25 MB); what comes then is counted and left out."""

QUIET_LIBRARIES = ("aiohttp", "asyncio", "concurrent_log_handler", "daphne", "httpcore", "httpx", "twisted")
"""They tell of each request at INFO, some of them with its whole URL."""

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


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
        lines = [self.formatMessage(record).translate(_CONTROLS)]
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        for trace in record.exc_text, record.stack_info:
            lines += [f"    | {line.translate(_CONTROLS)}" for line in (trace or "").splitlines()]
        return mask_text("\n".join(lines))


class RolledFile(ConcurrentTimedRotatingFileHandler):
    """The file, safe between processes. What goes wrong with it is told on stderr, once a minute."""

    def __init__(self, path: Path, keep_days: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(str(path), when="midnight", backupCount=keep_days, encoding="utf-8")
        self._last_complaint = -60.0

    def handleError(self, record: logging.LogRecord) -> None:
        """Say what failed, and never the record, which the standard library would print unmasked."""
        if time.monotonic() - self._last_complaint >= 60:
            self._last_complaint = time.monotonic()
            print(f"{self.baseFilename} cannot be written: {sys.exc_info()[1]!r}", file=sys.stderr)  # noqa: T201


class AppLog(QueueHandler):
    """The root logger's handler: hands each record to a thread that writes it to the file and the console.

    The thread and the file come with the first record, so that a command that logs nothing touches nothing.
    ``close`` (at exit) and ``flush`` wait until everything is written.
    """

    def __init__(self, path: str, keep_days: int, console: bool = True) -> None:
        self._records: queue.Queue[logging.LogRecord] = queue.Queue(QUEUE_LIMIT_LINES)
        super().__init__(self._records)
        self._path = Path(path)
        self._keep_days = keep_days
        self._console = console
        self._listener: QueueListener | None = None
        self._starting = threading.Lock()
        self._left_out = 0
        self._is_closed = False

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Fix the text now (what the arguments refer to may change), leave the formatting to the thread."""
        record = copy.copy(record)
        record.msg, record.args = record.getMessage(), None
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Hand over without ever waiting; after ``close`` nothing is taken, a thread could not be started."""
        if self._is_closed:
            return
        if self._listener is None:
            self._start()
        try:
            if self._left_out:
                self._records.put_nowait(self._confession())
                self._left_out = 0
            self._records.put_nowait(record)
        except queue.Full:
            self._left_out += 1

    def _confession(self) -> logging.LogRecord:
        text = f"{self._left_out} log lines were left out here: they came faster than they could be written"
        return logging.makeLogRecord({"name": __name__, "levelno": 30, "levelname": "WARNING", "msg": text})

    def flush(self) -> None:
        """Wait until what was logged so far is written."""
        if self._listener is not None:
            self._records.join()

    def close(self) -> None:
        """Write what is left, end the thread."""
        with self._starting:
            listener, self._listener = self._listener, None
            self._is_closed = True
        if listener is not None:
            atexit.unregister(self.close)
            self._records.join()
            listener.stop()
            for handler in listener.handlers:
                handler.close()
        super().close()

    def _start(self) -> None:
        with self._starting:
            if self._listener is None:
                handlers: list[logging.Handler] = [RolledFile(self._path, self._keep_days)]
                if self._console:
                    handlers.append(logging.StreamHandler())
                for handler in handlers:
                    handler.setFormatter(LineFormatter())
                listener = QueueListener(self._records, *handlers)
                listener.start()
                self._listener = listener
                # logging.shutdown would close the file first, while the thread still writes to it.
                atexit.register(self.close)


def configuration(log_dir: Path, level: str, keep_days: int) -> dict[str, Any]:
    """Django's LOGGING: everything from ``level`` on goes to ``log_dir``/app.log and the console."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "app": {
                "class": "proxyproject.app_log.AppLog",
                "path": str(log_dir / "app.log"),
                "keep_days": keep_days,
            },
        },
        "root": {"handlers": ["app"], "level": level},
        "loggers": {name: {"level": "WARNING"} for name in QUIET_LIBRARIES}
        | {"django": {"handlers": [], "level": level}},
    }
