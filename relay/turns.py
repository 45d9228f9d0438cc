"""A turn of the event loop is short: where a hundred have something to do at once, each waits for its own.

The loop calls everybody who is ready before it looks for news. A hundred streams that end together were one
turn of 128 ms, in which nobody else was heard. Who has more to do than passing something on asks here first.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

TURN_SECONDS: Final = 0.004
"""When so much of a turn is over, whoever asks waits for a next one."""


class Turns:
    """The turns of the running loop, as far as anybody asks."""

    __slots__ = ("_began_at", "_is_on", "_now")

    def __init__(self, now: Callable[[], float] = time.thread_time) -> None:
        """``now`` rises with what this thread computes, in seconds: to wait for a core is no turn."""
        self._now = now
        self._is_on = False
        self._began_at = 0.0

    def is_over(self) -> bool:
        """Has this turn taken long enough? It is counted from the first who asks."""
        if self._is_on:
            return self._now() - self._began_at >= TURN_SECONDS
        self._is_on, self._began_at = True, self._now()
        asyncio.get_running_loop().call_soon(self._end)
        return False

    def _end(self) -> None:
        self._is_on = False

    async def wait(self) -> None:
        """Return in a turn that is not over; those who wait come in the order in which they asked."""
        while self.is_over():  # noqa: ASYNC110  an event for each who waits would cost more than the turn
            await asyncio.sleep(0)


turns = Turns()
"""Of this process's one event loop."""
