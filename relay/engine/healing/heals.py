"""What was healed in one exchange: its history once, of its form a few things, each of them once. PURE."""

from relay.engine.retrying import policy
from relay.neutral.failures import Failure

MAX_TAKEN_BACK = 3
"""Refusals of a request's form that are answered in one exchange."""


class HealsSoFar:
    """The heals of an exchange."""

    def __init__(self) -> None:
        """None yet."""
        self.is_history_healed = False
        self._taken_back: set[str] = set()

    @property
    def are_any(self) -> bool:
        """Was the request healed at all?"""
        return self.is_history_healed or bool(self._taken_back)

    def note(self, failure: Failure) -> None:
        """The request was healed of ``failure``."""
        if policy.refuses_signature(failure):
            self.is_history_healed = True
        else:
            self._taken_back.add(failure.refused_parameter)

    def are_spent_on(self, failure: Failure) -> bool:
        """Has this been healed already, or too much?"""
        if policy.refuses_signature(failure):
            return self.is_history_healed
        return failure.refused_parameter in self._taken_back or len(self._taken_back) >= MAX_TAKEN_BACK
