"""How many retries an upstream gets: a failing one must not be flooded by our own retries.

PURE; ``now`` (seconds, any clock that only rises) is an argument. Each request earns its upstream a fifth of
a retry, and each second ten of them, for servers with little to do. Who finds all of it spent waits for its
turn; only where too many wait already, or the turn would come too late, there is none. Heals and quota
rotations are not asked for here: a heal happens once, and a quota rotation goes to somebody else.
"""

from collections import deque

WINDOW_SECONDS = 60


class RetryBudget:
    """The retries of one upstream: what may go now, and (``_left`` below 0) how many wait."""

    def __init__(self, share: float = 0.2, floor_a_second: int = 10, queue: int = 1000) -> None:
        """A request earns ``share``, a second ``floor_a_second``; ``queue`` retries may wait for a turn."""
        self._share = share
        self._floor_a_second = floor_a_second
        self._queue = queue
        self._seconds: deque[list[int]] = deque()  # [second, requests], oldest first
        self._requests = 0
        self._left = float(floor_a_second)
        self._filled_at = 0.0

    def note_request(self, now: float) -> None:
        """A client's request goes to this upstream."""
        self._fill(now)
        if not self._seconds or self._seconds[-1][0] != int(now):
            self._seconds.append([int(now), 0])
        self._seconds[-1][1] += 1
        self._requests += 1
        self._left += self._share

    def turn(self, now: float, latest: float) -> float | None:
        """In how many seconds a retry may go (0: now), which is reserved; None for none by ``latest``."""
        self._fill(now)
        if self._left > 0:
            self._left -= 1
            return 0.0
        a_second = self._floor_a_second + self._share * self._requests / WINDOW_SECONDS
        if a_second <= 0 or self.waiting >= self._queue:
            return None
        seconds = (1 - self._left) / a_second
        if now + seconds >= latest:
            return None
        self._left -= 1
        return seconds

    def give_back(self) -> None:
        """A retry that was to go does not, for nobody wants it any more."""
        self._left += 1

    @property
    def waiting(self) -> float:
        """How many wait for their turn, by what they have reserved."""
        return max(-self._left, 0.0)

    def _fill(self, now: float) -> None:
        """Earn what the time has brought; no more is kept than what the requests of a minute earn."""
        while self._seconds and self._seconds[0][0] <= int(now) - WINDOW_SECONDS:
            self._requests -= self._seconds.popleft()[1]
        most = max(self._floor_a_second, self._share * self._requests)
        self._left = min(self._left + self._floor_a_second * max(now - self._filled_at, 0.0), most)
        self._filled_at = now
