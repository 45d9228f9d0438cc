"""The one thread that stores what the relay remembers, so that no exchange ever waits for a disk.

``submit`` puts a record in memory; the thread merges records of the same row and stores them every 50 ms
in batches of at most 50 rows. Smaller batches cost more, larger ones hold the interpreter's lock for longer
(500 rows: 130 ms in which the event loop stands still). A kill -9 loses what is younger than two flushes.

A batch that fails is put back and tried again for as long as it takes; what came meanwhile for the same
rows is merged into it. It must not know what a record means, and never raises into the event loop.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence

import zstandard
from django.db import DataError, Error, IntegrityError, connection, transaction

from monitor.conversations.writing import Known, count
from monitor.ledger.writing import ended_before
from monitor.object_store.store import ObjectStore
from monitor.partitions.tables import is_between
from monitor.pricing import cost
from monitor.pricing.price_list import PriceList
from monitor.pricing.prices import PriceBook
from monitor.record.records import BodyRecord, Record, RequestRecord
from monitor.record.redacting.redaction import mask_text
from monitor.store import store_metrics
from monitor.store.bodies import StoredBody, stored_body
from monitor.store.ended import add_ended
from monitor.store.queue import QueuedBody, RecordQueue, RowRecord
from monitor.store.shipping import Shipper
from monitor.store.upsert import Row, finished, finished_attempt, upsert
from monitor.store.writer_stats import WriterStats

logger = logging.getLogger(__name__)

FLUSH_SECONDS = 0.05
BATCH_ROWS = 50
BATCH_BODY_BYTES = 1_000_000
FIRST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 5.0

OnCommitted = Callable[[Sequence[RowRecord]], None]


class RecordWriter:
    """Stores records in the background: ``start``, ``submit`` from any thread, ``flush``, ``stop``."""

    def __init__(
        self,
        *,
        body_cap_bytes: int,
        record_bodies: bool = True,
        object_store: ObjectStore | None = None,
        max_queued_rows: int = 20_000,
        max_queued_body_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._body_cap_bytes = body_cap_bytes
        self._record_bodies = record_bodies
        self._queue = RecordQueue(max_queued_rows, max_queued_body_bytes)
        ships = (body_cap_bytes, self._take_back, self._queue.drop)
        self._shipper = Shipper(object_store, *ships) if object_store else None
        self._prices = PriceBook()
        self._compressor = zstandard.ZstdCompressor(level=3)
        self._on_committed: list[OnCommitted] = []
        self._thread: threading.Thread | None = None
        self._must_end = False
        self._work = threading.Event()  # there is something to store
        self._hurry = threading.Event()  # somebody waits for it
        self._flushed = threading.Condition()
        self._flushes_asked = 0
        self._flushes_done = 0
        self._failures_in_a_row = 0
        self._known = Known()
        self._is_behind = False  # whole batches of bodies wait
        self._rows_written = 0
        self._bodies_written = 0
        self._last_error = ""
        self._last_error_at: float | None = None
        self._busy_since: float | None = None

    def on_committed(self, callback: OnCommitted) -> None:
        """From now on call ``callback`` with each batch of rows, as stored; in the writer's thread."""
        self._on_committed.append(callback)

    def prices(self) -> PriceList:
        """The operator's own prices as the thread has last read them: at most once a second."""
        return self._prices.known

    def start(self) -> None:
        """Start the thread, again after ``stop`` too. While it runs, a further call changes nothing."""
        if self._thread is None or not self._thread.is_alive():
            self._must_end = False
            self._queue.open()
            if self._shipper:
                self._shipper.open()
            self._thread = threading.Thread(target=self._run, name="record-writer", daemon=True)
            self._thread.start()

    def submit(self, record: Record) -> None:
        """Take a record, to be stored within 50 ms. Takes microseconds, never waits, never raises."""
        if self._record_bodies or not isinstance(record, BodyRecord):
            self._queue.put(record)
            if not self._work.is_set():
                self._work.set()

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until all that was submitted before is stored; False when it was not in that time."""
        thread = self._thread
        if thread is None or not thread.is_alive():
            return self._queue.is_empty
        with self._flushed:
            self._flushes_asked += 1
            ticket = self._flushes_asked
            self._hurry.set()
            self._work.set()
            return self._flushed.wait_for(lambda: self._flushes_done >= ticket, timeout_seconds)

    def stop(self, timeout_seconds: float) -> bool:
        """Take nothing more, store what is there, end the thread; False when something is left over."""
        self._queue.close()
        if self._shipper:
            self._shipper.close()
        is_stored = self.flush(timeout_seconds)
        self._must_end = True
        self._hurry.set()
        self._work.set()
        if self._thread is not None and is_stored:
            self._thread.join(timeout_seconds)
        return is_stored

    def stats(self) -> WriterStats:
        """How the writer fares by now."""
        return WriterStats(
            rows_written=self._rows_written,
            bodies_written=self._bodies_written,
            rows_dropped=self._queue.rows_dropped,
            bodies_dropped=self._queue.bodies_dropped,
            queued_rows=self._queue.rows,
            queued_body_bytes=self._queue.body_bytes,
            last_error=self._last_error,
            last_error_at=self._last_error_at,
            is_failing=self._failures_in_a_row > 0,
            busy_since=self._busy_since,
        )

    def _run(self) -> None:
        cost.load_prices()
        while not self._must_end:
            try:
                self._work.wait()
                self._cycle()
            except Exception:  # nothing may end this thread: the exchanges go on without it, unrecorded
                logger.exception("The writer of the log failed")
                self._hurry.wait(LONGEST_RETRY_SECONDS)
        connection.close()

    def _cycle(self) -> None:
        """Let records gather; store the rows, then bodies: more than one batch only until rows are due again.

        A transaction costs as much as several bodies in it: what trickles in waits for the next round.
        """
        if not self._is_behind:
            self._hurry.wait(FLUSH_SECONDS)
        self._hurry.clear()
        ticket = self._flushes_asked
        store_metrics.WAITING_ROWS.set(self._queue.rows)
        due = time.monotonic() + FLUSH_SECONDS
        is_stored = self._store_rows()
        goes_on = self._queue.has_bodies
        while is_stored and goes_on:
            is_stored = self._store_bodies()
            self._is_behind = self._queue.bodies >= BATCH_ROWS or self._queue.body_bytes >= BATCH_BODY_BYTES
            goes_on = self._is_behind and time.monotonic() < due
            if ticket > self._flushes_done:  # somebody waits for all of them
                goes_on = self._queue.has_bodies
        if not is_stored:
            self._hurry.wait(self._retry_seconds(is_awaited=ticket > self._flushes_done))
            return
        store_metrics.WAITING_ROWS.set(self._queue.rows)
        ships = self._shipper and not (self._shipper.is_empty and self._queue.is_empty)
        if ships and ticket > self._flushes_done:
            return
        with self._flushed:
            self._flushes_done = ticket
            self._flushed.notify_all()
        if self._queue.is_empty:
            self._work.clear()
            # Whoever came between the look and the clearing has set it in vain.
            if not self._queue.is_empty or self._flushes_asked > ticket:
                self._work.set()

    def _retry_seconds(self, *, is_awaited: bool) -> float:
        if is_awaited:
            return FIRST_RETRY_SECONDS
        return min(FIRST_RETRY_SECONDS * 2.0 ** min(self._failures_in_a_row - 1, 10), LONGEST_RETRY_SECONDS)

    def _store_rows(self) -> bool:
        """Store all rows that wait; False when the store failed and the rest was put back."""
        records = self._queue.take_rows()
        for start in range(0, len(records), BATCH_ROWS):
            batch = records[start : start + BATCH_ROWS]
            if not self._store(batch):
                self._queue.put_back_rows(records[start:])
                return False
            self._queue.count_stored(len(batch))
        return True

    def _store_bodies(self) -> bool:
        """Store about a megabyte of the bodies that wait; False when the store failed."""
        records = self._queue.take_bodies(BATCH_ROWS, BATCH_BODY_BYTES)
        records = self._shipper.take(records) if self._shipper else records
        self._queue.forget_earlier(records)
        is_stored = not records or self._store(records)
        if not is_stored:
            self._queue.put_back_bodies(records)
        return is_stored

    def _store(self, records: Sequence[RowRecord | QueuedBody]) -> bool:
        """Store records in one transaction; False when the store failed. What no store takes is dropped."""
        self._busy_since = time.time()
        try:
            rows = [self._row(record) for record in records]
            requests = [row for row in rows if isinstance(row, RequestRecord)]
            if requests:
                self._prices.current()
            with transaction.atomic():
                before = ended_before(requests)
                for kind in dict.fromkeys(map(type, rows)):
                    upsert([row for row in rows if type(row) is kind])
                count(requests, before, self._known)
                if ended := [row for row in requests if not row.in_flight]:
                    add_ended(ended, before)
        except Error as error:
            if isinstance(error, DataError | IntegrityError) and not is_between(error):
                return self._store_one_by_one(records, error)
            self._note_failure(error)
            connection.close()
            return False
        except Exception as error:
            return self._store_one_by_one(records, error)
        finally:
            self._busy_since = None
        self._note_success(rows)
        return True

    def _take_back(self, row: StoredBody) -> None:
        self._queue.give_back(row)
        self._work.set()

    def _row(self, record: RowRecord | QueuedBody) -> Row:
        if isinstance(record, RequestRecord):
            return finished(record, self._prices.current)
        if isinstance(record, BodyRecord):
            return stored_body(record, self._body_cap_bytes, self._compressor)
        return record if isinstance(record, StoredBody) else finished_attempt(record)

    def _store_one_by_one(self, records: Sequence[RowRecord | QueuedBody], error: Exception) -> bool:
        self._known.forget()
        if len(records) > 1:
            return all(self._store([record]) for record in records)
        self._remember(error)
        logger.error("A record that the log store does not take was left out: %s", self._last_error)
        self._queue.drop(records[0])
        return True

    def _note_success(self, rows: Sequence[Row]) -> None:
        if self._failures_in_a_row:
            logger.warning("The log store works again after %d failures", self._failures_in_a_row)
            self._failures_in_a_row = 0
        committed = [row for row in rows if not isinstance(row, StoredBody)]
        self._rows_written += len(committed)
        self._bodies_written += len(rows) - len(committed)
        whole = sum(isinstance(row, StoredBody) and row.content != b"" for row in rows)
        store_metrics.KEPT_BACK.inc(whole if self._shipper else 0)
        for callback in self._on_committed if committed else ():
            try:
                callback(committed)
            except Exception:
                logger.exception("A listener to stored rows failed")

    def _note_failure(self, error: Exception) -> None:
        self._known.forget()
        self._remember(error)
        store_metrics.STORE_FAILURES.inc()
        self._failures_in_a_row += 1
        if self._failures_in_a_row == 1:
            logger.warning("The log store failed; its rows wait and are tried again: %s", self._last_error)

    def _remember(self, error: Exception) -> None:
        # The first line only: PostgreSQL's details quote the row, and with it the prompt.
        first_line = str(error).partition("\n")[0]
        self._last_error = mask_text(f"{type(error).__name__}: {first_line}")
        self._last_error_at = time.time()
