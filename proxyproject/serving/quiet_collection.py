"""The whole garbage collection comes while nobody is served: it takes 20 to 120 ms, in which nobody would be.

It holds the interpreter whatever thread begins it, and the longest while a request of 100,000 messages is
read or converted: half a million objects, and none of them garbage. So the collector begins it seldom by
itself, and each quiet moment takes away what has gathered. A server that is never quiet has it after some
millions of objects.
"""

import asyncio
import contextlib
import ctypes
import gc
from collections.abc import Callable

LOOK_SECONDS = 20.0

YOUNG_OBJECTS = 5_000
"""How many more containers are made than freed before the youngest are looked through."""

WHOLE_AFTER = 100
"""How often the middle generation is looked through before all are: 50,000 objects that stayed, each time."""

_WHOLE = 2
"""The oldest generation; its count is how often the younger ones were collected since it was."""


def settle_memory() -> None:
    """What is loaded by now stays: the garbage collector need not look at it again (0.5 ms an exchange).

    What an exchange makes is in no circle and goes by itself: the collector need not come every 700 objects.
    """
    gc.collect()
    give_back_memory()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, gc.get_threshold()[1], WHOLE_AFTER)


def give_back_memory() -> None:
    """What is free goes back to the system, which glibc would keep; another C library does as it likes."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


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
            give_back_memory()
