"""What the ledger says: of one key in spans of time, by model and hour, and of all keys. Blocking."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import inf
from typing import Any

from django.db.models import Q, Sum

from monitor.ledger.booking import Amounts
from monitor.ledger.hours import HOUR_SECONDS
from monitor.ledger.models import LedgerHour
from monitor.ledger.writing import COUNTED_COLUMNS
from monitor.models import RequestLog
from monitor.record.readable import readable_record_of
from monitor.record.records import RequestRecord
from monitor.record.request_id import first_request_id

_SUMS = {f"{name}_sum": Sum(name) for name in Amounts._fields}
LAST_MOMENT = 253_402_300_000.0
"""Before the end of the year 9999: what lies behind it has no date."""


def used_in(key_id: int, spans: Sequence[tuple[float, float]]) -> list[Amounts]:
    """What the key used from each beginning up to each end (epoch seconds; the end may be infinite)."""
    return [sums_of(LedgerHour.objects.filter(_within(start, end), key_id=key_id)) for start, end in spans]


def sums_of(hours: Any) -> Amounts:
    """What a queryset of the ledger adds up to."""
    return _amounts(hours.aggregate(**_SUMS))


def by_model_and_hour(key_id: int, since: float) -> list[tuple[datetime, str, Amounts]]:
    """The key's hours since then, oldest first, each model by itself; accounts are not told apart."""
    hours = LedgerHour.objects.filter(_within(since, inf), key_id=key_id).order_by("hour", "model")
    return [
        (row["hour"], row["model"], _amounts(dict(row)))
        for row in hours.values("hour", "model").annotate(**_SUMS)
    ]


def names_since(key_id: int, at: float) -> set[str]:
    """The names under which the key used anything since ``at`` (epoch seconds), or in the hour before."""
    hours = LedgerHour.objects.filter(_within(at - HOUR_SECONDS, inf), key_id=key_id)
    return set(hours.values_list("client_key", flat=True).distinct())


def newest_booked(key_id: int, since: float, most: int) -> list[RequestRecord]:
    """The key's newest exchanges of those that were admitted since then (epoch seconds) and have ended.

    Found by the key's names, for these are indexed.
    """
    rows = RequestLog.objects.filter(
        client_key__in=names_since(key_id, since),
        client_key_id=key_id,
        id__gte=first_request_id(max(int(since * 1000), 0)),
        in_flight=False,
        is_simulated=False,
    ).order_by("-id")
    return [readable_record_of(values) for values in rows.values(*COUNTED_COLUMNS)[:most]]


def by_client_key(since: float, until: float) -> dict[str, Amounts]:
    """What all keys used, by the name that stood in the rows."""
    hours = LedgerHour.objects.filter(_within(since, until)).order_by()
    return {row["client_key"]: _amounts(dict(row)) for row in hours.values("client_key").annotate(**_SUMS)}


def _within(start: float, end: float) -> Q:
    span = Q(hour__gte=datetime.fromtimestamp(start, UTC))
    return span if end > LAST_MOMENT else span & Q(hour__lt=datetime.fromtimestamp(end, UTC))


def _amounts(row: dict[str, Any]) -> Amounts:
    return Amounts(**{name: int(row[f"{name}_sum"] or 0) for name in Amounts._fields})
