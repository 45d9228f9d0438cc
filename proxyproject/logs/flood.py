"""What strangers can cause in the log: few lines a minute, without a traceback, and how many were left out.

Django tells of each page that is not there and of each Host header that it does not know, the latter as an
error with a traceback of 2 kB. Anybody may send these by the thousand.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

WINDOW_SECONDS: Final = 60.0

LINES_A_WINDOW: Final[Mapping[str, int]] = {
    "django.request": 20,
    "django.security": 20,
    "proxyproject.login.gate": 60,
}
"""By the beginning of the logger's name."""


class Flood(logging.Filter):
    """Lets through what no stranger can cause, and a few lines of the rest."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._begun: dict[str, float] = {}
        self._seen: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether ``record`` is written; it may be told shorter, and with the number of those left out."""
        kind = next((name for name in LINES_A_WINDOW if record.name.startswith(name)), None)
        if kind is None or record.levelno < logging.WARNING or getattr(record, "status_code", 0) >= 500:
            return True
        if kind.startswith("django"):
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        with self._lock:
            return self._has_room(record, kind)

    def _has_room(self, record: logging.LogRecord, kind: str) -> bool:
        now, limit = self._clock(), LINES_A_WINDOW[kind]
        if now - self._begun.get(kind, -WINDOW_SECONDS) >= WINDOW_SECONDS:
            left_out = self._seen.get(kind, 0) - limit
            self._begun[kind], self._seen[kind] = now, 0
            if left_out > 0:
                record.msg = f"{record.getMessage()} ({left_out} lines like this were left out before it)"
                record.args = None
        self._seen[kind] += 1
        return self._seen[kind] <= limit
