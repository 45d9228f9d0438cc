"""What has happened since the live page was last told: coalesced, counted, and sampled above a rate.

A page that shows everything is read by nobody at 500 exchanges a second, and its browser stands still. So a
batch has room for a number of new exchanges; one that was shown once is shown to its end, one that was not
only counts. The numbers (rate, error share, waits) are always those of all exchanges.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from monitor.models import FAILURES
from monitor.record.records import AttemptRecord, RequestRecord
from monitor.store.queue import RowRecord
from monitor.words.plain_text import shown

NEW_ROWS = 20
"""How many new exchanges one batch shows; five batches a second are more than anybody reads."""
NEW_FAILURES = 10
"""How many more it shows where they failed."""
SHOWN_AT_ONCE = 1_000
"""How many exchanges in flight are followed on the page."""
TIMED_EXCHANGES = 50
"""Of how many exchanges a batch tells the wait for first data: enough for a median."""
GROWING_ROWS = 300
"""Of how many exchanges in flight, the newest, the progress is told: as many rows as the page has."""
ERROR_CHARACTERS = 200

Label = Callable[[str | None], str]


class LiveBatch(msgspec.Struct, frozen=True):
    """What the pages are told at once. ``rows`` are as ``row_of`` and ``failure_of`` make them."""

    rows: list[dict[str, Any]]
    admitted: int
    ended: int
    failed: int
    first_data_ms: list[int]
    skipped: int
    """Exchanges that ended and are not shown."""
    in_flight: int


def row_of(record: RequestRecord, label: Label) -> dict[str, Any]:
    """An exchange as the page shows it; ``label`` writes the account, masked where that is set."""
    return {
        "id": record.id,
        "at": record.started_at,
        "dialect": record.dialect,
        "path": shown(record.path),
        "client_key": shown(record.client_key),
        "client_model": shown(record.client_model),
        "mapped_model": shown(record.mapped_model or ""),
        "account": label(record.account) if record.account else "",
        "is_stream": record.is_stream,
        "in_flight": record.in_flight,
        "status": record.status,
        "outcome": record.outcome and record.outcome.value,
        "attempts": record.attempts,
        "first_data_ms": record.first_data_ms,
        "duration_ms": record.duration_ms,
        "tokens_in": record.tokens_in,
        "tokens_out": record.tokens_out,
        "tokens_cached": record.tokens_cached,
        "error": shown((record.error or "")[:ERROR_CHARACTERS]),
    }


def failure_of(record: AttemptRecord, label: Label) -> dict[str, Any]:
    """What a failed attempt adds to its exchange's row."""
    return {
        "id": record.request_id,
        "failed_attempt": record.number,
        "failed_account": label(record.account),
        "failure": record.failure_kind,
        "failure_status": record.status,
        "rotate": record.rotate,
        "heal": record.heal,
        "delay_ms": record.delay_ms,
    }


def progress_of(request_id: str, tokens: int, is_estimate: bool) -> dict[str, Any]:
    """What an answer that grows adds to its exchange's row."""
    return {"id": request_id, "tokens_so_far": tokens, "is_estimate": is_estimate}


class LiveWindow:
    """The time since the last batch. Not safe from several threads: who uses it holds a lock."""

    def __init__(self, label: Label) -> None:
        self._label = label
        self._running: set[str] = set()
        self._followed: set[str] = set()
        self._begin()

    def _begin(self) -> None:
        self._rows: dict[str, dict[str, Any]] = {}
        self._new = self._new_failures = 0
        self._admitted = self._ended = self._failed = self._skipped = 0
        self._first_data_ms: list[int] = []

    def add(self, records: Sequence[RowRecord]) -> None:
        """Take rows as they were stored, in their order."""
        for record in records:
            if isinstance(record, RequestRecord):
                self._add_request(record)
            elif record.failure_kind and record.request_id in self._followed:
                self._merge(failure_of(record, self._label))

    def growing(self) -> list[str]:
        """The exchanges that are followed and in flight: the newest, by their ids."""
        return sorted(self._followed)[-GROWING_ROWS:]

    def add_progress(self, rows: Iterable[dict[str, Any]]) -> None:
        """Take what ``progress_of`` made of exchanges that are still followed."""
        for row in rows:
            if row["id"] in self._followed:
                self._merge(row)

    def take(self) -> LiveBatch | None:
        """What came together, and begin anew; None when nothing did."""
        if not (self._rows or self._admitted or self._ended):
            return None
        batch = self.idle_batch()
        self._begin()
        return batch

    def idle_batch(self) -> LiveBatch:
        """The state as it is, also when nothing happened."""
        return LiveBatch(
            rows=list(self._rows.values()),
            admitted=self._admitted,
            ended=self._ended,
            failed=self._failed,
            first_data_ms=self._first_data_ms,
            skipped=self._skipped,
            in_flight=len(self._running),
        )

    def _add_request(self, record: RequestRecord) -> None:
        is_new = record.id not in self._running
        counts = not record.is_simulated
        self._admitted += is_new and counts
        if is_new and record.in_flight:
            self._running.add(record.id)
        if not record.in_flight:
            self._running.discard(record.id)
            self._ended += counts
            self._failed += counts and record.outcome in FAILURES
            if counts and record.first_data_ms is not None and len(self._first_data_ms) < TIMED_EXCHANGES:
                self._first_data_ms.append(record.first_data_ms)
        if record.id in self._followed or self._has_room(record):
            self._merge(row_of(record, self._label))
            if record.in_flight:
                self._followed.add(record.id)
            else:
                self._followed.discard(record.id)
        elif not record.in_flight:
            self._skipped += 1

    def _has_room(self, record: RequestRecord) -> bool:
        if record.in_flight and len(self._followed) >= SHOWN_AT_ONCE:
            return False
        if self._new < NEW_ROWS:
            self._new += 1
            return True
        if record.outcome in FAILURES and self._new_failures < NEW_FAILURES:
            self._new_failures += 1
            return True
        return False

    def _merge(self, row: dict[str, Any]) -> None:
        self._rows[row["id"]] = {**self._rows.get(row["id"], {}), **row}
