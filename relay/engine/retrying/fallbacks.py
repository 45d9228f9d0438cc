"""What a mapping's fallbacks are taken for, and which of them can carry the request. PURE.

Always when no account for the target can be asked; beyond that each reason is a switch of the mapping. A
refusal of the model is an answer and no reason. A fallback that is too small for the request is passed over.
"""

from typing import Final, Literal

import msgspec

from monitor.record.failures.failure_table import Cause
from relay.neutral.failures import Failure
from relay.neutral.token_limit import TokenLimit

Why = Literal["accounts", "quota", "overload", "context"]

WHY_WORDS: Final[dict[Why, str]] = {
    "accounts": "no account for the model before it could be asked",
    "quota": "the quota for the model before it was spent",
    "overload": "the model before it was overloaded",
    "context": "the request did not fit the model before it",
}


class Fallbacks(msgspec.Struct, frozen=True):
    """The switches. ``windows`` are the context windows of the targets in tokens, ``needed`` the request's.

    Without ``windows`` every fallback is taken for large enough.
    """

    on_quota: bool = True
    on_overload: bool = False
    on_context: bool = False
    windows: tuple[int, ...] = ()
    needed: int = 0

    def next(self, target: int, count: int) -> int | None:
        """The next one behind ``target`` that can carry the request."""
        behind = range(target + 1, count)
        return next((one for one in behind if self._window(one, self.needed) >= self.needed), None)

    def larger(self, target: int, count: int, limit: TokenLimit | None) -> int | None:
        """The next one that can carry what ``target`` could not; ``limit`` is what upstream told of it."""
        needed, own = self.needed, self._window(target, 0)
        if limit is not None:
            needed, own = max(needed, limit.input_tokens or 0), min(own, limit.maximum_tokens or own)
        windows = ((one, self._window(one, 0)) for one in range(target + 1, count))
        return next((one for one, window in windows if window > own and window >= needed), None)

    def _window(self, target: int, unknown: int) -> int:
        return self.windows[target] if self.windows else unknown

    def why(self, failure: Failure) -> Why | None:
        """What a failure that is not retried is, as a reason to fall back; None where it is none."""
        if self.on_overload and failure.rule.cause is Cause.OVERLOAD:
            return "overload"
        if self.on_context and failure.rule.cause is Cause.TOO_LONG_CONTEXT:
            return "context"
        return None


ONLY_WITHOUT_ACCOUNTS: Final = Fallbacks()
"""No switch is set."""
