"""The health of each upstream host: its retry budget, and which of its models are left alone.

The rules are ``budget.py`` and ``breaker.py`` in ``relay/engine/retrying``; here are the clock, the log lines
and the numbers for ``/metrics``. Each process has its own.
"""

import logging
from collections.abc import Callable

import msgspec

from accounts.snapshot import AccountView
from monitor.record.failures.failure_kinds import Phase
from monitor.record.failures.failure_table import Culprit
from relay import metrics
from relay.engine.facts import AttemptEnded, Committed, Fact
from relay.engine.retrying.breaker import Breaker, Circuit
from relay.engine.retrying.budget import RetryBudget
from relay.upstream.address import host_of

logger = logging.getLogger("relay")

_ITS_OWN = (Culprit.MACHINE, Culprit.SERVICE)
"""Whose failures say that an upstream is not well."""

_BREAKERS = 1000
"""So many are kept: clients may name any model."""

_LOOK_SECONDS = 1.0
"""How often it is looked whether a breaker is idle."""

Upstream = tuple[str, str]
"""A host and a model: one model that fails must not take the others of its host along."""


class HealthSettings(msgspec.Struct, frozen=True):
    """The settings of budgets and breakers (docs/configuration.md has each)."""

    retry_share: float = 0.2
    retry_floor: int = 10
    retry_queue: int = 1000
    breaker_attempts: int = 20
    breaker_share: float = 0.95
    breaker_seconds: float = 5.0


class UpstreamHealth:
    """The upstreams that this process has asked (see ``accounts.pool.rests.Rests``)."""

    def __init__(
        self, settings: HealthSettings, now: Callable[[], float], *, is_measured: bool = True
    ) -> None:
        """None was asked yet. ``now`` are the seconds of a clock that only rises.

        ``is_measured``: they are real ones, which ``/metrics`` names.
        """
        self.now = now
        self._is_measured = is_measured
        self._settings = settings
        self._budgets: dict[str, RetryBudget] = {}
        self._breakers: dict[Upstream, Breaker] = {}
        self._resting: dict[Upstream, Breaker] = {}  # those that are not closed
        self._next_look = 0.0

    def budget(self, host: str) -> RetryBudget:
        """The retry budget of ``host``."""
        if host not in self._budgets:
            told = self._settings
            self._budgets[host] = RetryBudget(told.retry_share, told.retry_floor, told.retry_queue)
        return self._budgets[host]

    @property
    def are_any(self) -> bool:
        """Is any upstream left alone?"""
        return bool(self._resting)

    def seconds(self, account: AccountView, model: str) -> float:
        """For how long the account's upstream is left alone for ``model``."""
        breaker = self._resting.get((host_of(account.base_url), model))
        return breaker.rest(self.now()) if breaker else 0.0

    def admits(self, upstream: Upstream) -> bool:
        """May this request go there?"""
        self.forget_idle()
        breaker = self._resting.get(upstream)
        return breaker is None or breaker.admits(self.now())

    def is_tried(self, upstream: Upstream) -> bool:
        """Is the request that was admitted the one that tries whether the upstream is well again?"""
        return upstream in self._resting

    def tried(self, upstream: Upstream, *, is_failure: bool | None) -> None:
        """The request that tries the upstream failed, was answered, or (None) was given up."""
        breaker = self._resting.get(upstream)
        if breaker is not None:
            breaker.tried(self.now(), is_failure=is_failure)
            self._show(upstream, breaker)

    def ended(self, upstream: Upstream, *, is_failure: bool) -> None:
        """An attempt has ended."""
        breaker = self._breakers.pop(upstream, None) or self._resting.get(upstream)
        if breaker is None:
            told = self._settings
            breaker = Breaker(told.breaker_attempts, told.breaker_share, told.breaker_seconds)
        self._breakers[upstream] = breaker  # the one that was used last stands last
        if len(self._breakers) > _BREAKERS:
            del self._breakers[next(iter(self._breakers))]
        breaker.ended(self.now(), is_failure=is_failure)
        if breaker.state is Circuit.OPEN and upstream not in self._resting:
            self._show(upstream, breaker)

    def forget_idle(self) -> None:
        """Forget the upstreams that are left alone and that nobody asks for any more."""
        if self.now() < self._next_look:
            return
        self._next_look = self.now() + _LOOK_SECONDS
        for upstream in [one for one, breaker in self._resting.items() if breaker.is_idle(self.now())]:
            self._forget(upstream)

    def _forget(self, upstream: Upstream) -> None:
        del self._resting[upstream]
        self._breakers.pop(upstream, None)
        self._count(upstream[0])

    def _show(self, upstream: Upstream, breaker: Breaker) -> None:
        host, model = upstream
        if breaker.state is Circuit.CLOSED:
            del self._resting[upstream]
            logger.info("Upstream %s answers for %s again", host, model)
        else:
            self._resting[upstream] = breaker
            if breaker.state is Circuit.OPEN:
                told = "Upstream %s fails nearly always for %s: it is left alone for %g s"
                logger.warning(told, host, model, breaker.rest_seconds)
            if len(self._resting) > _BREAKERS:
                self._forget(next(iter(self._resting)))
        self._count(host)

    def count_turn(self, host: str, turn: float | None) -> None:
        """A retry asked for a turn there, and has it in ``turn`` seconds, or (None) not at all."""
        word = "refused" if turn is None else "waited" if turn else "at once"
        if self._is_measured:
            metrics.RETRY_TURNS.labels(host, word).inc()

    def _count(self, host: str) -> None:
        if self._is_measured:
            metrics.RESTING.labels(host).set(sum(resting == host for resting, _ in self._resting))


