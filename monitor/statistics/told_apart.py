"""The use within an hour's exchanges that belongs to another account or model than the final one.

An exchange is counted where it ended. What an attempt before used is that attempt's account's and model's,
as in the ledger: so the sums of the rows are put right by it.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from django.db.models import Q

from monitor.ledger.booking import Use, tokens_of
from monitor.ledger.writing import COUNTED_COLUMNS
from monitor.models import RequestLog
from monitor.record.attempt_use import uses_of
from monitor.record.readable import readable_record_of
from monitor.record.records import RequestRecord
from monitor.record.stored_text import stored_text

USED: Final = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "cost")
"""The sums that depend on it."""
Corrections = dict[str, dict[str, Any]]
"""By the dimension's value what is to be added to each sum of it."""


def told_apart(inside: Q) -> list[RequestRecord]:
    """The exchanges within ``inside`` of which more than one attempt used anything: few."""
    # More than one attempt is what an index knows.
    rows = RequestLog.objects.filter(inside, attempts__gt=1, used_by_attempt__isnull=False)
    found = [readable_record_of(values) for values in rows.values(*COUNTED_COLUMNS)]
    return [row for row in found if not row.only_counts]


def corrections(rows: list[RequestRecord], dimension: str) -> Corrections:
    """What the sums of the rows, by ``dimension``, are short of or have too much."""
    found: Corrections = {}
    for row in rows:
        own = _own_value(row, dimension)
        _add(found, own, row, -1)
        for use in uses_of(row):
            _add(found, _value(use, dimension, own), use, 1)
    return found


def corrected(groups: Iterator[Mapping[str, Any]], apart: Corrections) -> Iterator[Mapping[str, Any]]:
    """The sums by value, put right; and those of values with which no exchange ended."""
    left = dict(apart)
    for group in groups:
        yield _put_right(group, left.pop(group["value_of"], {}))
    for value, sums in left.items():
        yield _put_right({"value_of": value}, sums)


def _put_right(group: Mapping[str, Any], sums: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**group, **{f"{name}_sum": (group.get(f"{name}_sum") or 0) + more for name, more in sums.items()}}


def _value(use: Use, dimension: str, own: str) -> str:
    """Where it belongs; the texts are cut as those of the rows are."""
    if isinstance(use, RequestRecord):
        return own
    return {"model": stored_text(use.model, 200), "account": stored_text(use.account, 254)}.get(
        dimension, own
    )


def _own_value(row: RequestRecord, dimension: str) -> str:
    return {
        "model": row.mapped_model or row.client_model,
        "account": row.account or "",
        "client_key": row.client_key,
        "outcome": row.outcome or "",
    }[dimension]


def _add(found: Corrections, value: str, use: Use, sign: int) -> None:
    sums = found.setdefault(value, dict.fromkeys(USED, 0))
    used: tuple[int | Decimal, ...] = (*tokens_of(use), use.cost or Decimal(0))
    for name, number in zip(USED, used, strict=True):
        sums[name] += sign * number
