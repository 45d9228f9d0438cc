"""Pages of the history by keyset: a page costs the same wherever it is, and nothing is ever counted.

Text is looked up in the index of words. Filters beyond the first, which alone an index answers, read rows
one by one, and so does text that is common where there are other filters, or is not in the index yet. That
looks at a bounded number of rows and says how far it got; the next page goes on from there.
"""

import json
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

import msgspec
from django.db.models import Q, QuerySet

from monitor.history.listing.filters import HistoryFilter
from monitor.models import AttemptLog, Body, RequestLog
from monitor.object_store.reading import fetched
from monitor.partitions.days import recent_before
from monitor.partitions.tables import are_there
from monitor.record.readable import readable_record_of
from monitor.record.records import AttemptRecord, RequestRecord
from monitor.record.request_id import milliseconds_of
from monitor.search import index

PAGE_ROWS = 50
SEARCHED_ROWS = 20_000
SEARCHED_TEXTS = 5_000
"""How many rows a page looks at one by one, at most, and at their texts: about a tenth of a second."""
SCAN_SECONDS = 0.5
"""How long one step of a search through bodies takes, at most; the page asks step by step."""
SCANNED_AT_ONCE = 20
CHECKED_AT_ONCE = 1_000
"""Of how many rows it is asked at a time whether the other filters leave them."""

_CURSOR = re.compile(r"[0-9a-f]{1,32}")
REQUEST_COLUMNS = tuple(field.name for field in msgspec.structs.fields(RequestRecord))
ATTEMPT_COLUMNS = tuple(field.name for field in msgspec.structs.fields(AttemptRecord))


class Page(msgspec.Struct, frozen=True):
    """One page, newest first. ``older`` and ``newer`` are cursors, empty where the history ends.

    ``searched_to`` is the id up to which a search has looked, when it stopped before the page was full;
    ``unreachable`` bodies it could not look into, as the store of objects did not give them.
    """

    rows: tuple[RequestRecord, ...]
    older: str = ""
    newer: str = ""
    searched_to: str = ""
    unreachable: int = 0


def page_of(asked: HistoryFilter, *, before: str = "", after: str = "", limit: int = PAGE_ROWS) -> Page:
    """The page that ends before the id ``before``, or begins after ``after``, or else the newest."""
    if asked.body_text:
        return _scanned(asked, before, limit)
    if not after and asked.has_indexed_text() and (page := _by_words(asked, before, limit)):
        return page
    condition, checked = asked.walked_and_checked()
    if after:
        found = records(
            asked.condition() & (asked.text_condition() or Q()) & Q(id__gt=after), order="id", limit=limit + 1
        )
        has_newer = len(found) > limit
        rows = tuple(reversed(found[:limit]))
        return Page(
            rows,
            older=rows[-1].id if rows else "",
            newer=rows[0].id if has_newer else "",
        )
    if checked is not None:
        return _searched(condition, checked, before, limit, has_text=asked.text_condition() is not None)
    found = _newest(asked, condition, before, limit + 1)
    rows = tuple(found[:limit])
    older = rows[-1].id if len(found) > limit else ""
    return Page(rows, older, rows[0].id if rows and before else "")


def _newest(asked: HistoryFilter, condition: Q, before: str, limit: int) -> list[RequestRecord]:
    """The newest rows of a condition before an id.

    PostgreSQL plans for each partition that it may have to look at. Of what is usual the last have enough.
    """
    inside = _before(condition, before)
    if not are_there() or asked.is_seldom():
        return records(inside, limit=limit)
    since, until = asked.time_range()
    recent = recent_before(min(filter(None, (before, until)), default=""), time.time())
    found = records(inside & Q(id__gte=recent), limit=limit)
    if len(found) < limit and since < recent:
        found += records(inside & Q(id__lt=recent), limit=limit - len(found))
    return found


def records(condition: Q, *, order: str = "-id", limit: int) -> list[RequestRecord]:
    """The first rows of a condition as plain records."""
    return records_in(RequestLog.objects.filter(condition).order_by(order)[:limit])


def records_in(rows: QuerySet[RequestLog]) -> list[RequestRecord]:
    """The rows of a query as plain records: of each what can be read."""
    return [readable_record_of(values) for values in rows.values(*REQUEST_COLUMNS)]


def records_by_id(ids: Sequence[str]) -> list[RequestRecord]:
    """The exchanges with these ids, newest first."""
    known = [request_id for request_id in ids if is_cursor(request_id)]
    return records(Q(id__in=known), limit=len(known))


def is_cursor(text: str) -> bool:
    """Whether it can be a request id or a cursor: what a URL holds may be anything."""
    return _CURSOR.fullmatch(text) is not None


def attempts_of(rows: Sequence[RequestRecord]) -> dict[str, list[AttemptRecord]]:
    """The attempts of these rows in order, by request id, in one query."""
    grouped: dict[str, list[AttemptRecord]] = {row.id: [] for row in rows}
    columns = AttemptLog.objects.filter(request_id__in=list(grouped)).order_by("request_id", "number")
    for values in columns.values(*ATTEMPT_COLUMNS):
        grouped[values["request_id"]].append(AttemptRecord(**values))
    return grouped


