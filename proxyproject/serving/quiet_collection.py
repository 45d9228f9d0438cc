"""The whole garbage collection comes while nobody is served: it takes 20 to 120 ms, in which nobody would be.

It holds the interpreter whatever thread begins it, about a millisecond for each thousand objects, and the
longest while a request of 100,000 messages is read or converted: half a million objects, and none of them
garbage. So the collector begins it seldom by itself, and each quiet moment takes away what has gathered.

A server that is never quiet takes it in bites, where little is new since the last one, and those that stay
are not looked at again before a quiet moment some bites later, which looks at all there is. What was in use
at a bite and becomes garbage in a circle waits for that moment, too; what is in no circle goes at once, as
ever, and nearly everything is in none.
"""

import asyncio
import contextlib
import ctypes
import gc
from collections.abc import Callable
from typing import Any

LOOK_SECONDS = 10.0

YOUNG_OBJECTS = 5_000
"""How many more containers are made than freed before the youngest are looked through: 5 ms."""

MIDDLE_AFTER = 2
"""How often the youngest are looked through before those are, too, that stayed: 15,000 objects at most."""

WHOLE_AFTER = 400
"""How often the middle generation is looked through before all are: some millions of objects that stayed."""

BITE_OF_MIDDLE = 1
"""Where the middle generation was looked through so often since the last bite, little is there: 20 ms. To
count what is there would touch all of it, and take longer. More are many requests, or a new pool."""

CROWDED_LOOKS = 6
"""What is more for so many looks, a minute, is a new pool's: it is put away as it is, once."""

MOST_HIDDEN = 10
"""Behind so many a quiet moment looks at everything, also at what was there at the start (80 ms),"""
HIDDEN_AT_LAST = 2_000
"""and behind so many, five hours, whatever moment there is: what grows must end somewhere."""

_WHOLE = 2
"""The oldest generation; its count is how often the younger ones were collected since it was."""


def settle_memory() -> None:
    """What is loaded by now stays: the garbage collector need not look at it again (0.5 ms an exchange).

    What an exchange makes is in no circle and goes by itself: the collector need not come every 700 objects.
    """
    gc.collect()
    give_back_memory()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, MIDDLE_AFTER, WHOLE_AFTER)


def give_back_memory() -> None:
    """What is free goes back to the system, which glibc would keep; another C library does as it likes."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


class QuietCollection:
    """Collects the oldest generation: all of it in quiet moments, little of it in others."""

    def __init__(
        self,
        is_quiet: Callable[[], bool],
        counts: Callable[[], tuple[int, int, int]] = gc.get_count,
        collect: Callable[[], object] = gc.collect,
    ) -> None:
        """``is_quiet``: is nobody served now?"""
        self._is_quiet, self._counts, self._collect = is_quiet, counts, collect
        self._looking: asyncio.Task[None] | None = None
        self._crowded = 0  # looks that found too much for a bite, since a whole collection that was none
        self._hidden = 0  # how often what was in use has been put where no collection looks

    def start(self) -> None:
        """Look now and then, in this event loop."""
        gc.callbacks.append(self._collected)
        self._looking = asyncio.get_running_loop().create_task(self._look_for_ever())

    async def stop(self) -> None:
        """Look no more."""
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            gc.callbacks.remove(self._collected)

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self.look():
                with contextlib.suppress(
                    RuntimeError
                ):  # there is no thread to be had: the next look may have one
                    await asyncio.to_thread(give_back_memory)

    def look(self) -> bool:
        """Collect, if anything has gathered: in a quiet moment, which it tells, or where it is little."""
        is_quiet = self._is_quiet()
        looks_at_all = self._hidden >= (MOST_HIDDEN if is_quiet else HIDDEN_AT_LAST)
        if looks_at_all:
            gc.unfreeze()
        elif not (middle := self._counts()[_WHOLE]):
            return False
        elif not is_quiet and middle > BITE_OF_MIDDLE:
            self._is_crowded()
            return False
        crowded = self._crowded
        self._collect()
        if looks_at_all:
            self._hidden = 0
        elif not is_quiet:
            self._crowded = crowded
        return is_quiet

    def _is_crowded(self) -> None:
        """More is there than a bite; what has stayed for so long is no request's, and stands in every way."""
        self._crowded += 1
        if self._crowded == CROWDED_LOOKS:
            gc.freeze()
            self._hidden += MOST_HIDDEN

    def _collected(self, phase: str, told: dict[str, Any]) -> None:
        """Python: a collection begins or is over. What a whole one leaves is not looked at by the next."""
        if phase == "stop" and told["generation"] == _WHOLE:
            gc.freeze()
            self._hidden += 1
            self._crowded = 0
