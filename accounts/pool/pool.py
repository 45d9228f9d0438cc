"""The live view of the accounts: who is asked, who waits, and what failures and successes do to them.

Who is asked is decided in ``choice``, for how long an account rests in ``marks``; how it all stands is
kept in ``roster``. The pool adds time and waiting, and tells the world: the other processes at once over
``bus``, the database a moment later through ``journal``. No request queries the database.
One pool belongs to one event loop.
"""

from collections.abc import Sequence
from typing import Final, assert_never

from accounts.kinds import REFUSED_TWICE
from accounts.marks import MarkCause
from accounts.pool import pool_news
from accounts.pool.choosing.choice import Blocked, Candidate, Choice, Full, Nobody, Taken, choose
from accounts.pool.choosing.sessions import Sessions
from accounts.pool.choosing.unavailability import all_full, everybody_blocked
from accounts.pool.clock import Clock
from accounts.pool.inquiries import Inquiries
from accounts.pool.leases import Lease, NoAccount, SharedSlots, Want
from accounts.pool.persistence import Journal
from accounts.pool.pool_news import Answered, Cleared, Disabled, HardMarked, QuotaTold, SoftMarked
from accounts.pool.pool_settings import PoolSettings
from accounts.pool.quota_windows import Window
from accounts.pool.roster import Roster
from accounts.pool.slot_queue import SlotQueue
from accounts.processes.bus import Bus
from accounts.snapshot import KeptMark, Snapshot

TOPIC: Final = "accounts"

SHARED_LOOK_SECONDS: Final = 1.0
"""How long other processes' word that an account is full is believed without another: messages get lost."""

KEPT_FROM_SECONDS: Final = 60.0
"""Marks longer than this survive a restart (docs/behaviour.md 4)."""


