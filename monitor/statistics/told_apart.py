"""The use within an hour's exchanges that belongs to another account or model than the final one.

An exchange is counted where it ended. What an attempt before used is that attempt's account's and model's,
as in the ledger: so the sums of the rows are put right by it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from decimal import Decimal
from typing import Any, Final

from django.db import connection, transaction
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
ROWS_AT_ONCE: Final = 500
Corrections = dict[str, dict[str, Any]]
"""By the dimension's value what is to be added to each sum of it."""


def corrections(inside: Q, dimensions: Iterable[str]) -> dict[str, Corrections]:
    """By dimension what the sums of the exchanges within ``inside`` are short of or have too much.

    The exchanges of which more than one attempt used anything are added as they are read, and none is kept.
    """
    rows = RequestLog.objects.filter(inside, used_by_attempt__isnull=False)
    found: dict[str, Corrections] = {dimension: {} for dimension in dimensions}
    # Behind a pooler a reading goes on only within its transaction; SQLite's would hold up the writer.
    with transaction.atomic() if connection.vendor == "postgresql" else nullcontext():
        for values in rows.values(*COUNTED_COLUMNS).iterator(chunk_size=ROWS_AT_ONCE):
            row = readable_record_of(values)
            if not row.only_counts:
                for dimension, sums in found.items():
                    _correct(sums, row, dimension)
    return found


def _correct(sums: Corrections, row: RequestRecord, dimension: str) -> None:
    own = _own_value(row, dimension)
    _add(sums, own, row, -1)
    for use in uses_of(row):
        _add(sums, _value(use, dimension, own), use, 1)


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
