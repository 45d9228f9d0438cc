"""The history sorted by another column than time: the highest or lowest of the newest rows of a view.

No index knows such an order over a million rows with any filter, so a bounded number of the newest rows is
ordered, and the page says how far back they reach.
"""

import msgspec
from django.db.models import F, Q

from monitor.history.listing.columns import SORTED
from monitor.history.listing.filters import HistoryFilter
from monitor.history.listing.keyset import PAGE_ROWS, records_in
from monitor.models import RequestLog
from monitor.record.records import RequestRecord

ORDERED_ROWS = 10_000
ORDERED_TEXTS = 5_000
"""How many rows are ordered at most, and how many where each text is looked at: under a tenth of a second."""


class Ordered(msgspec.Struct, frozen=True):
    """The first rows of that order, among the newest ``among``, back to the id ``back_to``.

    Both are blank where all rows of the view were looked at.
    """

    rows: tuple[RequestRecord, ...]
    back_to: str = ""
    among: int = 0


def is_order(sort: str) -> bool:
    """Whether it is the name of a column that can be sorted by, or that behind a minus."""
    return sort.removeprefix("-") in SORTED


def ordered_page(asked: HistoryFilter, sort: str, *, limit: int = PAGE_ROWS) -> Ordered:
    """The rows of ``asked`` by ``sort``; what is not known stands last either way."""
    field = F(SORTED[sort.removeprefix("-")])
    order = field.desc(nulls_last=True) if sort.startswith("-") else field.asc(nulls_last=True)
    walked, checked = asked.walked_and_checked()
    most = ORDERED_TEXTS if asked.text_condition() is not None else ORDERED_ROWS
    ids = RequestLog.objects.filter(walked).order_by("-id").values_list("id", flat=True)
    edge = list(ids[most - 1 : most])
    inside = (walked & (checked or Q())) & (Q(id__gte=edge[0]) if edge else Q())
    rows = RequestLog.objects.filter(inside).order_by(order, "-id")[:limit]
    found = tuple(records_in(rows))
    return Ordered(found, edge[0], most) if edge else Ordered(found)
