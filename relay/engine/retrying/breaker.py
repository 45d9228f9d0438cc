"""When an upstream is left alone: a circuit breaker for one model at one host.

PURE; ``now`` is seconds of any clock that only rises. An upstream that fails nearly every attempt is asked no
more for a while; then one request tries it. If that is answered all may go again, else it is left alone for
twice as long. Failures are those of machines, connections and services: an upstream that refuses an account
or a request is there.
"""

from collections import deque
from enum import StrEnum

WINDOW_SECONDS = 30
LONGEST_REST_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 1.0
"""How soon those who wait look again, while one request tries the upstream."""

LONGEST_TRY_SECONDS = 30.0
"""After so long without a result another request may try it."""


IDLE_SECONDS = 60.0
"""Whom nobody wanted to try for so long behind its rest, nobody asks for."""


class Circuit(StrEnum):
    """A breaker's state, in the usual words."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half open"


class Breaker:
    """The breaker of one upstream. With ``attempts`` 0 it never opens.

    While it is not closed nothing counts but what becomes of the request that tries the upstream: others
    began before it opened, and tell of then.
    """

    def __init__(self, attempts: int = 20, share: float = 0.95, rest_seconds: float = 5.0) -> None:
        """It opens when of at least ``attempts`` in half a minute ``share`` or more failed."""
        self.state = Circuit.CLOSED
        self.rest_seconds = rest_seconds
        self._attempts = attempts
        self._share = share
        self._first_rest_seconds = rest_seconds
        self._until = 0.0  # open: the end of the rest; half open: the end of what a try may take
        self._seconds: deque[list[int]] = deque()  # [second, attempts, failures], oldest first

    def rest(self, now: float) -> float:
        """For how many seconds the upstream is left alone; 0 when it may be asked."""
        if self.state is Circuit.CLOSED or now >= self._until:
            return 0.0
        return self._until - now if self.state is Circuit.OPEN else LOOK_AGAIN_SECONDS

    def admits(self, now: float) -> bool:
        """May this request go? Behind a rest one may, to try it: the breaker is half open then."""
        if self.rest(now) > 0:
            return False
        if self.state is not Circuit.CLOSED:
            self.state, self._until = Circuit.HALF_OPEN, now + LONGEST_TRY_SECONDS
        return True

    def is_idle(self, now: float) -> bool:
        """Is it not closed, and of no use any more?"""
        return self.state is not Circuit.CLOSED and now >= self._until + IDLE_SECONDS

    def tried(self, now: float, *, is_failure: bool | None) -> None:
        """The request that tries the upstream knows more: it failed, was answered, or (None) was given up."""
        if self.state is not Circuit.HALF_OPEN:
            return
        if is_failure is None:
            self._until = now
        elif is_failure:
            self._open(now, min(self.rest_seconds * 2, LONGEST_REST_SECONDS))
        else:
            self.state, self.rest_seconds = Circuit.CLOSED, self._first_rest_seconds

    def ended(self, now: float, *, is_failure: bool) -> None:
        """Any other attempt has ended."""
        if self.state is not Circuit.CLOSED:
            return
        if not self._seconds or self._seconds[-1][0] != int(now):
            self._seconds.append([int(now), 0, 0])
        self._seconds[-1][1] += 1
        self._seconds[-1][2] += is_failure
        while self._seconds[0][0] <= int(now) - WINDOW_SECONDS:
            self._seconds.popleft()
        attempts = sum(second[1] for second in self._seconds)
        failures = sum(second[2] for second in self._seconds)
        if is_failure and 0 < self._attempts <= attempts and failures >= self._share * attempts:
            self._open(now, self._first_rest_seconds)

    def _open(self, now: float, seconds: float) -> None:
        self.state, self.rest_seconds = Circuit.OPEN, seconds
        self._until = now + seconds
        self._seconds.clear()
