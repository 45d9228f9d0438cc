"""How long one attempt may wait for what: numbers of docs/behaviour.md 5.4, on the wall clock.

PURE. Times are seconds since admission. Up to the first valid data they run from the sending of the
attempt, and nothing touches them; after it from the last data of upstream. Our own keep-alives are
unknown here, and the time that a slow client takes is not upstream's silence.
"""

from collections.abc import Sequence

import msgspec

from relay.engine.commands import Picked
from relay.neutral.events import Event, Extra, Heartbeat, StreamState, Usage
from relay.neutral.failures import Failure, Kind

_BESIDES = (Usage, Heartbeat, Extra)
"""What says nothing of the answer itself."""

PINGS_COUNT_SECONDS = 600.0
"""How long an Anthropic upstream's own pings inside a thinking block count as life."""


class TimeLimits(msgspec.Struct, frozen=True):
    """The deadlines of an exchange, in seconds; ``backoff_scale`` multiplies the waits of the table.

    ``first_data``: from sending to the first valid data; ``first_data_thinking``: the same where the model
    thinks. ``idle``: silence after the commit; ``thinking``: the same inside a thinking block.
    ``deadline``: from admission to commit. ``settle``: from a finish reason to the end of the body, which
    some servers leave open.
    """

    first_data_seconds: float = 60.0
    first_data_thinking_seconds: float = 300.0
    thinking_seconds: float = 300.0
    idle_seconds: float = 120.0
    deadline_seconds: float = 600.0
    settle_seconds: float = 5.0
    backoff_scale: float = 1.0


class Deadlines:
    """The deadlines of one attempt on ``account``; a collected answer is peek to its end."""

    def __init__(
        self, limits: TimeLimits, account: Picked, is_collected: bool, is_committed: bool = False
    ) -> None:
        """Nothing was sent yet; ``is_committed``: the attempt continues an answer that has begun."""
        self._limits = limits
        self._account = account
        self._is_collected = is_collected
        self._has_begun = False
        self._is_committed = is_committed
        self._sent_at = self._data_at = self._bytes_at = self._unheard_at = self._ping_at = 0.0
        self._stopped_at = 0.0

    def sent(self, at: float) -> None:
        """A request goes out: the attempt's first one, or that of a later leg."""
        self._sent_at = self._data_at = self._bytes_at = self._ping_at = at

    def begun(self, at: float) -> None:
        """The first valid data is there."""
        self._has_begun = True
        self._data_at = self._bytes_at = self._ping_at = at

    def came(self, events: Sequence[Event], at: float, *, has_unheard: bool = False) -> None:
        """A read gave ``events``. None at all is part of one, which counts until it proves a heartbeat.

        ``has_unheard``: a whole one was there that means nothing here, and it counts.
        """
        if has_unheard:
            self._unheard_at = at
        if not events:
            self._bytes_at = at
        elif any(type(event) is not Heartbeat for event in events):
            self._data_at = self._bytes_at = self._ping_at = at
        else:
            self._bytes_at = max(self._data_at, self._unheard_at)
            if self._account.kind == "anthropic":
                self._ping_at = at

    def stopped(self, events: Sequence[Event], at: float, *, is_new: bool) -> None:
        """A read gave ``events``, and a finish reason is the last that was told; ``is_new``: only now."""
        if is_new or any(type(event) not in _BESIDES for event in events):
            self._stopped_at = at

    def settled(self, until: float) -> float:
        """Until when to read behind a finish reason, where ``until`` is without one."""
        return min(until, self._stopped_at + self._limits.settle_seconds)

    def client_took(self, seconds: float) -> None:
        """Upstream was not read for that long."""
        self._data_at += seconds
        self._bytes_at += seconds
        self._unheard_at += seconds
        self._ping_at += seconds
        self._stopped_at += seconds

    def first_data(self, state: StreamState) -> float:
        """Until when the first valid data must be there."""
        return self._within_deadline(self._sent_at + self._first_data_seconds(state))

    def no_data(self, state: StreamState) -> Failure:
        """Why that time is over."""
        seconds = self._first_data_seconds(state)
        late = Failure(Kind.FIRST_DATA_TIMEOUT, f"Timeout waiting for first data ({seconds:g}s)")
        return self._or_deadline(late, self._sent_at + seconds)

    def idle(self, state: StreamState) -> float:
        """Until when the next data must be there."""
        return self._within_deadline(self._idle_end(state))

    def silence(self, state: StreamState) -> Failure:
        """Why that time is over."""
        seconds = self._limits.thinking_seconds if state.is_thinking else self._limits.idle_seconds
        message = f"upstream fell silent in the middle of its answer for {seconds:g} s"
        return self._or_deadline(Failure(Kind.IDLE_TIMEOUT, message), self._idle_end(state))

    def _first_data_seconds(self, state: StreamState) -> float:
        if self._account.thinks_unseen or state.is_thinking:
            return self._limits.first_data_thinking_seconds
        return self._limits.first_data_seconds

    def _idle_end(self, state: StreamState) -> float:
        if not state.is_thinking:
            return self._bytes_at + self._limits.idle_seconds
        seconds = self._limits.thinking_seconds
        alive_at = max(self._bytes_at, self._ping_at)
        return min(alive_at + seconds, self._data_at + max(seconds, PINGS_COUNT_SECONDS))

    @property
    def _may_outlast(self) -> bool:
        """The exchange's deadline never cuts a running stream."""
        return (self._has_begun or self._is_committed) and not self._is_collected

    def _within_deadline(self, until: float) -> float:
        return until if self._may_outlast else min(until, self._limits.deadline_seconds)

    def _or_deadline(self, failure: Failure, until: float) -> Failure:
        """``failure``, or the exchange's deadline where that was the nearer end."""
        # By the numbers and not by the clock: event loops round, and timers ring a moment early.
        if self._may_outlast or until < self._limits.deadline_seconds:
            return failure
        return deadline_is_over(self._limits)


def deadline_is_over(limits: TimeLimits) -> Failure:
    """The exchange has used up its time."""
    return Failure(Kind.DEADLINE, f"no answer within {limits.deadline_seconds:g} s")
