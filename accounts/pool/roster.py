"""All accounts as they stand in this process's memory, and what can be asked about them without waiting.

No clock, no event loop, no database: ``now`` (epoch seconds) is told. ``pool`` adds those.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from accounts.facts.model_facts import SHIPPED, ModelTable
from accounts.groups.scope import ANYONE, Binding, Scope
from accounts.groups.strategies import Grouped, order_in
from accounts.mapping import ModelRouter, Offer, Target
from accounts.pool.account_state import AccountState, Mark
from accounts.pool.by_model import MOST_MODELS
from accounts.pool.choosing.choice import Candidate
from accounts.pool.choosing.lineup import Lineups
from accounts.pool.quota_windows import Window
from accounts.pool.rests import NobodyRests, Rests, left_alone
from accounts.snapshot import AccountView, Snapshot

UNAUTHORIZED = 401


class AccountStatus(Struct, frozen=True):
    """An account at a glance. ``cooling_until`` and ``last_used_at`` are epoch seconds, 0.0 for none.

    ``models_cooling`` are the models that are marked while the others are not. ``refused_with`` is the HTTP
    status where upstream refused the credential and nothing was answered since, else 0; ``answered_at`` is
    when it last answered, and ``windows`` what upstream told of its quota. ``mark`` is the one that stands
    for every model.
    """

    usable: bool
    cooling_until: float
    models_cooling: tuple[str, ...]
    in_flight: int
    last_used_at: float
    refused_with: int = 0
    answered_at: float = 0.0
    windows: tuple[Window, ...] = ()
    mark: Mark | None = None


NOTHING_LISTED: Final[Mapping[int, Sequence[str]]] = MappingProxyType({})


class Roster:
    """The accounts, their states and the mapping table of the newest snapshot.

    ``table`` is what is believed of each model, overrides included. No account is asked whose upstream
    ``rests``, if there is any other way.
    """

    def __init__(self) -> None:
        self._states: dict[int, AccountState] = {}
        self._snapshot = Snapshot()
        self.table = SHIPPED
        self.rests: Rests = NobodyRests()
        self._lineups = Lineups(())
        self._router = ModelRouter((), ())

    def load(self, snapshot: Snapshot, live_processes: int, now: float) -> None:
        """Takes over what the database says; requests in flight, marks and counters stay with their account.

        An account whose marks were cleared in the database begins afresh. Where nothing is new but marks and
        windows, the rest stays as it is: thousands of models would hold the event loop every second.
        """
        states: dict[int, AccountState] = {}
        is_known = _is_known(snapshot, self._snapshot)
        for view in snapshot.accounts:
            state = self._states.get(view.id) or AccountState(view)
            is_known = is_known and state.view is view  # it may be disabled ahead of the database
            if state.view.marks_cleared_at != view.marks_cleared_at:
                state.clear()
            state.view = view
            state.limit = share_of_limit(view.max_in_flight, live_processes)
            states[view.id] = state
        told = Counter[int]()
        for kept in snapshot.marks:
            told[kept.account_id] += bool(kept.model)
            if told[kept.account_id] >= MOST_MODELS and kept.model:
                continue  # more would only take the place of the others, each time that they are loaded
            holder = states.get(kept.account_id)
            if holder is None or kept.until <= now or kept.set_at < holder.view.marks_cleared_at:
                continue
            if kept.set_at <= holder.lifted.get(kept.model, 0.0):  # its row goes a moment later
                continue
            standing = holder.hard.get(kept.model)
            if standing is None or standing.until < kept.until:
                holder.hard[kept.model] = Mark(kept.until, kept.cause, kept.reason, kept.status, kept.set_at)
        for account_id, windows in snapshot.windows.items():
            if account_id in states:
                states[account_id].windows.hear(windows)
        self._states, self._snapshot = states, snapshot
        if is_known:
            return
        order = order_in(
            (Grouped(view.id, view.priority, view.groups) for view in snapshot.accounts), snapshot.strategies
        )
        for account_id, state in states.items():
            state.drained, state.kept = account_id in order.drained, account_id in order.kept
        if snapshot.overrides != self.table.overrides:
            self.table = ModelTable(snapshot.overrides)
        self._lineups = self._new_lineups()
        self._router = ModelRouter(
            snapshot.mappings,
            [Offer(state.view.kind, state.view.models) for state in states.values()],
            self.table,
        )

    def state(self, account_id: int) -> AccountState | None:
        """The account's state; None when there is no such account (any more)."""
        return self._states.get(account_id)

    def require(self, account_id: int) -> AccountState:
        """The state of an account that was just chosen from here; KeyError when there is none."""
        return self._states[account_id]

    def views(self) -> list[AccountView]:
        """Every account, the disabled ones too."""
        return [state.view for state in self._states.values()]

    def take(self, state: AccountState, now: float) -> None:
        """A request begins on the account."""
        self._lineups.move(state, state.in_flight + 1, now)

    def give_back(self, state: AccountState) -> None:
        """A request has ended on the account."""
        self._lineups.move(state, state.in_flight - 1, state.last_used)

    def disable(self, state: AccountState, reason: str) -> None:
        """Takes the account out of every line-up, ahead of the database."""
        view = state.view
        fields = {name: getattr(view, name) for name in view.__struct_fields__}
        state.view = AccountView(**{**fields, "enabled": False, "disabled_reason": reason})
        self._lineups = self._new_lineups()

    def candidates(
        self, model: str, scope: Scope, tried: Collection[int], now: float, session: str = ""
    ) -> Iterator[Candidate]:
        """The enabled accounts that offer ``model``, first choice first: for ``session``, or for anybody."""
        lineups = self._lineups
        in_turn = lineups.of_session(model, scope, session) if session else lineups.of(model, scope)
        for state in in_turn:
            yield self._standing(state, model, tried, now)

    def home(self, model: str, scope: Scope, session: str) -> int | None:
        """The account that ``session`` begins on when all can be asked; None when nobody offers the model.

        One that is kept for the end is nobody's home while there is another.
        """
        first: AccountState | None = None
        for state in self._lineups.of_session(model, scope, session):
            if not state.kept:
                return state.view.id
            first = first or state
        return first.view.id if first else None

    def candidate(
        self, account_id: int | None, model: str, scope: Scope, tried: Collection[int], now: float
    ) -> Candidate | None:
        """That one account, if it is enabled and offers ``model``."""
        state = self._states.get(account_id) if account_id is not None else None
        if state is None or not state.view.enabled or not self._offers(state, model, scope):
            return None
        return self._standing(state, model, tried, now)

    def _standing(self, state: AccountState, model: str, tried: Collection[int], now: float) -> Candidate:
        candidate = state.candidate(model, now, state.view.id in tried)
        if not self.rests.are_any:
            return candidate
        return left_alone(candidate, self.rests.seconds(state.view, model), now)

    def is_offered_when_enabled(self, model: str, scope: Scope) -> bool:
        """Whether somebody would serve ``model`` were he not disabled. Without any account: yes, somebody."""
        return not self._states or any(self._offers(state, model, scope) for state in self._states.values())

    def has_members(self, bindings: frozenset[Binding]) -> bool:
        """Whether an account, enabled or not, is in those groups. Without bindings: yes, anybody."""
        if not bindings:
            return True
        scope = Scope(bindings=bindings)
        return any(scope.admits(state.view.kind, state.view.groups) for state in self._states.values())

    def another_is_free(self, model: str, scope: Scope, besides: Collection[int], now: float) -> bool:
        """Whether an account not in ``besides`` could be asked at once."""
        return any(
            candidate.block is None and not candidate.full
            for candidate in self.candidates(model, scope, (), now)
            if candidate.account_id not in besides
        )

    def nearest_free_seconds(self, model: str, scope: Scope, now: float) -> float | None:
        """Until the first account is free of hard marks: 0.0 for now, None when nobody offers the model."""
        ends = [c.block.until if c.block else now for c in self.candidates(model, scope, (), now)]
        return max(min(ends) - now, 0.0) if ends else None

    def targets(self, model: str, role: str = "") -> tuple[Target, ...] | None:
        """The upstream models for the model that an agent of that role names; None when nobody has it.

        Without a single account the fault is not the model's: it passes through, to be told so.
        """
        return self._router.resolve(model, role) or (None if self._states else (Target(model),))

    def is_served(self, model: str, scope: Scope) -> bool:
        """Whether an enabled account of ``scope`` would serve what clients call ``model``."""
        return any(
            next(self._lineups.of(target.model, narrowed), None) is not None
            for target in self._router.resolve(model) or ()
            if (narrowed := target.scope.within(scope)) is not None
        )

    def model_names(
        self, upstream_lists: Mapping[int, Sequence[str]] = NOTHING_LISTED, scope: Scope = ANYONE
    ) -> list[str]:
        """What the model list shows: exact patterns, targets, and what each enabled account offers.

        ``upstream_lists`` are upstream's own, by account id. Whoever is served by the accounts of ``scope``
        alone is shown what these serve.
        """
        names = set(self._router.names)
        if scope != ANYONE:
            names = {name for name in names if self.is_served(name, scope)}
        listed_kinds: set[str] = set()
        for state in self._states.values():
            view = state.view
            if not view.enabled or not scope.admits(view.kind, view.groups):
                continue
            if view.models:
                names.update(view.models)
            elif view.id in upstream_lists:  # a gateway's own may hold what it is never asked for
                told, kind = upstream_lists[view.id], view.kind
                names.update(name for name in told if kind in self.table.kinds_offering(name))
            elif view.kind not in listed_kinds:
                listed_kinds.add(view.kind)
                names.update(self.table.names_offered_by(view.kind))
        return sorted(names)

    def status(self, account_id: int, now: float) -> AccountStatus | None:
        """The account at a glance; None when there is no such account."""
        state = self._states.get(account_id)
        return _status(state, now) if state else None

    def usable_count(self, now: float) -> int:
        """How many accounts are enabled and not marked as a whole."""
        return sum(_status(state, now).usable for state in list(self._states.values()))

    def _new_lineups(self) -> Lineups:
        return Lineups((state for state in self._states.values() if state.view.enabled), self.table)

    def _offers(self, state: AccountState, model: str, scope: Scope) -> bool:
        return state.offers(model, scope, self.table.kinds_offering(model))


