"""What is remembered, in the database: written behind, read when neither this process nor Redis knows it.

Every function here blocks.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Final, cast

from django.db import Error, close_old_connections, connection

from relay.engine.healing.refused_forms import LIMIT
from relay.engine.healing.signatures import SIGNATURE_TTL
from relay.memory.memory_items import HEALED_TTL, HEALS, SIGNED, Layer, MemoryItem, Wanted
from relay.models import RememberedItem

_BATCH: Final = 200
PRUNED_AT_ONCE: Final = 500


def store(batch: dict[str, MemoryItem]) -> None:
    """Writes the items, by their keys; takes out the signatures that are to be forgotten."""
    forgotten = [item for item in batch.values() if item.layer == "forget"]
    refused = {item.value for item in forgotten}
    rows = [
        RememberedItem(
            key=key,
            layer=item.layer,
            session=item.session,
            name=item.name[:256],
            kind=item.kind,
            value=item.value,
            family=item.family,
            at=item.at,
        )
        for key, item in batch.items()
        if item.layer != "forget" and not (item.value and item.value in refused)
    ]
    try:
        if forgotten:
            sessions = {item.session for item in forgotten}
            found = RememberedItem.objects.filter(session__in=sessions, layer__in=["tool", "session"])
            found.filter(value__in=refused).delete()
        RememberedItem.objects.bulk_create(
            rows,
            batch_size=_BATCH,
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=["value", "family", "at"],
        )
    except Error:
        connection.close()
        raise


def read(wanted: Mapping[str, Wanted]) -> dict[str, MemoryItem]:
    """Of ``wanted``, by their keys: the items that are of use still."""
    oldest = time.time() - SIGNATURE_TTL
    return {
        row.key: _item(row, wanted[row.key].name)  # of a long name the column has the beginning alone
        for row in _rows(RememberedItem.objects.filter(key__in=wanted))
        if row.layer not in SIGNED or row.at >= oldest
    }


def read_heals(session: str) -> list[MemoryItem]:
    """What was healed in the session."""
    rows = _rows(RememberedItem.objects.filter(session=session, layer__in=HEALS))
    return [_item(row, row.name) for row in rows]


def read_refusals() -> list[MemoryItem]:
    """What accounts refuse of a request's form, oldest first: no more than a process keeps."""
    newest = _rows(RememberedItem.objects.filter(layer="refused").order_by("-at")[:LIMIT])
    return [_item(row, row.name) for row in reversed(newest)]


def prune(now: float) -> int:
    """Removes some of what is of no use any more at ``now``; how many. Called again until it is 0."""
    outlived = (
        RememberedItem.objects.filter(at__lt=now - SIGNATURE_TTL, layer__in=SIGNED),
        RememberedItem.objects.filter(at__lt=now - HEALED_TTL),
    )
    for rows in outlived:
        keys = list(rows.order_by("at").values_list("key", flat=True)[:PRUNED_AT_ONCE])
        if keys:
            RememberedItem.objects.filter(key__in=keys).delete()
            return len(keys)
    return 0


def _rows(query: Iterable[RememberedItem]) -> list[RememberedItem]:
    close_old_connections()
    try:
        return list(query)
    except Error:
        connection.close()
        raise


def _item(row: RememberedItem, name: str) -> MemoryItem:
    return MemoryItem(cast(Layer, row.layer), row.session, name, row.at, row.kind, row.value, row.family)
