"""A clock that a test moves by hand."""

import asyncio
from typing import Any


class HandClock:
    """Time stands still until ``advance``."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self._now = now
        self._alarms: list[tuple[float, asyncio.Event]] = []

    def now(self) -> float:
        return self._now

    async def wait(self, arrival: "asyncio.Future[Any]", seconds: float) -> None:
        rings = asyncio.Event()
        self._alarms.append((self._now + seconds, rings))
        arrival.add_done_callback(lambda _: rings.set())
        await rings.wait()

    async def advance(self, seconds: float) -> None:
        """Moves the time, then lets everybody run who was waiting for it."""
        await settle()
        self._now += seconds
        for due, rings in self._alarms:
            if due <= self._now:
                rings.set()
        self._alarms = [alarm for alarm in self._alarms if not alarm[1].is_set()]
        await settle()


async def settle() -> None:
    """Lets every task run until it waits for something."""
    for _ in range(10):
        await asyncio.sleep(0)
