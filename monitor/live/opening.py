"""What the database says to a live page that opens or has missed something: bounded, whatever it holds."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q

from monitor.history.listing.keyset import attempts_of, records
from monitor.history.queries import admitted_since
from monitor.live.window import failure_of, row_of
from monitor.models import FAILURES, RequestLog
from monitor.record.records import RequestRecord
from monitor.words.account_label import account_label

ENDED_ROWS = 100
RUNNING_ROWS = 200
ASKED_ROWS = 500
COUNTED_SECONDS = 300
COUNTED_ROWS = 5_000
"""The figures of the last minutes are made of the newest rows, read in about 20 ms."""


def snapshot(known_running: Sequence[str] = (), now: float | None = None) -> dict[str, Any]:
    """The newest rows, those in flight, and the rows ``known_running`` (ids) as they are by now.

    ``seconds`` are the last minutes' figures: (epoch second, admitted, ended, failed, waits in ms).
    """
    now = time.time() if now is None else now
    running = records(Q(in_flight=True), limit=RUNNING_ROWS)
    asked = records(Q(id__in=list(known_running[:ASKED_ROWS])), limit=ASKED_ROWS) if known_running else []
    newest = records(Q(), limit=ENDED_ROWS)
    found = {record.id: record for record in (*asked, *running, *newest)}
    return {
        "type": "snapshot",
        "now": now,
        "rows": [_row(record, failures) for record, failures in _with_failures(found)],
        "in_flight": RequestLog.objects.filter(in_flight=True).count(),
        "seconds": _seconds(now),
    }


def _with_failures(
    found: dict[str, RequestRecord],
) -> Iterable[tuple[RequestRecord, dict[str, Any]]]:
    """Each row, newest first, with its last failed attempt while it is in flight."""
    attempts = attempts_of([record for record in found.values() if record.in_flight])
    for request_id in sorted(found, reverse=True):
        failed = [attempt for attempt in attempts.get(request_id, ()) if attempt.failure_kind]
        yield found[request_id], failure_of(failed[-1], account_label) if failed else {}


def _row(record: RequestRecord, failure: dict[str, Any]) -> dict[str, Any]:
    return {**failure, **row_of(record, account_label)}


def _seconds(now: float) -> list[tuple[int, int, int, int, list[int]]]:
    rows = (
        RequestLog.objects.filter(admitted_since(now - COUNTED_SECONDS), is_simulated=False)
        .order_by("-id")
        .values_list("started_at", "in_flight", "outcome", "first_data_ms", "duration_ms")[:COUNTED_ROWS]
    )
    counts: dict[int, list[int]] = {}
    waits: dict[int, list[int]] = {}
    for started_at, in_flight, outcome, first_data_ms, duration_ms in rows:
        begun = started_at.timestamp()
        counts.setdefault(int(begun), [0, 0, 0])[0] += 1
        if not in_flight:
            second = int(begun + (duration_ms or 0) / 1000)
            counts.setdefault(second, [0, 0, 0])[1] += 1
            counts[second][2] += outcome in FAILURES
            if first_data_ms is not None:
                waits.setdefault(second, []).append(first_data_ms)
    return [
        (second, admitted, ended, failed, waits.get(second, []))
        for second, (admitted, ended, failed) in sorted(counts.items())
    ]
