"""Read exchanges for an export, chunk by chunk: a hundred thousand take no more memory than a few."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence

from asgiref.sync import sync_to_async

from monitor.export.whole_exchange import Exchange, KeptBody
from monitor.history.listing.filters import HistoryFilter
from monitor.history.listing.keyset import attempts_of, page_of, records_by_id
from monitor.models import Body
from monitor.object_store.reading import fetched
from monitor.record.records import RequestRecord

ROWS_AT_ONCE = 500
BODY_BYTES_AT_ONCE = 8_000_000
"""How much of bodies is in memory at once, or one exchange where it has more."""
SELECTED_LIMIT = 2_000
"""As many may be chosen one by one; a filter may show any number."""


async def exchanges(
    asked: HistoryFilter, chosen: Sequence[str], *, with_bodies: bool
) -> AsyncIterator[list[Exchange]]:
    """The chosen exchanges, or else all that the filter shows, in chunks, newest first."""
    before = ""
    while True:
        rows, before = await sync_to_async(_next_rows)(asked, chosen, before)
        if not with_bodies:
            yield [Exchange(row) for row in rows]
        else:
            for group in await sync_to_async(_grouped)(rows):
                yield await sync_to_async(_whole)(group)
        if not before:
            return


def first_exchanges(asked: HistoryFilter, chosen: Sequence[str], limit: int) -> list[Exchange]:
    """The first few, whole, for a preview."""
    rows = records_by_id(chosen) if chosen else page_of(asked, limit=limit).rows
    return _whole(rows[:limit])


def _next_rows(
    asked: HistoryFilter, chosen: Sequence[str], before: str
) -> tuple[Sequence[RequestRecord], str]:
    if chosen:
        return records_by_id(chosen), ""
    page = page_of(asked, before=before, limit=ROWS_AT_ONCE)
    return page.rows, page.older


def _grouped(rows: Sequence[RequestRecord]) -> list[list[RequestRecord]]:
    """The rows in order, so many together as their bodies allow."""
    sizes: Counter[str] = Counter()
    kept = Body.objects.filter(request_id__in=[row.id for row in rows]).values_list(
        "request_id", "kept_bytes"
    )
    for request_id, size in kept:
        sizes[request_id] += size
    groups: list[list[RequestRecord]] = []
    total = 0
    for row in rows:
        total += sizes[row.id]
        if not groups or total > BODY_BYTES_AT_ONCE:
            groups.append([])
            total = sizes[row.id]
        groups[-1].append(row)
    return groups


def _whole(rows: Sequence[RequestRecord]) -> list[Exchange]:
    attempts = attempts_of(rows)
    bodies: dict[str, list[KeptBody]] = {row.id: [] for row in rows}
    found = Body.objects.filter(request_id__in=list(bodies)).order_by("request_id", "attempt", "kind")
    for body in fetched(found):
        bodies[body.request_id].append(_kept(body))
    return [Exchange(row, attempts[row.id], bodies[row.id]) for row in rows]


def _kept(body: Body) -> KeptBody:
    """One whose content does not come from the store of objects is exported as a body cut to nothing."""
    times, sent = [], 0
    is_there = bool(body.content)
    for offset_ms, data in body.events() if is_there else ():
        sent += len(data)
        times.append((offset_ms, sent))
    return KeptBody(
        kind=body.kind,
        attempt=body.attempt,
        headers=body.header_pairs(),
        text=body.data().decode("utf-8", "replace") if is_there else "",
        total_bytes=body.total_bytes,
        sha256=body.sha256,
        is_capped=body.is_capped or not is_there,
        times=times,
    )