class Pool(Inquiries):
    """Hands out accounts, and remembers how they fared."""

    def __init__(
        self,
        clock: Clock,
        bus: Bus,
        journal: Journal,
        settings: PoolSettings | None = None,
        slots: SharedSlots | None = None,
    ) -> None:
        """Without ``slots`` this process knows of no other's requests in flight."""
        super().__init__(clock, Roster())
        self._bus = bus
        self._journal = journal
        self._settings = settings or PoolSettings()
        self._sessions = Sessions(self._settings.session_limit)
        self._queue = SlotQueue(clock)
        self._slots = slots
        if slots is not None:
            slots.when_freed(self._freed)
        bus.subscribe(TOPIC, self._hear)

    def load(self, snapshot: Snapshot, live_processes: int = 1) -> None:
        """Takes over what the database says; whoever waits looks again.

        ``live_processes`` share the in-flight limits where nobody counts for all of them.
        """
        counted = self._slots is not None and self._slots.is_exact
        self.roster.load(snapshot, 1 if counted else live_processes, self._clock.now())
        self._queue.wake_all()

    async def acquire(self, want: Want) -> Lease | NoAccount:
        """An account for ``want``, after waiting if that helps; else why there is none.

        Waits up to 10 s, first come first served, when all suitable accounts are full; up to 2 s at
        admission when all are marked. A cancelled wait leaves no slot behind.
        """
        now = self._clock.now()
        slot_ends_at = now + self._settings.slot_wait_seconds
        admission_ends_at = now + (self._settings.admission_wait_seconds if want.admission else 0.0)
        ticket = self._queue.ticket()
        try:
            while True:
                lease: Lease | None = None
                choice = self._choose(want, now)
                match choice:
                    case Taken():
                        lease = self._lease(choice.account_id, want, now)
                        if self._slots is not None and lease.account.max_in_flight:
                            lease = await self._shared(lease, self._slots)
                    case Full() if now >= slot_ends_at:
                        return all_full(want.model, want.scope)
                    case Full():
                        until = min([slot_ends_at, *self._ends_of_marks(want, now)])
                        if self._slots is not None:
                            until = min(until, now + SHARED_LOOK_SECONDS)
                        lease = await self._queue.wait(ticket, want, choice.only, until - now)
                    case Blocked() if choice.free_at > admission_ends_at:
                        return everybody_blocked(want.model, want.scope, choice, now)
                    case Blocked():
                        lease = await self._queue.wait(ticket, want, None, choice.free_at - now)
                    case Nobody():
                        return self._nobody_for(want)
                    case _:  # pragma: no cover
                        assert_never(choice)
                if lease is not None:
                    return lease
                now = self._clock.now()
        finally:
            self._queue.leave(ticket)

    def mark_hard(
        self,
        account_id: int,
        model: str,
        cause: MarkCause,
        status: int,
        reason: str = "",
        told_seconds: float | None = None,
    ) -> float:
        """The account is not asked until it is free; returns for how many seconds.

        ``cause`` says whether the model or the whole account is marked; ``status`` is upstream's, 400 for the
        account's own faults, for people.
        """
        now = self._clock.now()
        state = self.roster.state(account_id)
        if state is None:
            return 0.0
        key, mark = state.mark_hard(model, cause, status, reason, told_seconds, now, self._settings.durations)
        seconds, strikes = mark.until - now, state.strikes.get(model, 0)
        news = HardMarked(account_id, key, seconds, mark.cause, mark.reason, mark.status, model, strikes)
        self._bus.publish(TOPIC, pool_news.encode(news))
        if seconds > KEPT_FROM_SECONDS:
            kept = KeptMark(account_id, key, mark.reason, mark.status, mark.cause, mark.until, mark.set_at)
            self._journal.keep_mark(kept)
        return seconds

    def mark_soft(self, account_id: int, model: str) -> None:
        """The account is taken for this model only when no unmarked one is free, for 20 s."""
        state = self.roster.state(account_id)
        if state is not None:
            seconds = self._settings.durations.soft
            state.soft[model] = self._clock.now() + seconds
            self._bus.publish(TOPIC, pool_news.encode(SoftMarked(account_id, model, seconds)))

    def note_quota(self, account_id: int, windows: Sequence[Window]) -> None:
        """Upstream told what is left: it counts here at once, elsewhere where it makes a difference."""
        state = self.roster.state(account_id)
        news = state.windows.take(windows) if state is not None else []
        if state is not None and news:
            self._bus.publish(TOPIC, pool_news.encode(pool_news.as_news(account_id, news, self._clock.now())))
            self._journal.keep_windows(account_id, state.windows.all())

    def note_success(
        self,
        account_id: int,
        model: str,
        session: str = "",
        cached_tokens: int = 0,
        began_at: float | None = None,
    ) -> None:
        """The account answered: counters and the marks set before ``began_at`` (the lease's ``taken_at``) go.

        With ``session`` the account becomes the session's own, unless another has proved itself already;
        ``cached_tokens`` is what its prompt cache now holds for the session.
        """
        state = self.roster.state(account_id)
        if state is None:
            return
        began_at = self._clock.now() if began_at is None else began_at
        if lifted := state.note_success(model, began_at):
            news = Answered(account_id, model, self._clock.now() - began_at)
            self._bus.publish(TOPIC, pool_news.encode(news))
        for key in lifted:
            self._journal.forget_mark(account_id, key)
        if session:
            self._sessions.prove(session, model, account_id, cached_tokens)

    def believe(self, session: str, model: str, account_id: int, cached_tokens: int) -> None:
        """Another process knows the session's account, and what its prompt cache holds; this one did not."""
        if self._sessions.find(session, model) is None and self.roster.state(account_id) is not None:
            self._sessions.prove(session, model, account_id, cached_tokens)

    def note_unauthorized(self, account_id: int, model: str = "", began_at: float | None = None) -> bool:
        """Upstream said 401: the first marks the whole account, the second in a row disables it (True).

        A request that began before the first was noted (``began_at``: the lease's ``taken_at``) tells
        nothing new and is not counted.
        """
        state = self.roster.state(account_id)
        if state is None:
            return False
        if state.refused_at is not None and (began_at is None or began_at >= state.refused_at):
            self.disable(account_id, REFUSED_TWICE)
            return True
        if state.refused_at is None:
            state.refused_at = self._clock.now()
        self.mark_hard(account_id, model, "credential", 401)
        return False

    def disable(self, account_id: int, reason: str) -> None:
        """Takes the account out of service until the operator enables it again."""
        state = self.roster.state(account_id)
        if state is not None and state.view.enabled:
            self.roster.disable(state, reason)
            self._bus.publish(TOPIC, pool_news.encode(Disabled(account_id, reason)))
            self._journal.disable(account_id, reason)
            self._queue.wake_all()

    def clear(self, account_id: int) -> None:
        """Forgets the account's marks and counters, here and in every other process."""
        state = self.roster.state(account_id)
        if state is not None:
            state.clear()
            self._bus.publish(TOPIC, pool_news.encode(Cleared(account_id)))
            self._journal.clear(account_id)
            self._queue.wake_all()

    def _choose(self, want: Want, now: float) -> Choice:
        def candidate(account_id: int | None) -> Candidate | None:
            return self.roster.candidate(account_id, want.model, want.scope, want.tried, now)

        binding = self._sessions.own(want, self.roster) if want.session else None
        return choose(
            self.roster.candidates(want.model, want.scope, want.tried, now, want.session),
            bound=candidate(binding.account_id) if binding else None,
            keep=candidate(want.stay_on),
            only_hard_rotates=want.only_hard_rotates,
        )

    def _lease(self, account_id: int, want: Want, now: float) -> Lease:
        state = self.roster.require(account_id)
        lease = Lease(state, want.model, now, self._take_back)
        if want.session:
            self._sessions.settle(lease, want, self.roster, now, self._settings.rebind_after_seconds)
        self.roster.take(state, now)
        self._journal.used(account_id, now)
        return lease

    async def _shared(self, lease: Lease, slots: SharedSlots) -> Lease | None:
        """The lease, once its slot is counted over all processes; None where they have used them up."""
        state = lease.state
        freed = state.freed
        try:
            lease.is_shared = await slots.take(state.view.id, lease.account.max_in_flight)
        except BaseException:
            lease.release()
            raise
        if lease.is_shared:
            return lease
        if slots.is_exact and freed == state.freed:
            state.full_until = self._clock.now() + SHARED_LOOK_SECONDS
        self.roster.give_back(state)
        return None

    def _take_back(self, lease: Lease) -> None:
        self.roster.give_back(lease.state)
        account_id = lease.state.view.id
        if lease.is_shared and self._slots is not None:
            self._slots.give(account_id)
        else:
            self._queue.offer(account_id, lambda want: self._lease_on(account_id, want))

    def _freed(self, account_id: int) -> None:
        """A slot on the account came free, here or in another process."""
        state = self.roster.state(account_id)
        if state is not None:
            state.freed += 1
            state.full_until = 0.0
            self._queue.wake(account_id)

    def _lease_on(self, account_id: int, want: Want) -> Lease | None:
        """A lease for somebody who waits, if that very account can serve them now."""
        now = self._clock.now()
        candidate = self.roster.candidate(account_id, want.model, want.scope, want.tried, now)
        if candidate is None or candidate.full or (candidate.block and want.stay_on != account_id):
            return None
        if self._slots is not None and self.roster.require(account_id).view.max_in_flight:
            return None  # such a slot is not this process's to give
        return self._lease(account_id, want, now)

    def _hear(self, payload: bytes) -> None:
        """Another process's pool tells what happened there."""
        news = pool_news.decode(payload)
        state = self.roster.state(news.account_id)
        if state is None:
            return
        match news:
            case HardMarked() | SoftMarked() | Answered():
                state.hear(news, self._clock.now())
            case QuotaTold():
                state.windows.hear(pool_news.windows_in(news, self._clock.now()))
            case Disabled():
                self.roster.disable(state, news.reason)
            case Cleared():
                state.clear()
            case _:  # pragma: no cover
                assert_never(news)
        if isinstance(news, Answered | Disabled | Cleared):  # who waits may be served, or told so
            self._queue.wake_all()
