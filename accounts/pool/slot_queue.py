"""The queue for a slot: first come, first served, wherever the slot comes free."""

import asyncio
from collections.abc import Callable

from accounts.pool.clock import Clock
from accounts.pool.leases import Lease, Want


class _Waiter:
    """Somebody in the queue. ``arrival`` brings a lease, or None to look again."""

    __slots__ = ("arrival", "only", "want")

    def __init__(self, want: Want, only: int | None) -> None:
        self.want = want
        self.only = only
        self.arrival: asyncio.Future[Lease | None] = asyncio.get_running_loop().create_future()


class SlotQueue:
    """Those who wait for a slot, in the order in which they first asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiters: dict[int, _Waiter] = {}
        self._last_ticket = 0

    def ticket(self) -> int:
        """A new last place. It is taken with the first ``wait`` and kept until ``leave``."""
        self._last_ticket += 1
        return self._last_ticket

    def leave(self, ticket: int) -> None:
        """Gives the place up."""
        self._waiters.pop(ticket, None)

    async def wait(self, ticket: int, want: Want, only: int | None, seconds: float) -> Lease | None:
        """Waits for a lease; None when the time is over or there is a reason to look again.

        ``only`` is the one account that will do, or None. A cancelled wait gives a lease that had already
        arrived back.
        """
        waiter = self._waiters[ticket] = _Waiter(want, only)  # a place once taken stays where it is
        try:
            await self._clock.wait(waiter.arrival, seconds)
        except asyncio.CancelledError:
            if waiter.arrival.done() and (lease := waiter.arrival.result()) is not None:
                lease.release()
            raise
        return waiter.arrival.result() if waiter.arrival.done() else None

    def offer(self, account_id: int, lease_for: Callable[[Want], Lease | None]) -> None:
        """A slot came free on ``account_id``: the first whom ``lease_for`` gives a lease has it."""
        for waiter in self._waiters.values():
            if waiter.arrival.done() or waiter.only not in (None, account_id):
                continue
            lease = lease_for(waiter.want)
            if lease is not None:
                waiter.arrival.set_result(lease)
                return

    def wake(self, account_id: int) -> None:
        """A slot came free on ``account_id``, for whichever process takes it: the first looks again."""
        for waiter in self._waiters.values():
            if not waiter.arrival.done() and waiter.only in (None, account_id):
                waiter.arrival.set_result(None)
                return

    def wake_all(self) -> None:
        """Something changed: everybody looks again, in order."""
        for waiter in self._waiters.values():
            if not waiter.arrival.done():
                waiter.arrival.set_result(None)
