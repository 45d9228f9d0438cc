"""Price the exchanges of past hours again when an operator asks: after a price came late or was wrong.

A row, its conversation, the ledger and the statistics change together, so that there is one number; what the
ledger had before is kept (``LedgerCorrection``). Only hours of which all exchanges are still on record are
looked at: of the others nobody knows any more what the price depended on. An exchange without a price keeps
what it has.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, cast

import msgspec
from django.db import connection, transaction
from django.db.models import Field, QuerySet
from django.utils import timezone

from monitor.conversations.writing import count
from monitor.history.listing.keyset import moment_of_id
from monitor.ledger.booking import Amounts, LedgerCell, booked, differences
from monitor.ledger.corrections import keep_correction
from monitor.ledger.hours import HOUR_SECONDS, hour_of
from monitor.ledger.writing import COUNTED_COLUMNS, book
from monitor.models import RequestLog
from monitor.pricing.cost import lost_by_the_cache, priced
from monitor.pricing.price_list import PriceList
from monitor.record.records import RequestRecord, record_of
from monitor.record.request_id import first_request_id
from monitor.statistics.filling import fill_day, fill_hour
from monitor.statistics.waiting import keep
from monitor.statistics.whole_hours import first_whole_hour, is_whole

logger = logging.getLogger(__name__)

ROWS_AT_ONCE: Final = 200
_OF_A_MISS: Final = ("cache_miss_tokens", "cache_miss_cost")

Repriced = tuple[RequestRecord, RequestRecord]
"""An exchange whose price is another now: as it was, and as it is from now on."""


def whole_hours(since: float, until: float) -> Iterator[int]:
    """The full hours (epoch seconds) in the span that have exchanges, and have all of them, oldest first.

    An hour that is not over by ``until`` is none of them.
    """
    found = RequestLog.objects.order_by("id").values_list("id", flat=True)
    first = first_whole_hour()
    if first is None:
        return
    hour = max(_hour_at(since + HOUR_SECONDS - 1), first)
    while hour + HOUR_SECONDS <= until:
        later = found.filter(id__gte=first_request_id(hour * 1000)).first()
        if later is None:
            return
        hour = _hour_at(moment_of_id(later))
        if hour + HOUR_SECONDS <= until:
            yield hour
        hour += HOUR_SECONDS


def preview(hour: int, prices: PriceList) -> dict[LedgerCell, Amounts]:
    """What would change in the ledger; nothing is written."""
    changes: list[Repriced] = []
    after = first_request_id(hour * 1000)
    while found := _lot(_rest(hour, after)):
        changes += repriced(_records(found), prices)
        after = _behind(found)
    return _differences(changes)


def recompute(hour: int, prices: PriceList, made_at: datetime) -> dict[LedgerCell, Amounts]:
    """Change it; what changed. ``made_at`` is the mark of this run on the figures that are kept.

    Some exchanges at a time, each lot in a transaction. The statistics follow in any case: who was killed in
    between does it once more.
    """
    changes: list[Repriced] = []
    after = first_request_id(hour * 1000)
    while True:
        with transaction.atomic():
            found = _lot(_rest(hour, after).select_for_update())
            some = repriced(_records(found), prices)
            if some:
                before, now = {row.id: row for row, _ in some}, [row for _, row in some]
                store_costs(now)
                # In the order of all writers, so that none waits for the other: the ledger's cells are last.
                count(now, before)
                keep(now, before)
                keep_correction(_differences(some), made_at)
                book(now, before)
        if not found:
            break
        changes += some
        after = _behind(found)
    if is_whole(hour):
        fill_hour(hour)
    return _differences(changes)


def add_up_days(hours: Sequence[int]) -> None:
    """Add up anew the days that these hours belong to; an hour that is no longer whole stays as it is."""
    for day in sorted({_day_of(hour) for hour in hours if is_whole(hour)}):
        fill_day(day)


def repriced(rows: Sequence[RequestRecord], prices: PriceList) -> list[Repriced]:
    """Those of the rows that have another price now; one that nobody can price keeps its cost.

    What its cache miss cost is a part of it, and changes with it.
    """
    found = [(row, _priced(row, prices)) for row in rows]
    return [(row, now) for row, now in found if now is not None and now != row]


def _priced(row: RequestRecord, prices: PriceList) -> RequestRecord | None:
    now = priced(row, prices)
    if now.cost is None:
        return None
    return msgspec.structs.replace(now, cache_miss_cost=lost_by_the_cache(now, prices))


def _rest(hour: int, after: str) -> QuerySet[RequestLog]:
    """The hour's exchanges from that id on."""
    until = first_request_id((hour + HOUR_SECONDS) * 1000)
    return RequestLog.objects.filter(
        id__gte=after, id__lt=until, in_flight=False, is_simulated=False
    ).order_by("id")


def _lot(found: QuerySet[RequestLog]) -> list[dict[str, Any]]:
    return list(found.values(*COUNTED_COLUMNS, *_OF_A_MISS)[:ROWS_AT_ONCE])


def _records(lot: Sequence[dict[str, Any]]) -> list[RequestRecord]:
    """One that cannot be read as a whole is not priced: what it costs may depend on the rest."""
    rows = []
    for values in lot:
        try:
            rows.append(record_of(values))
        except msgspec.ValidationError as error:
            logger.error("The request %s cannot be read and keeps its price: %s", values["id"], error)
    return rows


def _behind(lot: Sequence[dict[str, Any]]) -> str:
    """What sorts after the id of the last, and before any other."""
    return f"{lot[-1]['id']}0"


def _differences(changes: Sequence[Repriced]) -> dict[LedgerCell, Amounts]:
    return differences((booked(before, hour_of), booked(now, hour_of)) for before, now in changes)


def store_costs(rows: Sequence[RequestRecord]) -> None:
    """Put what rows cost into the table, on the connection of this thread."""
    quote = connection.ops.quote_name
    names = ("cost", "cache_miss_cost", "used_by_attempt", "diagnostics")
    fields = [cast("Field[Any, Any]", RequestLog._meta.get_field(name)) for name in names]
    values = ", ".join(f"{quote(field.name)} = %s" for field in fields)
    statement = f"UPDATE {quote(RequestLog._meta.db_table)} SET {values} WHERE id = %s"  # noqa: S608  no values
    with connection.cursor() as cursor:
        cursor.executemany(
            statement,
            [
                [*(field.get_db_prep_save(_plain(row, field.name), connection) for field in fields), row.id]
                for row in rows
            ],
        )


def _plain(row: RequestRecord, name: str) -> Any:
    """The column's value, as Django takes it."""
    value = getattr(row, name)
    return msgspec.to_builtins(value) if name == "used_by_attempt" else value


def _hour_at(moment: float) -> int:
    return int(moment // HOUR_SECONDS) * HOUR_SECONDS


def _day_of(hour: int) -> date:
    moment = datetime.fromtimestamp(hour, UTC)
    return timezone.localtime(moment, timezone.get_default_timezone()).date()
