"""The whole garbage collection comes while nobody is served: it takes 20 to 50 ms, in which nobody would be.

The collector begins it by itself when a quarter more has gathered than there was; where each quiet moment
takes it away, that is seldom. A server that is never quiet has it as before.
"""

import asyncio
import gc
from collections.abc import Callable

LOOK_SECONDS = 20.0

_WHOLE = 2
"""The oldest generation; its count is how often the younger ones were collected since it was."""


class QuietCollection:
    """Collects the oldest generation in quiet moments."""

    def __init__(
        self,
        is_quiet: Callable[[], bool],
        counts: Callable[[], tuple[int, int, int]] = gc.get_count,
        collect: Callable[[], object] = gc.collect,
    ) -> None:
        """``is_quiet``: is nobody served now?"""
        self._is_quiet, self._counts, self._collect = is_quiet, counts, collect
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look now and then, in this event loop."""
        self._looking = asyncio.get_running_loop().create_task(self._look_for_ever())

    async def stop(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Collect, if anything has gathered and nobody is served."""
        if self._counts()[_WHOLE] and self._is_quiet():
            self._collect()
