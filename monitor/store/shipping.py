"""Bodies on their way to the store of objects: in threads, so that no row waits for them.

Where the store is away, or slower than bodies come, they go to the database as they would without it: none
is lost by that. The rows of bodies always do; the database is asked by the writer alone.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Final

import msgspec
import zstandard

from monitor.object_store.keys import key_of
from monitor.object_store.store import ObjectStore, StoreAway
from monitor.record.records import BodyRecord
from monitor.store import store_metrics
from monitor.store.bodies import BodyKey, StoredBody, body_key, queued_bytes, stored_body

logger = logging.getLogger(__name__)

LANES: Final = 4
"""Threads. An exchange's bodies take the same one, so that a later writing of a body stays the later."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""Of bodies on their way."""
AWAY_SECONDS: Final = 30.0
"""For so long nothing is tried after a failure."""


class Shipper:
    """Takes bodies from the writer, and gives it their rows when the contents are where they belong."""

    def __init__(
        self,
        store: ObjectStore,
        body_cap_bytes: int,
        give_back: Callable[[StoredBody], None],
        drop: Callable[[BodyRecord], None],
    ) -> None:
        """``give_back`` gets each row, ``drop`` what cannot be made one; both are called in our threads."""
        self._store = store
        self._body_cap_bytes = body_cap_bytes
        self._give_back = give_back
        self._drop = drop
        self._lock = threading.Lock()
        self._lanes: list[SimpleQueue[BodyRecord]] = []
        self._bytes = 0
        self._on_their_way: Counter[BodyKey] = Counter()
        self._away_until = 0.0
        self._is_closed = False

    def open(self) -> None:
        """Take bodies (a new one does)."""
        self._is_closed = False

    def close(self) -> None:
        """Put nothing more: what waits is given back for the database, and what still comes is left to it."""
        self._is_closed = True

    @property
    def is_empty(self) -> bool:
        """Whether nothing is on its way."""
        return not self._on_their_way

    def take(self, records: Sequence[BodyRecord | StoredBody]) -> list[BodyRecord | StoredBody]:
        """Take what there is room for, and return the rest, which belongs into the database. Never waits.

        A later writing of what is on its way is always taken: the earlier would replace it in the database.
        """
        left: list[BodyRecord | StoredBody] = []
        with self._lock:
            self._begin()
            for record in records:
                if isinstance(record, StoredBody) or not self._is_taken(record):
                    left.append(record)
                    continue
                self._bytes += queued_bytes(record)
                self._on_their_way[body_key(record)] += 1
                self._lanes[hash(record.request_id) % LANES].put(record)
        return left

    def _is_taken(self, record: BodyRecord) -> bool:
        if body_key(record) in self._on_their_way:
            return True
        return self._puts() and self._bytes + queued_bytes(record) <= MOST_BYTES

    def _begin(self) -> None:
        while len(self._lanes) < LANES:
            lane: SimpleQueue[BodyRecord] = SimpleQueue()
            self._lanes.append(lane)
            threading.Thread(target=self._run, args=(lane,), name="body-shipper", daemon=True).start()

    def _run(self, lane: "SimpleQueue[BodyRecord]") -> None:
        compressor = zstandard.ZstdCompressor(level=3)
        while True:
            record = lane.get()
            try:
                self._give_back(self._shipped(stored_body(record, self._body_cap_bytes, compressor)))
            except BaseException:  # nothing may end a lane, and a panic in a library's Rust is no Exception
                logger.exception("A body was left out")
                self._drop(record)
            finally:
                self._forget(record)

    def _forget(self, record: BodyRecord) -> None:
        key = body_key(record)
        with self._lock:
            self._bytes -= queued_bytes(record)
            self._on_their_way[key] -= 1
            if not self._on_their_way[key]:
                del self._on_their_way[key]

    def _shipped(self, row: StoredBody) -> StoredBody:
        """The row without its content, when that is in the store; else as it is."""
        key = key_of(row.request_id, row.kind, row.attempt)
        if key is None:
            return row
        if self._puts():
            try:
                self._store.put(key, row.content)
            except BaseException as error:  # whatever it is, the body is kept
                # Only a StoreAway's text is known to quote nothing.
                reason = error if isinstance(error, StoreAway) else type(error).__name__
                if not self._is_away():  # one lane says it for all
                    logger.warning("Bodies go to the database for %.0f s: %s", AWAY_SECONDS, reason)
                self._away_until = time.monotonic() + AWAY_SECONDS
            else:
                store_metrics.SHIPPED.inc()
                kept = row.stored_bytes - len(row.content)
                return msgspec.structs.replace(row, content=b"", stored_bytes=kept)
        return row

    def _puts(self) -> bool:
        return not (self._is_closed or self._is_away())

    def _is_away(self) -> bool:
        return time.monotonic() < self._away_until
