"""How the upstreams fare, by host: their retry budgets.

The rules are ``relay/engine/budget.py``; here are the clock and the numbers for ``/metrics``. Each process
has its own.
"""

from collections.abc import Callable

import msgspec

from relay import metrics
from relay.engine.budget import RetryBudget


class HealthSettings(msgspec.Struct, frozen=True):
    """The settings of the budgets (docs/configuration.md has each)."""

    retry_share: float
    retry_floor: int
    retry_queue: int


class UpstreamHealth:
    """The hosts that this process has asked."""

    def __init__(self, settings: HealthSettings, now: Callable[[], float]) -> None:
        """None was asked yet. ``now`` are the seconds of a clock that only rises."""
        self.now = now
        self._settings = settings
        self._budgets: dict[str, RetryBudget] = {}

    def budget(self, host: str) -> RetryBudget:
        """The retry budget of ``host``."""
        if host not in self._budgets:
            told = self._settings
            self._budgets[host] = RetryBudget(told.retry_share, told.retry_floor, told.retry_queue)
        return self._budgets[host]


class UpstreamWatch:
    """One exchange's part in it."""

    def __init__(self, health: UpstreamHealth) -> None:
        """Nobody was asked yet."""
        self._health = health
        self._host = ""
        self._asked: set[str] = set()
        self._has_turn = False

    def asks(self, host: str) -> None:
        """The next attempt goes to ``host``. Its first one there is a request, what follows are retries."""
        self._host, self._has_turn = host, False
        if host not in self._asked:
            self._asked.add(host)
            self._health.budget(host).note_request(self._health.now())

    def turn(self, seconds: float) -> float | None:
        """In how many seconds a retry may go, on the budget of the host that was asked last.

        None if there is no turn within ``seconds``.
        """
        now = self._health.now()
        turn = self._health.budget(self._host).turn(now, now + seconds)
        self._has_turn = turn is not None
        word = "refused" if turn is None else "waited" if turn else "at once"
        metrics.RETRY_TURNS.labels(self._host, word).inc()
        return turn

    def gives_up_turn(self) -> None:
        """Nobody wants the retry any more that waits, if one does."""
        if self._has_turn:
            self._has_turn = False
            self._health.budget(self._host).give_back()