class UpstreamWatch:
    """One exchange's part in it. Without ``judges`` what it meets says nothing of an upstream's answers."""

    def __init__(self, health: UpstreamHealth, *, judges: bool = True) -> None:
        """Nobody was asked yet."""
        self._health = health
        self._judges = judges
        self._upstream: Upstream = ("", "")
        self._asked: set[str] = set()
        self._turn_at = ""  # the host whose budget has reserved a turn for the retry that comes
        self._is_try = False

    def admits(self, account: AccountView, model: str) -> bool:
        """May the exchange ask ``account`` for ``model`` now? If so it does: what is noted is of that."""
        upstream = (host_of(account.base_url), model)
        if not self._health.admits(upstream):
            return False
        self._upstream, self._is_try = upstream, self._health.is_tried(upstream)
        return True

    def asks(self) -> None:
        """A request goes out. The exchange's first one to a host is a request, what follows are retries."""
        host, self._turn_at = self._upstream[0], ""
        if host not in self._asked:
            self._asked.add(host)
            self._health.budget(host).note_request(self._health.now())

    def turn(self, seconds: float) -> float | None:
        """In how many seconds a retry may go, on the budget of the host that was asked last.

        None if there is no turn within ``seconds``. A turn that was not used goes back first.
        """
        self._give_turn_back()
        now, host = self._health.now(), self._upstream[0]
        turn = self._health.budget(host).turn(now, now + seconds)
        self._turn_at = "" if turn is None else host
        self._health.count_turn(host, turn)
        return turn

    def leaves(self) -> None:
        """The exchange is over: a turn that it did not use goes back, and another may try the upstream."""
        self._give_turn_back()
        self._tell(is_failure=None, is_end=False)

    def _give_turn_back(self) -> None:
        host, self._turn_at = self._turn_at, ""
        if host:
            self._health.budget(host).give_back()

    def note(self, fact: Fact) -> None:
        """Take what happened."""
        if isinstance(fact, Committed):
            self._tell(is_failure=False, is_end=False)
        elif isinstance(fact, AttemptEnded):
            failure = fact.failure
            if failure is not None:
                self._tell(is_failure=failure.rule.culprit in _ITS_OWN, is_end=True)
            else:  # answered; or the client went, or this server stops
                self._tell(is_failure=False if fact.phase is Phase.AFTER_STOP else None, is_end=True)

    def _tell(self, *, is_failure: bool | None, is_end: bool) -> None:
        """A commit shows at once that an upstream is well again; how a whole attempt went, its end does."""
        judged = is_failure if self._judges else None
        if self._is_try:
            self._is_try = False
            self._health.tried(self._upstream, is_failure=judged)
        elif is_end and judged is not None:
            self._health.ended(self._upstream, is_failure=judged)
