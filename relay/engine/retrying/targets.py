"""Which upstream model is asked, and who for it: the mapping's target, then its fallbacks.

PURE. A fallback is used when every account for the target is hard-marked, and for what the mapping's switches
say (``fallbacks``). Once an account for a fallback was had, the exchange goes back to no earlier target.
"""

from collections.abc import Generator
from typing import NamedTuple

from relay.engine.commands import Around, Command, LookAround, Note, PickAccount, Picked, Reply, Unavailable
from relay.engine.continuing.continuation import Said
from relay.engine.facts import FellBack
from relay.engine.reply_clock import ReplyClock
from relay.engine.retrying.fallbacks import ONLY_WITHOUT_ACCOUNTS, Fallbacks, Why
from relay.neutral.failures import Failure, Kind


class _Refused(NamedTuple):
    """How the exchange stood when nobody could be had for a target."""

    target: int
    why: Why
    tried: frozenset[int]
    by: Unavailable


class Targets:
    """The targets of an exchange, from 0. ``tried`` are the accounts that failed for the present one."""

    def __init__(self, clock: ReplyClock, count: int, fallbacks: Fallbacks = ONLY_WITHOUT_ACCOUNTS) -> None:
        """Nobody was asked yet."""
        self._fallbacks = fallbacks
        self._why: Why = "accounts"
        self._told = 0  # the target that was last put on record
        self.tried: frozenset[int] = frozenset()
        self._clock = clock
        self._count = count
        self._target = 0
        self._is_admission = True

    def pick(
        self, stay_on: int | None, continues: Said | None = None
    ) -> Generator[Command, Reply, Picked | Unavailable]:
        """Take an account for the target, or for a fallback; to continue an answer, for the target alone.

        (Another model's words would be spliced in, and nobody told.) Of several refusals the client is told
        of the one that ends first. At admission an account that is free in a moment is waited for; with
        fallbacks, when none of them can be had at once.
        """
        if continues is not None:
            here = PickAccount(self._target, self.tried, stay_on, continues=continues)
            return (yield from self._clock.ask(here))
        is_admission, self._is_admission = self._is_admission, False
        refusals: list[_Refused] = []
        while True:
            reply = yield from self._ask_for(stay_on, may_wait=is_admission and self._count == 1)
            if isinstance(reply, Picked):
                yield from self._tell(reply)
                return reply
            if not refusals and not self._opens_fallbacks(reply.failure):
                return reply
            refusals.append(_Refused(self._target, self._why, self.tried, reply))
            fallback = self._fallbacks.next(self._target, self._count)
            if fallback is None:
                break
            self._turn_to(fallback, "quota" if reply.failure.reason == "quota" else "accounts")
            stay_on = None
        told = [refused for refused in refusals if refused.by.failure.retry_after_seconds is not None]
        refused = min(told, key=_ends_at) if told else refusals[0]
        if is_admission and self._count > 1:
            self._turn_to(refused.target, self._why)
            reply = yield from self._ask_for(None, may_wait=True)
            if isinstance(reply, Picked):
                yield from self._tell(reply)
            return reply
        self._target, self._why, self.tried = refused.target, refused.why, refused.tried
        return refused.by  # who waits for its end asks there again

    def look_here(self) -> Generator[Command, Reply, Around]:
        """Who else could be asked for the same target."""
        return (yield from self._look_at(self._target, self.tried))

    def look_around(self, *, is_quota: bool = False) -> Generator[Command, Reply, Around]:
        """Who else could be asked for the target; turns to a fallback when all its accounts are marked.

        ``is_quota``: it was a quota that marked the last of them, and that may be no reason to turn.
        """
        around = yield from self._look_at(self._target, self.tried)
        if not around.all_are_marked or (is_quota and not self._fallbacks.on_quota):
            return around
        fallback = self._fallbacks.next(self._target, self._count)
        while fallback is not None:
            there = yield from self._look_at(fallback, frozenset())
            if not there.all_are_marked:
                self._turn_to(fallback, "quota" if is_quota else "accounts")
                return Around(there.at, another_is_free=True, all_are_marked=False, is_elsewhere=True)
            fallback = self._fallbacks.next(fallback, self._count)
        return around

    def falls_back_for(self, failure: Failure) -> bool:
        """Whether a failure that is not retried leads to a fallback; then that is the target from now on."""
        why = self._fallbacks.why(failure)
        if why == "context":
            fallback = self._fallbacks.larger(self._target, self._count, failure.limit)
        else:
            fallback = self._fallbacks.next(self._target, self._count)
        if why is None or fallback is None:
            return False
        self._turn_to(fallback, why)
        return True

    def _tell(self, picked: Picked) -> Generator[Command, Reply, None]:
        """Put on record which fallback is asked, and why."""
        if self._target != self._told:
            self._told = self._target
            yield from self._clock.ask(Note(FellBack(picked.at, picked.model, self._why)))

    def _ask_for(
        self, stay_on: int | None, *, may_wait: bool
    ) -> Generator[Command, Reply, Picked | Unavailable]:
        return (yield from self._clock.ask(PickAccount(self._target, self.tried, stay_on, may_wait)))

    def _look_at(self, target: int, besides: frozenset[int]) -> Generator[Command, Reply, Around]:
        return (yield from self._clock.ask(LookAround(target, besides)))

    def _turn_to(self, target: int, why: Why) -> None:
        """Another upstream model, for which nobody was tried yet."""
        self._target, self._why = target, why
        self.tried = frozenset()

    def _opens_fallbacks(self, refusal: Failure) -> bool:
        """Full accounts are not marked ones: they were waited for, and will be free in a moment."""
        is_open = refusal.reason != "quota" or self._fallbacks.on_quota
        return refusal.kind is Kind.NO_ACCOUNT and refusal.reason != "full" and is_open


def _ends_at(refused: _Refused) -> float:
    return refused.by.failure.retry_after_seconds or 0.0
