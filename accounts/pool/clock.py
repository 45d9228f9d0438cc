"""Time as the pool sees it, so that tests move it by hand."""

import asyncio
import time
from typing import Any, Final, Protocol

READING_SECONDS: Final = 0.25
"""How much a reading of another clock may be off without telling anything: the answer takes its time."""


class Clock(Protocol):
    """Now, and waiting for something that may come sooner."""

    def now(self) -> float:
        """Seconds since the epoch. Never runs backwards."""

    async def wait(self, arrival: "asyncio.Future[Any]", seconds: float) -> None:
        """Returns when ``arrival`` is done or ``seconds`` are over; ``arrival`` is not cancelled."""


class SystemClock:
    """The wall clock as it stood at the start, carried on by the monotonic one: a set clock moves no mark.

    It is put to the clock that all hosts share (``agree``), so that a mark means the same on each.
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def agree(self, shared_now: float) -> None:
        """Takes over the shared clock's time (epoch seconds), where it differs by more than a reading may."""
        if abs(shared_now - self.now()) > READING_SECONDS:
            self._offset = shared_now - time.monotonic()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._offset + time.monotonic()

    async def wait(self, arrival: "asyncio.Future[Any]", seconds: float) -> None:
        """Waits for ``arrival``, at most ``seconds``."""
        await asyncio.wait([arrival], timeout=max(seconds, 0.0))
