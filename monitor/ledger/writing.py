"""Book rows in the ledger, inside the transaction that stores them."""

import functools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from monitor.ledger.booking import Amounts, LedgerCell, booked, differences
from monitor.ledger.hours import hour_of
from monitor.ledger.models import LedgerHour
from monitor.models import RequestLog
from monitor.record.records import RequestRecord, record_of
from monitor.record.stored_text import stored_text

COUNTED_COLUMNS = (
    "id", "started_at", "process_id", "dialect", "method", "path", "client_key", "client_key_id",
    "client_model", "is_simulated", "in_flight", "mapped_model", "account", "tokens_in", "tokens_out",
    "tokens_cached", "tokens_cache_write", "cost", "conversation", "agent", "parent_agent", "agent_label",
    "client_name", "role", "replay_of", "outcome", "healed", "attempts", "cached_tokens_lost",
    "diagnostics", "used_by_attempt",
)  # fmt: skip
"""What of an exchange counts somewhere: in the ledger, its conversation, its price."""


def ended_before(rows: Sequence[RequestRecord]) -> dict[str, RequestRecord]:
    """Those of ``rows`` that had ended before, as the table has them; to be asked before they are stored.

    They are locked until the end of the transaction, where the database knows such a thing. Only what counts
    somewhere is read.
    """
    ids = _ended_before([row.id for row in rows if not row.in_flight])
    if not ids:
        return {}
    there = RequestLog.objects.filter(id__in=ids, in_flight=False).order_by("id")
    if connection.features.has_select_for_update:
        there = there.select_for_update()
    return {values["id"]: record_of(values) for values in there.values(*COUNTED_COLUMNS)}


def _ended_before(ids: Sequence[str]) -> list[str]:
    """Those of the rows that the table has as ended: mostly none, so the ORM is not asked (25 µs a row)."""
    if not ids:
        return []
    table, places = connection.ops.quote_name(RequestLog._meta.db_table), ", ".join(["%s"] * len(ids))
    query = f"SELECT id, in_flight FROM {table} WHERE id IN ({places}) ORDER BY id"  # noqa: S608  no values
    if connection.features.has_select_for_update:
        query += " FOR UPDATE"  # another process that ends the same row waits, and sees then what is booked
    with connection.cursor() as cursor:
        cursor.execute(query, list(ids))
        return [row[0] for row in cursor.fetchall() if not row[1]]


def book(rows: Sequence[RequestRecord], before: Mapping[str, RequestRecord]) -> None:
    """Put into the ledger what ``rows`` add to it, or change in it; ``before``: ``ended_before`` of them."""
    add(
        differences(
            (booked(before[row.id], hour_of) if row.id in before else (), booked(row, hour_of))
            for row in rows
            if not row.in_flight
        )
    )


def add(amounts: dict[LedgerCell, Amounts]) -> None:
    """Add so much to each cell, on the connection of this thread."""
    if not amounts:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            _statement(connection.vendor), [_parameters(cell, sums) for cell, sums in amounts.items()]
        )


@functools.cache
def _statement(_vendor: str) -> str:
    quote = connection.ops.quote_name
    table = quote(LedgerHour._meta.db_table)
    columns = [quote(name) for name in (*LedgerCell._fields, *Amounts._fields)]
    sums = ", ".join(
        f"{column} = {table}.{column} + excluded.{column}" for column in map(quote, Amounts._fields)
    )
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608  names of the model, no values
        f"VALUES ({', '.join(['%s'] * len(columns))}) "
        f"ON CONFLICT ({', '.join(map(quote, LedgerCell._fields))}) DO UPDATE SET {sums}"
    )


def _parameters(cell: LedgerCell, sums: Amounts) -> list[Any]:
    kept = as_kept(cell)
    hour = connection.ops.adapt_datetimefield_value(datetime.fromtimestamp(kept.hour, UTC))
    return [kept.key_id, hour, kept.client_key, kept.account, kept.model, *sums]


def as_kept(cell: LedgerCell) -> LedgerCell:
    """The cell as the table has it: texts are cut to their columns."""
    return cell._replace(
        client_key=stored_text(cell.client_key, 100),
        account=stored_text(cell.account, 254),
        model=stored_text(cell.model, 200),
    )
