"""A retry's turn: whether it may go, and when.

PURE. What an upstream's retry budget has no room for waits for its turn. So does a retry whose upstream is
left alone, for it fails nearly always, where the rest is no longer than a told delay may be. Nobody waits
beyond the exchange's deadline; behind what the client has had already, not beyond the silence that upstream
is allowed.
"""

from collections.abc import Generator
from typing import Final

import msgspec

from monitor.record.failures.decision_words import Strategy
from monitor.record.failures.retry_strategies import TOLD_DELAY_LIMIT_SECONDS
from relay.engine.commands import Command, Note, Reply, Sleep, SpendRetry
from relay.engine.facts import Rested
from relay.engine.reply_clock import ReplyClock
from relay.engine.retrying import policy
from relay.engine.retrying.deadlines import TimeLimits
from relay.neutral.failures import Failure

RESTING: Final = "resting"
"""The reason of a refusal because upstream is left alone (``accounts.pool.leases.Refusal`` has it)."""

_SHORTEST_REST_SECONDS = 0.1


class RetryTurns:
    """The turns of one exchange's retries."""

    def __init__(self, clock: ReplyClock, limits: TimeLimits) -> None:
        """None was asked for yet."""
        self._clock = clock
        self._limits = limits

    def afforded(
        self, decision: policy.Decision, failure: Failure, *, is_committed: bool
    ) -> Generator[Command, Reply, policy.Decision]:
        """The decision, as far as upstream's retry budget allows it: at once, later, or not at all."""
        if not policy.asks_the_budget(decision, failure):
            return decision
        allowed = yield from self._clock.ask(SpendRetry(self._latest(is_committed)))
        if not allowed.is_allowed:
            return policy.Decision(retry=False, strategy=Strategy.BUDGET_SPENT)
        queued = allowed.seconds - decision.delay_seconds
        if queued <= 0:
            return decision
        return msgspec.structs.replace(decision, delay_seconds=allowed.seconds, queued_seconds=queued)

    def rested(self, refusal: Failure, *, is_committed: bool) -> Generator[Command, Reply, bool]:
        """Wait until the upstream that is left alone may be asked; False where the refusal stands."""
        seconds = refusal.retry_after_seconds or 0.0
        latest = self._latest(is_committed)
        is_soon = seconds <= TOLD_DELAY_LIMIT_SECONDS and self._clock.at + seconds < latest
        if refusal.reason != RESTING or not is_soon:
            return False
        allowed = yield from self._clock.ask(SpendRetry(latest))
        if not allowed.is_allowed:
            return False
        seconds = max(seconds, allowed.seconds, _SHORTEST_REST_SECONDS)
        yield from self._clock.ask(Note(Rested(self._clock.at, seconds)))
        yield from self._clock.ask(Sleep(seconds))
        return True

    def _latest(self, is_committed: bool) -> float:
        return self._clock.at + self._limits.idle_seconds if is_committed else self._limits.deadline_seconds
