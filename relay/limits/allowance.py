"""What an exchange may use of its key's limits: what is left, for the client; its use, counted at its end."""

import time
from collections.abc import Callable, Sequence

from monitor.ledger.booking import spent_by
from monitor.record.records import RequestRecord
from relay.limits.standing import Standing, headers

Spend = Callable[[int, int, RequestRecord | None], None]
"""(tokens, units of money, the ended exchange): count them, and give back its place. None: there was none."""


class Allowance:
    """Made at the admission of each exchange of a key; ``settle`` or ``give_back`` is its end."""

    def __init__(
        self,
        standings: Sequence[Standing],
        spend: Spend,
        priced: Callable[[RequestRecord], RequestRecord] | None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``priced`` gives an exchange its cost where the key has a budget in money."""
        self._standings = standings
        self._spend = spend
        self._priced = priced
        self._now = now
        self._is_settled = False

    def headers(self, recorded_as: str) -> list[tuple[str, str]]:
        """For the answer, in the client's dialect."""
        return headers(recorded_as, self._standings, self._now())

    def give_back(self) -> None:
        """There was no exchange: nothing was used but the request that was counted."""
        if not self._is_settled:
            self._is_settled = True
            self._spend(0, 0, None)

    def settle(self, row: RequestRecord) -> RequestRecord:
        """Count what the exchange of ``row`` used; the row, with its cost where that is known by now."""
        if self._is_settled:
            return row
        self._is_settled = True
        if self._priced is not None and row.cost is None and row.attempts:
            row = self._priced(row)
        self._spend(*spent_by(row), row)
        return row
