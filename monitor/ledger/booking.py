"""What a row puts into the ledger, and what a later version of the row changes there. PURE.

A row that is written again, by a retried batch or as a late correction, changes the ledger by the difference
to what stood in the table before: so each exchange is in it once, as it is on record now.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from monitor.record.attempt_use import AttemptUse, uses_of
from monitor.record.estimated import MOST_TOKENS, CountedTokens, estimated_in, estimated_out
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


USED: Final = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "cost_units", "unpriced")
"""The amounts that conversations keep too, by the same names."""
Booked = tuple[LedgerCell, Amounts]
Use = RequestRecord | AttemptUse
"""What has counts and a cost of its own."""


def booked(row: RequestRecord, hour_of: Callable[[float], float]) -> tuple[Booked, ...]:
    """What the exchange of ``row`` puts where; empty where it used nothing, or its use is not counted.

    What an attempt used stands with its own account and model; the request is counted where it ended. It is
    unpriced once, however many attempts are: where it ended, or where the first of them was.
    """
    if row.in_flight or row.is_simulated or row.only_counts:
        return ()
    own = LedgerCell(
        row.client_key_id or 0,
        hour_of(row.started_at),
        row.client_key,
        row.account or "",
        row.mapped_model or row.client_model,
    )
    if row.used_by_attempt is None:
        used = _amounts(row)
        return ((own, used._replace(requests=1)),) if any(used) else ()
    found: dict[LedgerCell, Amounts] = {}
    for use in uses_of(row):
        amounts = _amounts(use)
        if any(amounts):
            cell = own._replace(account=use.account, model=use.model) if isinstance(use, AttemptUse) else own
            found[cell] = found.get(cell, Amounts()).plus(amounts)
    if not found:
        return ()
    found[own] = found.get(own, Amounts())._replace(requests=1)
    unpriced = [cell for cell, sums in found.items() if sums.unpriced]
    counted = own if own in unpriced else next(iter(unpriced), None)
    return tuple((cell, sums._replace(unpriced=int(cell == counted))) for cell, sums in found.items())


def differences(changes: Iterable[tuple[Sequence[Booked], Sequence[Booked]]]) -> dict[LedgerCell, Amounts]:
    """What (before, now) of several rows change in the ledger, cell by cell, in one order for all writers."""
    found: dict[LedgerCell, list[int]] = {}
    for before, now in changes:
        for entries, sign in ((before, -1), (now, 1)):
            for cell, amounts in entries:
                sums = found.setdefault(cell, [0] * len(Amounts._fields))
                for at, number in enumerate(amounts):
                    sums[at] += sign * number
    return {cell: Amounts(*sums) for cell, sums in sorted(found.items()) if any(sums)}


def spent_by(row: RequestRecord) -> tuple[int, int]:
    """What a budget counts of the exchange: tokens with the estimates, and units of money."""
    if row.used_by_attempt is None:
        return sum(tokens_of(row)) + estimate_of(row), units_of(row.cost)
    used = [_amounts(use) for use in row.used_by_attempt]
    return sum(one.spent_tokens for one in used), sum(one.cost_units for one in used)


def _amounts(use: Use) -> Amounts:
    """Nothing at all where nothing was used."""
    tokens, estimated, units = tokens_of(use), estimate_of(use), units_of(use.cost)
    if not any(tokens) and not units and not estimated:
        return Amounts()
    sent, said, cached, written = tokens
    return Amounts(0, 1 if use.cost is None else 0, sent, said, cached, written, units, estimated)


def tokens_of(row: Use) -> tuple[int, int, int, int]:
    """Sent, said, read from a cache, written into one; nothing for what was not told, or is a mistake."""
    told = (
        row.tokens_in or 0,
        row.tokens_out or 0,
        row.tokens_cached or 0,
        row.tokens_cache_write or 0,
    )
    if min(told) >= 0 and max(told) <= MOST_TOKENS:
        return told
    sent, said, cached, written = (n if 0 <= n <= MOST_TOKENS else 0 for n in told)
    return sent, said, cached, written


def estimate_of(row: CountedTokens) -> int:
    """About how many tokens it sent and said that upstream did not count."""
    return (estimated_in(row) or 0) + (estimated_out(row) or 0)


def units_of(cost: Decimal | None) -> int:
    """Dollars in units; nothing where the cost is not known."""
    return round(cost * UNITS_PER_DOLLAR) if cost is not None else 0


def dollars(units: int) -> Decimal:
    """Units as dollars."""
    return Decimal(units) / UNITS_PER_DOLLAR
