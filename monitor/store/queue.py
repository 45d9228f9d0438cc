"""What waits to be stored: merged by row, bounded, counted.

A later record for the same row takes the place of the earlier. When there is too much, bodies are left
out first, then attempts and rows in flight, and only then rows that have ended.

Every method is safe from any thread; the lock is held for a few instructions, never for any work.
"""

import threading
from collections.abc import Iterable
from itertools import islice

from monitor.record.records import AttemptRecord, BodyRecord, Record, RequestRecord
from monitor.store import store_metrics
from monitor.store.bodies import BodyKey, StoredBody, body_key, queued_bytes

RowRecord = RequestRecord | AttemptRecord
QueuedBody = BodyRecord | StoredBody
"""One as it came, or as it is to be stored."""
_AttemptKey = tuple[str, int]


class RecordQueue:
    """Records on their way to the store."""

    def __init__(self, max_rows: int, max_body_bytes: int) -> None:
        self._max_rows = max_rows
        self._max_body_bytes = max_body_bytes
        self._lock = threading.Lock()
        self._requests: dict[str, RequestRecord] = {}
        self._attempts: dict[_AttemptKey, AttemptRecord] = {}
        self._bodies: dict[BodyKey, QueuedBody] = {}
        self._is_closed = False
        self.body_bytes = 0
        self.rows_in_hand = 0
        """Rows taken out that are not stored yet."""
        self.rows_dropped = 0
        self.bodies_dropped = 0

    @property
    def rows(self) -> int:
        """How many rows wait or are being stored."""
        return len(self._requests) + len(self._attempts) + self.rows_in_hand

    @property
    def bodies(self) -> int:
        """How many bodies wait."""
        return len(self._bodies)

    @property
    def has_bodies(self) -> bool:
        """Whether a body waits."""
        return bool(self._bodies)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits or is being stored."""
        return not (self.rows or self._bodies)

    def open(self) -> None:
        """Take records (a new queue does)."""
        self._is_closed = False

    def close(self) -> None:
        """Take nothing more; what still comes is counted as dropped."""
        with self._lock:
            self._is_closed = True

    def put(self, record: Record) -> None:
        """Take a record, or count that there was no room for it."""
        with self._lock:
            match record:
                case RequestRecord():
                    # What is left out in flight comes again, complete, when it has ended: then there is room.
                    limit = self._max_rows if record.in_flight else 2 * self._max_rows
                    if self._has_room(limit) or record.id in self._requests:
                        self._requests[record.id] = record
                    else:
                        self._drop_row()
                case AttemptRecord():
                    key = _attempt_key(record)
                    if self._has_room(self._max_rows) or key in self._attempts:
                        self._attempts[key] = record
                    else:
                        self._drop_row()
                case BodyRecord():
                    self._put_body(record)

    def take_rows(self) -> list[RowRecord]:
        """Take out all rows, those of requests first: who finds an attempt shall find its request."""
        with self._lock:
            requests, self._requests = self._requests, {}
            attempts, self._attempts = self._attempts, {}
            self.rows_in_hand = len(requests) + len(attempts)
        return [*requests.values(), *attempts.values()]

    def count_stored(self, rows: int) -> None:
        """That many of the rows taken out are stored now."""
        with self._lock:
            self.rows_in_hand -= rows

    def drop(self, record: RowRecord | QueuedBody) -> None:
        """Count a record that was taken out and can never be stored."""
        with self._lock:
            if isinstance(record, QueuedBody):
                self._drop_bodies(1)
            else:
                self._drop_row()

    def put_back_rows(self, records: Iterable[RowRecord]) -> None:
        """Queue again what was taken and could not be stored; what has come since for a row replaces it."""
        requests: dict[str, RequestRecord] = {}
        attempts: dict[_AttemptKey, AttemptRecord] = {}
        for record in records:
            if isinstance(record, RequestRecord):
                requests[record.id] = record
            else:
                attempts[_attempt_key(record)] = record
        with self._lock:
            self._requests = requests | self._requests
            self._attempts = attempts | self._attempts
            self.rows_in_hand = 0

    def take_bodies(self, max_bodies: int, max_bytes: int) -> list[QueuedBody]:
        """Take out the oldest bodies, at least one if there is one, and about as much as is asked for."""
        taken: list[QueuedBody] = []
        size = 0
        with self._lock:
            for record in islice(self._bodies.values(), max_bodies):
                taken.append(record)
                size += queued_bytes(record)
                if size >= max_bytes:
                    break
            for record in taken:
                del self._bodies[body_key(record)]
            self.body_bytes -= size
        return taken

    def put_back_bodies(self, records: Iterable[QueuedBody]) -> None:
        """Queue again what was taken and could not be stored."""
        with self._lock:
            self._bodies = {body_key(record): record for record in records} | self._bodies
            self.body_bytes = sum(map(queued_bytes, self._bodies.values()))

    def give_back(self, row: StoredBody) -> None:
        """Queue the row of a body that was taken out, unless it has been recorded anew since.

        Rows of one body come in the order in which it was taken: one that waits is the earlier.
        """
        with self._lock:
            before = self._bodies.get(body_key(row))
            if isinstance(before, BodyRecord):
                return
            self._bodies[body_key(row)] = row
            self.body_bytes += queued_bytes(row) - (queued_bytes(before) if before else 0)

    def forget_earlier(self, records: Iterable[QueuedBody]) -> None:
        """Leave out what was given back of bodies of which a later writing was taken out since.

        Stored after that, or put back beside it, the earlier would be what is kept.
        """
        with self._lock:
            for record in records:
                before = self._bodies.get(body_key(record))
                if isinstance(record, BodyRecord) and isinstance(before, StoredBody):
                    del self._bodies[body_key(record)]
                    self.body_bytes -= queued_bytes(before)

    def _drop_row(self) -> None:
        self.rows_dropped += 1
        store_metrics.DROPPED.labels("row").inc()

    def _drop_bodies(self, count: int) -> None:
        self.bodies_dropped += count
        store_metrics.DROPPED.labels("body").inc(count)

    def _has_room(self, limit: int) -> bool:
        return not self._is_closed and self.rows < limit

    def _put_body(self, record: BodyRecord) -> None:
        size = queued_bytes(record)
        is_crowded = not self._has_room(self._max_rows // 2)
        if is_crowded and not self._is_closed:
            self._drop_bodies(len(self._bodies))
            self._bodies, self.body_bytes = {}, 0
        if is_crowded or (self._bodies and self.body_bytes + size > self._max_body_bytes):
            self._drop_bodies(1)
            return
        if before := self._bodies.pop(body_key(record), None):
            self.body_bytes -= queued_bytes(before)
        self._bodies[body_key(record)] = record
        self.body_bytes += size


def _attempt_key(record: AttemptRecord) -> _AttemptKey:
    return (record.request_id, record.number)
