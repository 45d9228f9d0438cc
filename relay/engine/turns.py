"""A retry's turn: whether it may go, and when.

PURE. What an upstream's retry budget has no room for waits for its turn. Nobody waits beyond the exchange's
deadline; behind what the client has had already, not beyond the silence that upstream is allowed.
"""

from collections.abc import Generator

import msgspec

from monitor.record.decision_words import Strategy
from relay.engine import policy
from relay.engine.clock import Clock
from relay.engine.commands import Command, Reply, SpendRetry
from relay.engine.deadlines import Limits
from relay.neutral.failures import Failure


class Turns:
    """The turns of one exchange's retries."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
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

    def _latest(self, is_committed: bool) -> float:
        return self._clock.at + self._limits.idle_seconds if is_committed else self._limits.deadline_seconds
