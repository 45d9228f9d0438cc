"""A deadline for each of a task's many waits, at the price of a timer for all of them.

A stream waits once for each of its events, and hardly one of these waits comes to its deadline. So the timer
stays where it is when a wait is over; when it rings, it is set to the deadline of the wait that is on.
"""

import asyncio

NEVER = float("inf")


class Alarm:
    """Cancels the task that waits when its deadline is over; the task asks ``rang`` whether that was it."""

    __slots__ = ("_at", "_cancelling", "_has_rung", "_loop", "_task", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Nobody waits; times are ``loop``'s."""
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._at = NEVER
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
        self._at = at
        timer = self._timer
        if timer is None or timer.when() > at:
            if timer is not None:
                timer.cancel()
            self._timer = self._loop.call_at(at, self._ring)

    def rest(self) -> None:
        """The wait is over; the timer stays."""
        self._at = NEVER

    def rang(self) -> bool:
        """The wait was cancelled: was it by this? Then nobody else's cancellation is on its way."""
        has_rung, self._has_rung = self._has_rung, False
        return has_rung and self._task is not None and self._task.uncancel() <= self._cancelling

    def stop(self) -> None:
        """There will be no more waits."""
        self._at = NEVER
        self._task = None
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _ring(self) -> None:
        self._timer = None
        if self._at == NEVER:
            return
        if self._loop.time() < self._at:
            self._timer = self._loop.call_at(self._at, self._ring)
        elif self._task is not None:
            self._at = NEVER
            self._has_rung = True
            self._task.cancel()
