"""A turn of the event loop is short: where a hundred have something to do at once, each waits for its own.

The loop calls everybody who is ready before it looks for news. A hundred streams that end together were one
turn of 128 ms, in which nobody else was heard. Who has more to do than passing something on asks here first,
and stands in line where others do: whoever always has something to do comes behind them again.

There is a line for the answers of upstreams, and one for each address that sends something; they are called
by turns. So strangers who send much keep neither an answer waiting nor a request from another address.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

TURN_SECONDS: Final = 0.004
"""When so much of a turn is over, whoever asks waits for a next one."""

CALLED_AT_ONCE: Final = 16
"""Of those in line; for whom the turn is too short comes first in the next one."""


class Turns:
    """The turns of the running loop, as far as anybody asks."""

    __slots__ = (
        "_answers", "_began_at", "_computed", "_computed_before", "_first", "_has_pass",
        "_is_called", "_is_for_answers", "_loop", "_now", "_senders",
    )  # fmt: skip

    def __init__(
        self, computed: Callable[[], float] = time.thread_time, now: Callable[[], float] = time.monotonic
    ) -> None:
        """``computed`` rises with what this thread computes, in seconds: to wait for a core is no turn.

        It asks the system, which takes ten times as long as ``now``; so that is asked first.
        """
        self._computed, self._now = computed, now
        self._computed_before, self._began_at = computed(), now()
        self._answers: deque[Callable[[], None]] = deque()
        self._first: deque[Callable[[], None]] = deque()  # called already, when the turn was over
        self._senders: dict[str, deque[Callable[[], None]]] = {}  # by address; the first is called first
        self._is_for_answers = False
        self._has_pass = False  # the first who is called has its turn, whatever others have computed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_called = False

    def is_over(self) -> bool:
        """Has this turn taken long enough, or does anybody wait for the next one?"""
        if not self._answers and not self._first and not self._senders and self._has_time():
            return False
        self._call()
        return True

    async def wait(self) -> None:
        """Return in a turn that is not over; the answers that wait come in the order in which they asked."""
        if not self.is_over():
            return
        line = self._answers
        while True:
            place = asyncio.get_running_loop().create_future()
            line.append(partial(_take, place))
            await place
            if self._has_time() or self._has_pass:
                self._has_pass = False
                return
            self._call()
            line = self._first

    def soon(self, address: str, act: Callable[[], None]) -> None:
        """Call ``act`` in a next turn, behind what the same ``address`` waits for already."""
        self._call()
        self._senders.setdefault(address, deque()).append(act)

    def _has_time(self) -> bool:
        return (
            self._now() - self._began_at < TURN_SECONDS  # nobody computes for longer than has passed
            or self._computed() - self._computed_before < TURN_SECONDS
        )

    def _call(self) -> None:
        """Let the next turn begin with the loop's next round."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # nobody can wait any more in one that has ended
            self._loop, self._is_called = loop, False
            for line in (self._answers, self._first, self._senders):
                line.clear()
        if not self._is_called:
            self._is_called = True
            loop.call_soon(self._next)

    def _next(self) -> None:
        self._is_called = False
        self._computed_before, self._began_at = self._computed(), self._now()
        self._answers.extendleft(reversed(self._first))
        self._first.clear()
        self._has_pass = True
        self._is_for_answers = bool(self._answers) and not (self._is_for_answers and self._senders)
        try:
            for _ in range(CALLED_AT_ONCE):
                if not (self._answers if self._is_for_answers else self._senders):
                    break
                (self._answers.popleft() if self._is_for_answers else self._sender())()
                if not self._has_time():
                    break
        finally:  # whatever one of them raises
            if self._answers or self._senders:
                self._call()  # behind those who were called, and compute in the loop's next round

    def _sender(self) -> Callable[[], None]:
        """The next of the next address, which then stands behind the others."""
        address = next(iter(self._senders))
        line = self._senders.pop(address)
        act = line.popleft()
        if line:
            self._senders[address] = line
        return act


def _take(place: "asyncio.Future[None]") -> None:
    if not place.done():
        place.set_result(None)


turns = Turns()
"""Of this process's one event loop."""
