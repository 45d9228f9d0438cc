"""What each key used in all, for callers that ask every few seconds, without summing the whole ledger.

Hours that are long over hardly change any more. Their sum is kept for a while, and what came since is read
from the ledger each time: so a figure is the ledger's, but for a late correction of an old hour, which is
seen within ``KEPT_SECONDS``.
"""

import threading
import time
from collections.abc import Callable
from math import inf
from typing import Final

from monitor.ledger.booking import Amounts
from monitor.ledger.hours import hour_of
from monitor.ledger.reading import by_client_key

SETTLED_AFTER_SECONDS: Final = 6 * 3600.0
"""An exchange is booked in the hour of its admission, when it ends: few take longer."""

KEPT_SECONDS: Final = 3600.0


class Totals:
    """The totals of all keys; asked from any thread."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        """``now`` is in epoch seconds."""
        self._now = now
        self._lock = threading.Lock()
        self._settled: dict[str, Amounts] = {}
        self._settled_until = -inf
        self._read_at = -inf

    def by_client_key(self) -> dict[str, Amounts]:
        """By the name that stood in the rows. Blocking; raises what the database raises."""
        with self._lock:  # one sum over the whole ledger at a time
            now = self._now()
            if not 0 <= now - self._read_at < KEPT_SECONDS:
                until = hour_of(now - SETTLED_AFTER_SECONDS)
                self._settled, self._settled_until, self._read_at = by_client_key(0, until), until, now
            settled, until = self._settled, self._settled_until
        recent = by_client_key(until, inf)
        nothing = Amounts()
        names = sorted({*settled, *recent})
        return {name: settled.get(name, nothing).plus(recent.get(name, nothing)) for name in names}


totals = Totals()
"""This process's."""
