"""Read exchanges for an export, chunk by chunk: a hundred thousand take no more memory than a few."""

from collections.abc import AsyncIterator, Sequence

from asgiref.sync import sync_to_async

from monitor.exchange import Exchange, KeptBody
from monitor.filters import HistoryFilter
from monitor.history import attempts_of, page_of, records_by_id
from monitor.models import Body
from monitor.records import RequestRecord

ROWS_AT_ONCE = 500
WHOLE_AT_ONCE = 8
"""Exchanges with bodies that are in memory at once: each may have several of 1 MB."""
SELECTED_LIMIT = 500


async def exchanges(
    asked: HistoryFilter, chosen: Sequence[str], *, with_bodies: bool
) -> AsyncIterator[list[Exchange]]:
    """The chosen exchanges, or else all that the filter shows, in chunks, newest first."""
    if chosen:
        for at in range(0, len(chosen), WHOLE_AT_ONCE):
            part = chosen[at : at + WHOLE_AT_ONCE]
            yield await sync_to_async(_chosen)(part, with_bodies)
        return
    before = ""
    while True:
        chunk, before = await sync_to_async(_chunk)(asked, before, with_bodies)
        yield chunk
        if not before:
            return


def first_exchanges(asked: HistoryFilter, chosen: Sequence[str], limit: int) -> list[Exchange]:
    """The first few, whole, for a preview."""
    if chosen:
        return _chosen(chosen[:limit], True)
    page = page_of(asked, limit=limit)
    return _whole(page.rows[:limit], True)


def _chosen(ids: Sequence[str], with_bodies: bool) -> list[Exchange]:
    return _whole(records_by_id(ids), with_bodies)


def _chunk(asked: HistoryFilter, before: str, with_bodies: bool) -> tuple[list[Exchange], str]:
    page = page_of(asked, before=before, limit=WHOLE_AT_ONCE if with_bodies else ROWS_AT_ONCE)
    return _whole(page.rows, with_bodies), page.older


def _whole(rows: Sequence[RequestRecord], with_bodies: bool) -> list[Exchange]:
    if not with_bodies:
        return [Exchange(row) for row in rows]
    attempts = attempts_of(rows)
    bodies: dict[str, list[KeptBody]] = {row.id: [] for row in rows}
    for body in Body.objects.filter(request_id__in=list(bodies)).order_by("request_id", "attempt", "kind"):
        bodies[body.request_id].append(_kept(body))
    return [Exchange(row, attempts[row.id], bodies[row.id]) for row in rows]


def _kept(body: Body) -> KeptBody:
    times, sent = [], 0
    for offset_ms, data in body.events():
        sent += len(data)
        times.append((offset_ms, sent))
    return KeptBody(
        kind=body.kind,
        attempt=body.attempt,
        headers=body.header_pairs(),
        text=body.data().decode("utf-8", "replace"),
        total_bytes=body.total_bytes,
        sha256=body.sha256,
        is_capped=body.is_capped,
        times=times,
    )