def moment_of_id(request_id: str) -> float:
    """When the exchange with that id was admitted, in seconds since the epoch; a moment of the calendar."""
    return milliseconds_of(request_id) / 1000


def _before(condition: Q, before: str) -> Q:
    return condition & Q(id__lt=before) if before else condition


def _by_words(asked: HistoryFilter, before: str, limit: int) -> Page | None:
    """The page by the index of words; None where walking the rows is the better way, or the only one.

    Rows in flight are not in the index: they are few, and looked at.
    """
    whole_from = index.indexed_from()
    since, until = asked.time_range()
    until = min(filter(None, (before, until)), default="")
    if until and until <= whole_from:
        return None
    is_alone = asked.has_only_text()
    most = limit + 1 if is_alone else index.MOST_HITS
    hits = index.newest(asked.text, since=max(since, whole_from), before=until, limit=most)
    if hits.searched_to and not is_alone:
        return None
    reached = max(hits.searched_to, since, whole_from)
    inside = _before(Q(id__gte=reached), until)
    running = RequestLog.objects.filter(inside, asked.text_condition() or Q(), in_flight=True)
    ids = [*hits.ids, *running.order_by("-id").values_list("id", flat=True)[: index.MOST_HITS]]
    found = records(inside & asked.condition() & Q(id__in=ids), limit=limit + 1)
    rows = tuple(found[:limit])
    if len(found) > limit:
        return Page(rows, older=rows[-1].id)
    edge = reached if reached > since else ""
    return Page(rows, older=edge, searched_to=edge)


def _searched(walked: Q, checked: Q, before: str, limit: int, *, has_text: bool) -> Page:
    """Check a bounded number of the rows that are walked. A search for text has no way back to newer rows."""
    inside = _before(walked, before)
    last = (SEARCHED_TEXTS if has_text else SEARCHED_ROWS) - 1
    edge = list(
        RequestLog.objects.filter(inside).order_by("-id").values_list("id", flat=True)[last : last + 1]
    )
    window = inside & Q(id__gte=edge[0]) if edge else inside
    found = records(window & checked, limit=limit + 1)
    rows = tuple(found[:limit])
    newer = rows[0].id if rows and before and not has_text else ""
    if len(found) > limit:
        return Page(rows, older=rows[-1].id, newer=newer)
    return Page(
        rows,
        older=edge[0] if edge else "",
        newer=newer,
        searched_to=edge[0] if edge else "",
    )


def _scanned(asked: HistoryFilter, before: str, limit: int) -> Page:
    """One step through the bodies: as far as the time allows, or until the page is full."""
    needles = _writings(asked.body_text)
    ends_at = time.monotonic() + SCAN_SECONDS
    found: list[str] = []
    seen = before
    is_over, unreachable = True, 0
    for ids, last in _rows_to_scan(asked, before):
        in_order = Body.objects.filter(request_id__in=ids).order_by("-request_id")
        rows_of = groupby(fetched(in_order.iterator(SCANNED_AT_ONCE)), attrgetter("request_id"))
        for number, (request_id, bodies) in enumerate(rows_of):
            # A store of objects may take long over each; of a row that was begun all is looked at.
            if number and time.monotonic() >= ends_at:
                break
            is_held, missing = _looked_into(bodies, needles)
            found += [request_id] if is_held else []
            unreachable += missing
            seen = request_id
        else:
            seen = last
        if len(found) >= limit or time.monotonic() >= ends_at:
            is_over = False
            break
    rows = tuple(records_by_id(found))
    left = "" if is_over else seen
    return Page(rows, older=left, searched_to=left, unreachable=unreachable)


def _looked_into(bodies: Iterable[Body], needles: set[bytes]) -> tuple[bool, int]:
    """Whether one of a row's bodies holds one of the texts, and how many could not be had."""
    is_held, missing = False, 0
    for body in bodies:
        if not body.content:
            missing += 1
        elif not is_held:
            text = body.data().lower()
            is_held = any(needle in text for needle in needles)
    return is_held, missing


def _rows_to_scan(asked: HistoryFilter, before: str) -> Iterator[tuple[list[str], str]]:
    """The ids of the rows that the other filters leave, a few at a time, and how far each time reaches."""
    walked, checked = asked.walked_and_checked()
    size = SCANNED_AT_ONCE if checked is None else CHECKED_AT_ONCE
    while True:
        rows = RequestLog.objects.filter(_before(walked, before)).order_by("-id")
        step = list(rows.values_list("id", flat=True)[:size])
        if not step:
            return
        left = step
        if checked is not None:
            rows = RequestLog.objects.filter(checked, id__gte=step[-1], id__lte=step[0], id__in=step)
            left = list(rows.order_by("-id").values_list("id", flat=True))
        for start in range(0, len(left), SCANNED_AT_ONCE):
            ids = left[start : start + SCANNED_AT_ONCE]
            yield ids, ids[-1]
        before = step[-1]
        if len(step) < size:
            return
        if not left or left[-1] != before:
            yield [], before


def _writings(text: str) -> set[bytes]:
    """How a text may be written in a body: as it is, or inside a JSON string."""
    lower = text.lower()
    quoted = {json.dumps(lower, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return {writing.encode("utf-8", "replace") for writing in {lower, *quoted}}
