"""What is kept of the history, and the removal of the rest: by partitions, and in small batches.

By age whole exchanges go. By size the bodies go first, oldest first, for they take nearly all of the space
and a row without bodies still tells what happened; rows go for their size only when there are no bodies
left. The database reuses freed space; an SQLite file does not shrink by it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from django.db import models, transaction
from django.db.models import Sum

from monitor.conversations.models import Conversation, ConversationPart
from monitor.models import AttemptLog, Body, RequestLog
from monitor.object_store.pruning import forget_days
from monitor.partitions.dropping import drop_before, whole_before
from monitor.record.request_id import first_request_id
from monitor.retention.sqlite_log import shorten_log
from monitor.search import index
from monitor.statistics.whole_hours import note_removal

ROW_BYTES = 1_600
"""What a row, its attempts and their index entries take: about 800 + 300 bytes on SQLite (a million rows),
and 500 for the words that it is found by."""

_AFTER_ALL = "g"  # sorts after every hex digit

BODIES_AT_ONCE = 50
ROWS_AT_ONCE = 500


class Limits(NamedTuple):
    """How much history is kept; 0 is no limit."""

    days: float
    size_bytes: int


class Pruning(NamedTuple):
    """What is to go: requests and bodies with ids *below* these, how many they are, what they take."""

    requests_before: str
    bodies_before: str
    requests: int
    bodies: int
    freed_bytes: int
    kept_bytes: int


def planned(limits: Limits, now: float, *, by_partitions: bool = False) -> Pruning:
    """What ``limits`` leave no room for at ``now`` (seconds since the epoch). Reads indexes only.

    ``by_partitions``: where there are any, what is too old stays until all of its partition is.
    """
    too_old = first_request_id(int((now - limits.days * 86_400) * 1000)) if limits.days else ""
    if by_partitions:
        too_old = whole_before(RequestLog._meta.db_table, too_old, limits.days)
    young = Body.objects.filter(request_id__gte=too_old)
    young_rows = RequestLog.objects.filter(id__gte=too_old)
    young_bytes = _bytes(young) + young_rows.count() * ROW_BYTES
    requests_before = bodies_before = too_old
    excess = young_bytes - limits.size_bytes if limits.size_bytes else 0
    if excess > 0:
        sizes = young.order_by("request_id").values_list("request_id", "stored_bytes")
        for request_id, stored_bytes in sizes.iterator(chunk_size=2000):
            excess -= stored_bytes
            bodies_before = _next_id(request_id)
            if excess <= 0:
                break
    if excess > 0:
        rows = -(-excess // ROW_BYTES)
        last = young_rows.order_by("id").values_list("id", flat=True)[rows - 1 : rows].first()
        requests_before = _AFTER_ALL if last is None else _next_id(last)
    old_bodies = Body.objects.filter(request_id__lt=bodies_before)
    old_rows = RequestLog.objects.filter(id__lt=requests_before)
    freed_bytes = _bytes(old_bodies) + old_rows.count() * ROW_BYTES
    all_bytes = _bytes(Body.objects.all()) + RequestLog.objects.count() * ROW_BYTES
    return Pruning(
        requests_before,
        bodies_before,
        old_rows.count(),
        old_bodies.count(),
        freed_bytes,
        all_bytes - freed_bytes,
    )


def prune(pruning: Pruning) -> Iterator[int]:
    """Remove it; yields after each batch how many rows that was, so that others get their turn.

    Whole partitions first, where there are any. A row goes after its attempts, its bodies and its words: who
    stops in between leaves nothing that is not found again.
    """
    for rows in _prune(pruning):
        shorten_log()
        yield rows


def _prune(pruning: Pruning) -> Iterator[int]:
    note_removal(pruning.requests_before)
    yield from _remove(Body, "request_id", pruning.bodies_before, BODIES_AT_ONCE)
    yield from _remove(AttemptLog, "request_id", pruning.requests_before, ROWS_AT_ONCE)
    for _ in drop_before(index.TABLE, pruning.requests_before):
        yield 0  # words are told with their row
    yield from _remove(RequestLog, "id", pruning.requests_before, ROWS_AT_ONCE)
    yield from _forget_conversations(pruning.requests_before)
    yield from forget_days(pruning.bodies_before)


def _forget_conversations(before: str) -> Iterator[int]:
    """Those whose last exchange is gone; as long as one is there, all that was counted stays."""
    doomed = Conversation.objects.filter(last_id__lt=before).order_by("last_id")
    while ids := list(doomed.values_list("id", flat=True)[:ROWS_AT_ONCE]):
        with transaction.atomic():
            gone = list(
                doomed.filter(id__in=ids).order_by("id").select_for_update().values_list("id", flat=True)
            )
            Conversation.objects.filter(id__in=gone).delete()
            ConversationPart.objects.filter(conversation__in=gone).delete()
        yield len(ids)


def _remove(model: type[models.Model], column: str, before: str, at_once: int) -> Iterator[int]:
    yield from drop_before(model._meta.db_table, before)
    doomed = model._default_manager.filter(**{f"{column}__lt": before}).order_by(column)
    while found := list(doomed.values_list("pk", column)[:at_once]):
        keys, ids = ({row[at] for row in found} for at in (0, 1))
        with transaction.atomic():
            if model is RequestLog:
                index.remove(list(ids))
            # Partitions have no index of attempts and bodies by their numbers.
            model._default_manager.filter(pk__in=keys, **{f"{column}__in": ids}).delete()
        yield len(keys)


def _bytes(bodies: models.QuerySet[Body]) -> int:
    return bodies.aggregate(total=Sum("stored_bytes"))["total"] or 0


def _next_id(request_id: str) -> str:
    """The smallest text that sorts after an id: what is below it is that id and all before."""
    return request_id + "0"
