"""Lets a key's exchanges in, as far as its counted limits go: rates, budgets, and how many run at once."""

from collections.abc import Callable, Sequence
from typing import Protocol

from accounts.keys.limits import KeyLimits, Limit
from accounts.loaded.client_keys import CallerKey
from monitor.ledger.booking import spent_by
from monitor.record.records import RequestRecord
from relay.limits.allowance import Allowance
from relay.limits.counts import RETRY_SECONDS, Counts, Unknown
from relay.limits.standing import Standing, refusal, too_many_at_once
from relay.neutral.failures import Failure, Kind

LimitsOf = Callable[[int], KeyLimits | None]
"""What a key may do by now; None: anything, or there is no such key any more."""

Priced = Callable[[RequestRecord], RequestRecord]
"""An exchange that has ended, with what it cost in dollars, as far as that is known."""

MOST_SETTLED_FOR = 10_000
"""So many exchanges of the dead are remembered: one that is only slow opens its rows again and again."""


class Slots(Protocol):
    """The running exchanges of each key over all processes."""

    @property
    def is_exact(self) -> bool:
        """Can they be counted now?"""
        ...

    async def take(self, account_id: int, limit: int) -> bool:
        """One more; False where that would be too many, or nobody could be asked."""
        ...

    def give(self, account_id: int) -> None:
        """One less."""
        ...

    async def start(self) -> None:
        """Connect."""
        ...

    async def stop(self) -> None:
        """Give all back."""
        ...


class KeyCounter:
    """One process's door for keys. ``slots``: None where this process counts alone."""

    def __init__(
        self,
        counts: Counts,
        priced: Priced,
        slots: Slots | None = None,
        limits_of: LimitsOf = lambda _key: None,
    ) -> None:
        self.counts = counts
        self._priced = priced
        self._slots = slots
        self._limits_of = limits_of
        self._running: dict[int, int] = {}
        self._settled_for: dict[str, tuple[int, int]] = {}

    async def admit(self, caller: CallerKey, limits: KeyLimits | None) -> Allowance | Failure:
        """Let the next exchange in, counted as far as there are limits, or say why not."""
        if limits is None or not limits.is_counted:
            return self._allowance(caller.id, (), (), 0)
        most = limits.max_in_flight
        if most and not await self._take(caller.id, most):
            return too_many_at_once(caller.name, most)
        try:
            standings, over = await self.counts.admit(caller.id, limits.limits)
        except Unknown:
            self._give(caller.id, most)
            message = f"What the client key {caller.name!r} has used is not known now; try again in a moment."
            return Failure(Kind.NO_ACCOUNT, message, 503, retry_after_seconds=RETRY_SECONDS)
        except BaseException:
            self._give(caller.id, most)
            raise
        if over:
            self._give(caller.id, most)
            return refusal(caller.name, over, self.counts.now())

        return self._allowance(caller.id, limits.limits, standings, most)

    def _allowance(
        self, key: int, limits: tuple[Limit, ...], standings: Sequence[Standing], most: int
    ) -> Allowance:
        """A budget may be set while the exchange runs, also for a key that nothing is counted for now."""

        def with_cost(row: RequestRecord) -> RequestRecord:
            if _has_money(limits) or _has_money(self._since(key, limits)):
                return self._priced(row)
            return row

        def spend(tokens: int, units: int, row: RequestRecord | None) -> None:
            self._give(key, most)
            if row is not None:
                since = self._since(key, limits)
                budgets = self.counts.budgets(since, row.started_at) if since else ()
                self.counts.spend(key, standings, tokens, units, budgets, row.id)

        return Allowance(standings, spend, with_cost, self.counts.now)

    def _since(self, key: int, limits: tuple[Limit, ...]) -> Sequence[Limit]:
        """What was set for the key since the admission under these limits."""
        now = self._limits_of(key)
        if now is None or now.limits is limits or not now.limits:
            return ()
        known = {(limit.measure, limit.period) for limit in limits}
        return [limit for limit in now.limits if (limit.measure, limit.period) not in known]

    def settle_for(self, caller: CallerKey, row: RequestRecord) -> None:
        """Count what the exchange of ``row`` used, which is booked; its process has died, or is slow.

        What is told again counts once: a slow process has the row open again, or tells more at its end.
        """
        known = self._settled_for.get(row.id, (0, 0))
        tokens, units = map(max, spent_by(row), known)
        if caller.limits is None or (tokens, units) == known:
            return
        self._settled_for[row.id] = (tokens, units)
        if len(self._settled_for) > MOST_SETTLED_FOR:
            del self._settled_for[next(iter(self._settled_for))]
        budgets = self.counts.budgets(caller.limits.limits, row.started_at)
        self.counts.spend(caller.id, budgets, tokens, units, mark=row.id, is_late=True, known=known)

    async def start(self) -> None:
        """Begin to count with the other processes; Redis need not be there yet."""
        if self._slots is not None:
            await self._slots.start()

    async def stop(self) -> None:
        """Tell what is still to be told, and end."""
        if self._slots is not None:
            await self._slots.stop()
        await self.counts.stop()

    def running(self, key: int) -> int:
        """How many exchanges of the key run in this process."""
        return self._running.get(key, 0)

    async def _take(self, key: int, most: int) -> bool:
        if self._slots is not None:
            if not self._slots.is_exact and self.running(key) >= most:
                return False
            if not await self._slots.take(key, most):
                has_gone = not self._slots.is_exact and self.running(key) < most
                if not has_gone or not await self._slots.take(key, most):
                    return False
        elif self.running(key) >= most:
            return False
        self._running[key] = self.running(key) + 1
        return True

    def _give(self, key: int, most: int) -> None:
        if not most:
            return
        self._running[key] = self.running(key) - 1
        if not self._running[key]:
            del self._running[key]
        if self._slots is not None:
            self._slots.give(key)


def _has_money(limits: Sequence[Limit]) -> bool:
    has_money = False
    for limit in limits:  # ``any`` takes six times as long
        has_money = has_money or limit.measure == "usd"
    return has_money
