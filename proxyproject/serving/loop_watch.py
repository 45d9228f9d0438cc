"""How late the event loop comes round because something held it, told where an operator asks for that.

A timer that rings late says so. What counts is the time that the thread computed meanwhile: on a busy machine
a thread without a core is late too, and nothing here is at fault.
"""

import asyncio
import logging
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

TICKS = 4
"""Looks in the time of the shortest stall that is told."""


class LoopWatch:
    """Watches one loop for stalls of ``stall_seconds`` and more."""

    def __init__(
        self,
        stall_seconds: float,
        now: Callable[[], float] = time.monotonic,
        computed: Callable[[], float] = time.thread_time,
    ) -> None:
        """``now`` rises with time, ``computed`` with what this thread computes."""
        self.tick_seconds = stall_seconds / TICKS
        self._stall_seconds = stall_seconds
        self._now, self._computed = now, computed
        self._due_at = now() + self.tick_seconds
        self._computed_before = computed()

    def tick(self) -> float:
        """The timer rings: for how long the loop was held, 0.0 for less than a stall."""
        now, computed = self._now(), self._computed()
        held = min(now - self._due_at, computed - self._computed_before)
        self._due_at, self._computed_before = now + self.tick_seconds, computed
        return held if held >= self._stall_seconds else 0.0

    async def run(self) -> None:
        """Watch, and log every stall."""
        while True:
            await asyncio.sleep(self.tick_seconds)
            held = self.tick()
            if held:
                logger.warning("The event loop was held for %.0f ms", held * 1000)


_watching: set[asyncio.Task[None]] = set()
"""The loop holds its tasks weakly."""


def start_watching(stall_seconds: float) -> None:
    """Watch this thread's loop from now on."""
    _watching.add(asyncio.get_running_loop().create_task(LoopWatch(stall_seconds).run()))
