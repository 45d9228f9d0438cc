"""How many retries a server may make: a dying upstream is not to be hammered by those who mend.

PURE; ``now`` (seconds, any clock that only rises) is an argument. Retries are at most a fifth of the
requests of the last minute, plus a floor of ten a second for servers with little to do. Heals and quota
rotations are not asked for here: a heal happens once, and a quota rotation goes to somebody else.
"""

from collections import deque

WINDOW_SECONDS = 60


class RetryBudget:
    """Counts requests and retries by the second, over the last minute."""

    def __init__(self, share: float = 0.2, floor_a_second: int = 10) -> None:
        """Retries may be ``share`` of the requests, and ``floor_a_second`` in any case."""
        self._share = share
        self._floor_a_second = floor_a_second
        self._seconds: deque[list[int]] = deque()  # [second, requests, retries], oldest first
        self._requests = 0
        self._retries = 0

    def note_request(self, now: float) -> None:
        """A client asked."""
        self._second(now)[1] += 1
        self._requests += 1

    def may_retry(self, now: float) -> bool:
        """Whether there is a retry left; if so, it is spent."""
        second = self._second(now)
        if second[2] >= self._floor_a_second and self._retries >= self._share * self._requests:
            return False
        second[2] += 1
        self._retries += 1
        return True

    def _second(self, now: float) -> list[int]:
        number = int(now)
        if not self._seconds or self._seconds[-1][0] != number:
            self._seconds.append([number, 0, 0])
        while self._seconds[0][0] <= number - WINDOW_SECONDS:
            _, requests, retries = self._seconds.popleft()
            self._requests -= requests
            self._retries -= retries
        return self._seconds[-1]
