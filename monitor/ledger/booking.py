"""What a row puts into the ledger, and what a later version of the row changes there. PURE.

A row that is written again, by a retried batch or as a late correction, changes the ledger by the difference
to what stood in the table before: so each exchange is in it once, as it is on record now.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

from monitor.record.estimated import MOST_TOKENS, estimated_in, estimated_out
from monitor.record.records import RequestRecord

UNITS_PER_DOLLAR = 10**10
"""Money is counted in whole ten-billionths of a dollar, as fine as a row's cost."""


class LedgerCell(NamedTuple):
    """Where it is booked. ``hour`` is its beginning, in epoch seconds."""

    key_id: int
    hour: float
    client_key: str
    account: str
    model: str


class Amounts(NamedTuple):
    """What is booked, of one exchange or of many; ``cost_units`` in 1e-10 dollars."""

    requests: int = 0
    unpriced: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    tokens_cache_write: int = 0
    cost_units: int = 0
    tokens_estimated: int = 0
    """What stands for input and output that upstream did not count; in none of the others."""

    @property
    def tokens(self) -> int:
        """All that upstream counted: input, cached or not, and output."""
        return self.tokens_in + self.tokens_out + self.tokens_cached + self.tokens_cache_write

    @property
    def spent_tokens(self) -> int:
        """What a budget counts: those, and the estimates."""
        return self.tokens + self.tokens_estimated

    def plus(self, *others: "Amounts") -> "Amounts":
        """All of these together."""
        return Amounts(*map(sum, zip(self, *others, strict=True)))


Booked = tuple[LedgerCell, Amounts]


def booked(row: RequestRecord, hour_of: Callable[[float], float]) -> Booked | None:
    """What the exchange of ``row`` puts where; None where it used nothing, or its use is not counted."""
    if row.in_flight or row.is_simulated or row.only_counts:
        return None
    tokens, estimated = tokens_of(row), estimate_of(row)
    units = units_of(row.cost)
    if not any(tokens) and not units and not estimated:
        return None
    cell = LedgerCell(
        row.client_key_id or 0,
        hour_of(row.started_at),
        row.client_key,
        row.account or "",
        row.mapped_model or row.client_model,
    )
    sent, said, cached, written = tokens
    return cell, Amounts(1, 1 if row.cost is None else 0, sent, said, cached, written, units, estimated)


def differences(changes: Iterable[tuple[Booked | None, Booked | None]]) -> dict[LedgerCell, Amounts]:
    """What (before, now) of several rows change in the ledger, cell by cell, in one order for all writers."""
    found: dict[LedgerCell, list[int]] = {}
    for before, now in changes:
        for entry, sign in ((before, -1), (now, 1)):
            if entry is not None:
                sums = found.setdefault(entry[0], [0] * len(Amounts._fields))
                for at, number in enumerate(entry[1]):
                    sums[at] += sign * number
    return {cell: Amounts(*sums) for cell, sums in sorted(found.items()) if any(sums)}


def tokens_of(row: RequestRecord) -> tuple[int, int, int, int]:
    """Sent, said, read from a cache, written into one; nothing for what was not told, or is a mistake."""
    told = (row.tokens_in, row.tokens_out, row.tokens_cached, row.tokens_cache_write)
    sent, said, cached, written = (n if n is not None and 0 <= n <= MOST_TOKENS else 0 for n in told)
    return sent, said, cached, written


def estimate_of(row: RequestRecord) -> int:
    """About how many tokens it sent and said that upstream did not count."""
    return (estimated_in(row) or 0) + (estimated_out(row) or 0)


def units_of(cost: Decimal | None) -> int:
    """Dollars in units; nothing where the cost is not known."""
    return round(cost * UNITS_PER_DOLLAR) if cost is not None else 0


def dollars(units: int) -> Decimal:
    """Units as dollars."""
    return Decimal(units) / UNITS_PER_DOLLAR
