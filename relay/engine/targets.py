"""Which upstream model is asked, and who for it: the mapping's target, then its fallbacks.

PURE. A fallback is used when every account for the target is hard-marked, and for nothing less; the
exchange never goes back to an earlier target.
"""

from collections.abc import Generator

from relay.engine.clock import Clock
from relay.engine.commands import Around, Command, LookAround, PickAccount, Picked, Reply, Unavailable
from relay.engine.continuation import Said
from relay.neutral.failures import Failure, Kind


class Targets:
    """The targets of an exchange, from 0. ``tried`` are the accounts that failed for the present one."""

    def __init__(self, clock: Clock, count: int) -> None:
        """Nobody was asked yet."""
        self.tried: frozenset[int] = frozenset()
        self._clock = clock
        self._count = count
        self._target = 0
        self._is_admission = True

    def pick(
        self, stay_on: int | None, goes_on: Said | None = None
    ) -> Generator[Command, Reply, Picked | Unavailable]:
        """Take an account for the target, or for a fallback; to go on with an answer, for the target alone.

        (Another model's words would be spliced in, and nobody told.) Of several refusals the client is told
        of the one that ends first. At admission an account that is free in a moment is waited for; with
        fallbacks, when none of them can be had at once.
        """
        if goes_on is not None:
            here = PickAccount(self._target, self.tried, stay_on, goes_on=goes_on)
            return (yield from self._clock.ask(here))
        is_admission, self._is_admission = self._is_admission, False
        refusals: list[tuple[int, Unavailable]] = []
        while True:
            reply = yield from self._ask_for(stay_on, may_wait=is_admission and self._count == 1)
            if isinstance(reply, Picked):
                return reply
            if not refusals and not _opens_fallbacks(reply.failure):
                return reply
            refusals.append((self._target, reply))
            if self._target + 1 == self._count:
                break
            self._turn_to(self._target + 1)
            stay_on = None
        told = [refused for refused in refusals if refused[1].failure.retry_after_seconds is not None]
        target, refusal = min(told, key=_ends_at) if told else refusals[0]
        if is_admission and self._count > 1:
            self._turn_to(target)
            return (yield from self._ask_for(None, may_wait=True))
        return refusal

    def look_here(self) -> Generator[Command, Reply, Around]:
        """Who else could be asked for the same target."""
        return (yield from self._look_at(self._target, self.tried))

    def look_around(self) -> Generator[Command, Reply, Around]:
        """Who else could be asked for the target; turns to a fallback when all its accounts are marked."""
        around = yield from self._look_at(self._target, self.tried)
        if not around.all_are_marked:
            return around
        for fallback in range(self._target + 1, self._count):
            there = yield from self._look_at(fallback, frozenset())
            if not there.all_are_marked:
                self._turn_to(fallback)
                return Around(there.at, another_is_free=True, all_are_marked=False)
        return around

    def _ask_for(
        self, stay_on: int | None, *, may_wait: bool
    ) -> Generator[Command, Reply, Picked | Unavailable]:
        return (yield from self._clock.ask(PickAccount(self._target, self.tried, stay_on, may_wait)))

    def _look_at(self, target: int, besides: frozenset[int]) -> Generator[Command, Reply, Around]:
        return (yield from self._clock.ask(LookAround(target, besides)))

    def _turn_to(self, target: int) -> None:
        """Another upstream model, for which nobody was tried yet."""
        self._target = target
        self.tried = frozenset()


def _opens_fallbacks(refusal: Failure) -> bool:
    """Full accounts are not marked ones: they were waited for, and will be free in a moment."""
    return refusal.kind is Kind.NO_ACCOUNT and refusal.reason != "full"


def _ends_at(refused: tuple[int, Unavailable]) -> float:
    return refused[1].failure.retry_after_seconds or 0.0
