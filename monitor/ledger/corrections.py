"""What the ledger said before its exchanges were priced again: kept for good, and read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Sum

from monitor.ledger.booking import Amounts, LedgerCell
from monitor.ledger.models import LedgerCorrection, LedgerHour
from monitor.ledger.writing import as_kept


def keep_correction(amounts: Mapping[LedgerCell, Amounts], made_at: datetime) -> None:
    """Keep what the cells say, which ``amounts`` are added to next in the same transaction.

    Where one run comes to a cell again, what it said at first stays.
    """
    LedgerCorrection.objects.bulk_create(
        [_correction(as_kept(cell), sums, made_at) for cell, sums in amounts.items()],
        batch_size=50,
        update_conflicts=True,
        unique_fields=["made_at", *LedgerCell._fields],
        update_fields=["cost_units_after", "unpriced_after"],
    )


def runs() -> list[dict[str, Any]]:
    """When corrections were made, of how many figures of the ledger, and their sums before and after."""
    found = LedgerCorrection.objects.order_by("made_at").values("made_at")
    sums = found.annotate(cells=Count("id"), before=Sum("cost_units_before"), after=Sum("cost_units_after"))
    return [dict(run) for run in sums]


def _correction(cell: LedgerCell, sums: Amounts, made_at: datetime) -> LedgerCorrection:
    where: dict[str, Any] = {**cell._asdict(), "hour": datetime.fromtimestamp(cell.hour, UTC)}
    there = LedgerHour.objects.select_for_update().filter(**where)
    cost_units, unpriced = there.values_list("cost_units", "unpriced").first() or (0, 0)
    return LedgerCorrection(
        made_at=made_at,
        **where,
        cost_units_before=cost_units,
        cost_units_after=cost_units + sums.cost_units,
        unpriced_before=unpriced,
        unpriced_after=unpriced + sums.unpriced,
    )
