"""What an exchange was let do by its key: what is left, for the client; what it uses, counted at its end."""

import time
from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from monitor.ledger.booking import estimate_of, tokens_of, units_of
from monitor.record.records import RequestRecord
from relay.limits.standing import Standing, headers

Spend = Callable[[int, int], None]
"""(tokens, units of money): count them, and give back the place of the exchange."""


class Allowance:
    """Made at admission for a key with limits that are counted; ``settle`` or ``give_back`` is its end."""

    def __init__(
        self,
        standings: Sequence[Standing],
        spend: Spend,
        cost: Callable[[RequestRecord], Decimal | None] | None,
    ) -> None:
        """``cost`` says what an exchange cost where the key has a budget in money, and is None elsewhere."""
        self._standings = standings
        self._spend = spend
        self._cost = cost
        self._is_settled = False

    def headers(self, recorded_as: str) -> list[tuple[str, str]]:
        """For the answer, in the client's dialect."""
        return headers(recorded_as, self._standings, time.time())

    def give_back(self) -> None:
        """There was no exchange: nothing was used but the request that was counted."""
        if not self._is_settled:
            self._is_settled = True
            self._spend(0, 0)

    def settle(self, row: RequestRecord) -> RequestRecord:
        """Count what the exchange of ``row`` used; the row, with its cost where that is known by now."""
        if self._is_settled:
            return row
        self._is_settled = True
        if self._cost is not None and row.cost is None and row.attempts:
            row = msgspec.structs.replace(row, cost=self._cost(row))
        self._spend(sum(tokens_of(row)) + estimate_of(row), units_of(row.cost))
        return row