def _is_known(snapshot: Snapshot, before: Snapshot) -> bool:
    """Is all that is sorted and indexed here as it was? A newer reading of the database makes all anew."""
    return (
        snapshot.accounts is before.accounts
        and snapshot.mappings is before.mappings
        and snapshot.strategies is before.strategies
        and snapshot.overrides is before.overrides
    )


def share_of_limit(max_in_flight: int, live_processes: int) -> int:
    """This process's share of an account's in-flight limit: at least one; 0 means no limit."""
    return max(1, max_in_flight // max(1, live_processes)) if max_in_flight else 0


def _status(state: AccountState, now: float) -> AccountStatus:
    # The admin asks from a thread of its own: what may change meanwhile is copied first.
    marks = {model: mark for model, mark in list(state.hard.items()) if mark.until > now}
    whole = marks.get("")
    return AccountStatus(
        usable=state.view.enabled and whole is None,
        cooling_until=max((mark.until for mark in marks.values()), default=0.0),
        models_cooling=tuple(sorted(model for model in marks if model)),
        in_flight=state.in_flight,
        last_used_at=state.last_used,
        refused_with=_refused_with(state, whole),
        answered_at=state.answered_at,
        windows=tuple(state.windows.all()),
        mark=whole,
    )


def _refused_with(state: AccountState, whole: Mark | None) -> int:
    """The status with which the credential was refused: marked for it now, or asked for nothing since."""
    if whole is not None and whole.cause == "credential":
        return whole.status
    return UNAUTHORIZED if state.refused_at is not None else 0
