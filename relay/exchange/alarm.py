"""One timer that serves the deadlines of many waits.

A stream waits once for each of its events, and hardly one of these waits comes to its deadline. So the timer
stays where it is when a wait is over; when it rings, it is set to the deadline of the wait that is on.
"""

import asyncio
from collections.abc import Callable


class KeptTimer:
    """Wakes who waits when the deadline of the wait is over; one wait at a time."""

    __slots__ = ("_at", "_rings_at", "_timer", "_wake")

    def __init__(self) -> None:
        """Nobody waits."""
        self._timer: asyncio.Handle | None = None
        self._rings_at = 0.0  # uvloop's handle of a moment that is past cannot tell it
        self._at = 0.0
        self._wake: Callable[[], None] | None = None

    def set(self, loop: asyncio.AbstractEventLoop, at: float, wake: Callable[[], None]) -> None:
        """A wait begins, until ``at`` by ``loop``'s time; ``wake`` is called then."""
        self._at, self._wake = at, wake
        timer = self._timer
        if timer is None or self._rings_at > at:
            if timer is not None:
                timer.cancel()
            self._start(loop)

    def rest(self) -> None:
        """The wait is over; the timer stays."""
        self._wake = None

    def stop(self) -> None:
        """There will be no more waits."""
        self._wake = None
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        wake = self._wake
        if wake is None:
            return
        if loop.time() < self._at:
            self._start(loop)
        else:
            self._wake = None
            wake()

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._rings_at = self._at
        self._timer = loop.call_at(self._at, self._ring, loop)


class Alarm:
    """Cancels the task that waits when its deadline is over; the task asks ``rang`` whether that was it."""

    __slots__ = ("_cancelling", "_has_rung", "_loop", "_task", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Nobody waits; times are ``loop``'s."""
        self._loop = loop
        self._timer = KeptTimer()
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._has_rung = False

    def set(self, at: float) -> None:
        """The current task is about to wait, until ``at`` at most."""
        task = self._task = asyncio.current_task()
        if task is None:
            raise RuntimeError("who waits is a task")
        self._cancelling = task.cancelling()
        self._has_rung = False
        self._timer.set(self._loop, at, self._ring)

    def rest(self) -> None:
        """The wait is over; the timer stays."""
        self._timer.rest()

    def rang(self) -> bool:
        """The wait was cancelled: was it by this? Then nobody else's cancellation is on its way."""
        has_rung, self._has_rung = self._has_rung, False
        return has_rung and self._task is not None and self._task.uncancel() <= self._cancelling

    def stop(self) -> None:
        """There will be no more waits."""
        self._task = None
        self._timer.stop()

    def _ring(self) -> None:
        if self._task is not None:
            self._has_rung = True
            self._task.cancel()
