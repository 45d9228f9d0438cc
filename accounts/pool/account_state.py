"""One account as it stands in this process's memory: requests in flight, marks, counters.

No clock: ``now`` is told, in epoch seconds.
"""

from msgspec import Struct

from accounts.groups.scope import Scope
from accounts.marks import MarkCause, MarkDurations, hard_mark
from accounts.pool.by_model import ByModel
from accounts.pool.choosing.choice import Block, Candidate, Rank, drained_rank, rank
from accounts.pool.pool_news import Answered, HardMarked, SoftMarked
from accounts.pool.quota_windows import Room, Windows
from accounts.snapshot import AccountView

WHOLE_ACCOUNT = ""
"""The model under which a mark of the whole account is kept."""


class Mark(Struct, frozen=True, gc=False):
    """A hard mark. Times are epoch seconds; ``reason`` is upstream's word, or blank."""

    until: float
    cause: MarkCause
    reason: str
    status: int
    set_at: float


class AccountState:
    """What this process knows of one account beyond its row."""

    __slots__ = (
        "answered_at",
        "drained",
        "freed",
        "full_until",
        "hard",
        "in_flight",
        "kept",
        "last_used",
        "lifted",
        "limit",
        "refused_at",
        "soft",
        "strikes",
        "view",
        "windows",
    )

    def __init__(self, view: AccountView) -> None:
        self.view = view
        self.in_flight = 0
        self.limit = 0
        self.drained = False  # asked before its equals until it can take no more
        self.kept = False  # asked when nobody else can be
        self.full_until = 0.0  # so long it is taken that all processes together use up the limit
        self.freed = 0  # how often a slot came free, here or elsewhere
        self.last_used = 0.0
        self.answered_at = 0.0
        self.hard = ByModel[Mark](lambda mark: mark.until)
        self.lifted = ByModel[float](lambda at: at)
        """When the answer was asked for that lifted a mark: the database may tell of that mark once more."""
        self.soft = ByModel[float](lambda until: until)
        self.strikes = ByModel[int](float)
        self.refused_at: float | None = None
        self.windows = Windows()

    @property
    def rank(self) -> Rank:
        """Its place among equals."""
        view = self.view
        if self.drained:
            return drained_rank(view.priority, view.id)
        return rank(view.priority, self.in_flight, self.last_used, view.id, view.weight)

    @property
    def full(self) -> bool:
        """Whether the in-flight limit, or this process's share of it, is used up here."""
        return 0 < self.limit <= self.in_flight

    def offers(self, model: str, scope: Scope, families: frozenset[str]) -> bool:
        """Whether the account serves ``model``, and is in ``scope``.

        ``families`` are the kinds that offer the model without listing it.
        """
        if not scope.admits(self.view.kind, self.view.groups):
            return False
        if self.view.models:
            return model in self.view.models
        return self.view.kind in families

    def mark_on(self, model: str, now: float) -> Mark | None:
        """The hard mark that keeps ``model`` from being asked now, its own or the account's: the longer."""
        own, whole = self._standing(model, now), self._standing(WHOLE_ACCOUNT, now)
        if own is None or whole is None:
            return own or whole
        return own if own.until >= whole.until else whole

    def _standing(self, key: str, now: float) -> Mark | None:
        mark = self.hard.get(key)
        return mark if mark is not None and mark.until > now else None

    def candidate(self, model: str, now: float, tried: bool) -> Candidate:
        """The account as ``choice`` wants to see it."""
        mark = self.mark_on(model, now) if self.hard else None
        return Candidate(
            self.view.id,
            tried=tried,
            soft=bool(self.soft) and self.soft.get(model, 0.0) > now,
            full=self.full or self.full_until > now,
            block=Block(mark.until, mark.cause) if mark else None,
            kept=self.kept,
            room=self._room(model, now) if self.windows else "enough",
        )

    def _room(self, model: str, now: float) -> Room:
        """What its quota leaves. One that is to be drained is asked to the end."""
        room = self.windows.room(model, now)
        return "enough" if room == "low" and self.drained else room

    def mark_hard(
        self,
        model: str,
        cause: MarkCause,
        status: int,
        reason: str,
        told_seconds: float | None,
        now: float,
        durations: MarkDurations,
    ) -> tuple[str, Mark]:
        """Sets the mark that ``marks.hard_mark`` says, and returns it with the key it stands under.

        A longer mark that already stands is not shortened. The count of consecutive quota marks rises
        only when the last one had run out: ten requests refused together are one event.
        """
        strikes = self.strikes.get(model, 0)
        same_event = self._standing(model, now) is not None
        earlier = max(strikes - 1, 0) if same_event else strikes
        made = hard_mark(cause, reason, told_seconds, earlier, durations)
        if made.grows:
            self.strikes[model] = earlier + 1
        key = WHOLE_ACCOUNT if made.whole_account else model
        standing = self._standing(key, now)
        if standing is not None and standing.until >= now + made.seconds:
            return key, standing
        mark = Mark(now + made.seconds, made.cause, reason, status, now)
        self.hard[key] = mark
        return key, mark

    def hear(self, news: HardMarked | SoftMarked | Answered, now: float) -> None:
        """Another process has marked the account: so it is marked here, and quota marks are counted on.

        Or it has had an answer, which lifts the marks that it disproves here too.
        """
        if isinstance(news, Answered):
            self.note_success(news.model, now - news.age_seconds)
            return
        if isinstance(news, SoftMarked):
            self.soft[news.model] = now + news.seconds
            return
        self.hard[news.key] = Mark(now + news.seconds, news.cause, news.reason, news.status, now)
        if news.strikes > self.strikes.get(news.model, 0):
            self.strikes[news.model] = news.strikes

    def note_success(self, model: str, began_at: float) -> list[str]:
        """Resets the counters and lifts the marks set before ``began_at``; returns the keys of those lifted.

        An answer to a request that began before a mark was set says nothing about that mark.
        """
        self.answered_at = max(self.answered_at, began_at)
        standing = [key for key in (model, WHOLE_ACCOUNT) if key in self.hard]
        if any(self.hard[key].set_at > began_at for key in standing):
            return []
        for key in standing:
            del self.hard[key]
            self.lifted[key] = began_at
        self.strikes.pop(model, None)
        self.soft.pop(model, None)
        self.refused_at = None
        return standing

    def clear(self) -> None:
        """Forgets every mark and counter."""
        self.hard.clear()
        self.lifted.clear()
        self.soft.clear()
        self.strikes.clear()
        self.windows.clear()
        self.refused_at = None
