"""Time as the pool sees it, so that tests move it by hand."""

import asyncio
import time
from typing import Any, Protocol


class Clock(Protocol):
    """Now, and waiting for something that may come sooner."""

    def now(self) -> float:
        """Seconds since the epoch. Never runs backwards."""

    async def wait(self, arrival: "asyncio.Future[Any]", seconds: float) -> None:
        """Returns when ``arrival`` is done or ``seconds`` are over; ``arrival`` is not cancelled."""


class SystemClock:
    """The wall clock as it stood at the start, carried on by the monotonic one: a set clock moves no mark."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._offset + time.monotonic()

    async def wait(self, arrival: "asyncio.Future[Any]", seconds: float) -> None:
        """Waits for ``arrival``, at most ``seconds``."""
        await asyncio.wait([arrival], timeout=max(seconds, 0.0))
