"""Close the rows that dead processes left in flight, and book what their exchanges had used by then.

A process writes down as it goes what a running exchange has used; of that what upstream did not count is an
estimate. Upstream charges it all the same, so the ledger has it, under the key that asked.
"""

from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce

from monitor.conversations.writing import count
from monitor.history.listing.keyset import REQUEST_COLUMNS
from monitor.ledger.writing import book
from monitor.models import RequestLog
from monitor.pricing.cost import priced
from monitor.pricing.prices import price_list
from monitor.pricing.recomputing import store_costs
from monitor.record.readable import readable_record_of
from monitor.record.records import EndedBy, Outcome, Phase, RequestRecord
from monitor.record.request_id import first_request_id
from monitor.search import index
from monitor.search.tokenizer import SEARCHED_COLUMNS
from monitor.statistics.waiting import keep

YOUNG_SECONDS = 15.0
"""A row this young may be of a process that has just begun and has no heartbeat yet."""

ORPHANED = "The server process that served this request has ended unexpectedly."


def close_orphans(live_process_ids: Collection[str], now: float) -> Sequence[RequestRecord]:
    """Close the rows in flight of processes that are not alive, as interrupted; gives them as they are then.

    ``now`` is in seconds since the epoch. A process that was only slow repairs its rows by itself: whatever
    it submits afterwards replaces what is said here.
    """
    old = RequestLog.objects.filter(id__lt=first_request_id(int((now - YOUNG_SECONDS) * 1000)))
    return _close(old.exclude(process_id__in=live_process_ids))


def close_rows_of_dead(process_ids: Collection[str]) -> Sequence[RequestRecord]:
    """The same of processes that are certainly dead, however young the rows are."""
    return _close(RequestLog.objects.filter(process_id__in=process_ids))


def _close(rows: QuerySet[RequestLog]) -> Sequence[RequestRecord]:
    with transaction.atomic():
        open_rows = rows.filter(in_flight=True).select_for_update()
        found = list(open_rows.values_list("id", *SEARCHED_COLUMNS))
        if not found:
            return ()
        index.add((request_id, (*texts, ORPHANED)) for request_id, *texts in found)
        closed = RequestLog.objects.filter(id__in=[row[0] for row in found])
        closed.update(
            in_flight=False,
            outcome=Outcome.INTERRUPTED.value,
            ended_by=EndedBy.PROXY.value,
            ended_in=Coalesce(F("ended_in"), Value(Phase.ADMISSION.value)),
            error=ORPHANED,
        )
        ended = _paid([readable_record_of(values) for values in closed.values(*REQUEST_COLUMNS)])
        count(ended, {})
        keep(ended, {})
        book(ended, {})  # last: all processes write these rows, and wait for whoever has them
    return ended


def _paid(rows: Sequence[RequestRecord]) -> Sequence[RequestRecord]:
    """The rows with what they cost, where that is known, in the table too."""
    prices = price_list()
    with_cost = [priced(row, prices) if row.attempts and row.cost is None else row for row in rows]
    if changed := [now for now, row in zip(with_cost, rows, strict=True) if now.cost != row.cost]:
        store_costs(changed)
    return with_cost
