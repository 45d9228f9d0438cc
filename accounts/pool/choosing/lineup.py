"""The accounts that offer a model, kept in the order in which they are asked.

Sorting a thousand accounts on every request would cost more than the request. So each line-up is sorted
once, and an account moves to its new place in each of its line-ups when a request begins or ends on it:
two bisections. Models that the same accounts offer share one line-up, so an endless supply of invented
model names makes no endless supply of line-ups. A session without an account of its own is led to its home
first (``homes``), within each priority.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from accounts.facts.model_facts import SHIPPED, ModelTable
from accounts.groups.scope import Scope
from accounts.pool.account_state import AccountState
from accounts.pool.choosing.choice import Rank
from accounts.pool.choosing.homes import Homes, share

_Key = tuple[str, frozenset[str], Scope]


class Lineups:
    """Line-ups over a fixed set of enabled accounts; built anew when that set changes."""

    def __init__(self, states: Iterable[AccountState], table: ModelTable = SHIPPED) -> None:
        self._table = table
        self._states = {state.view.id: state for state in states}
        self._listed = {model for state in self._states.values() for model in state.view.models}
        self._lineups: dict[_Key, list[Rank]] = {}
        self._homes: dict[_Key, Homes] = {}
        self._of_account: dict[int, list[list[Rank]]] = {account_id: [] for account_id in self._states}

    def of(self, model: str, scope: Scope) -> Iterator[AccountState]:
        """The accounts for ``model``, first choice first. Not to be moved while it is read."""
        return (self._states[rank[-1]] for rank in self._lineup(self._key(model, scope), model))

    def of_session(self, model: str, scope: Scope, session: str) -> Iterator[AccountState]:
        """The same for a session: in each priority first where it is at home. Some may come twice.

        Accounts that are drained one after the other come before every home.
        """
        key = self._key(model, scope)
        lineup = self._lineup(key, model)
        homes = self._homes.get(key)
        if homes is None:
            states = [self._states[rank[-1]] for rank in lineup]
            homes = self._homes[key] = Homes(
                (state.view.priority, state.view.id, share(state.view.max_in_flight, state.view.weight))
                for state in states
            )
        level: int | None = None
        for priority, account_id in homes.order(session):
            if homes.is_partial and level is not None and priority != level:
                yield from self._of_level(lineup, level)
            if priority != level:
                yield from self._drained_of_level(lineup, priority)
            level = priority
            yield self._states[account_id]
        if homes.is_partial and level is not None:
            yield from self._of_level(lineup, level)

    def _of_level(self, lineup: list[Rank], priority: int) -> Iterator[AccountState]:
        for rank in lineup[bisect_left(lineup, (-priority,)) : bisect_left(lineup, (-priority + 1,))]:
            yield self._states[rank[-1]]

    def _drained_of_level(self, lineup: list[Rank], priority: int) -> Iterator[AccountState]:
        """Who is asked before any home; they stand first in their level."""
        for rank in lineup[bisect_left(lineup, (-priority,)) :]:
            if rank[0] != -priority or not self._states[rank[-1]].drained:
                return
            yield self._states[rank[-1]]

    def _key(self, model: str, scope: Scope) -> _Key:
        return (model if model in self._listed else "", self._table.kinds_offering(model), scope)

    def _lineup(self, key: _Key, model: str) -> list[Rank]:
        lineup = self._lineups.get(key)
        if lineup is None:
            _, families, scope = key
            offering = [state for state in self._states.values() if state.offers(model, scope, families)]
            lineup = self._lineups[key] = sorted(state.rank for state in offering)
            for state in offering:
                self._of_account[state.view.id].append(lineup)
        return lineup

    def move(self, state: AccountState, in_flight: int, last_used: float) -> None:
        """Gives the account its new numbers and its new place."""
        lineups = self._of_account.get(state.view.id, ()) if self._holds(state) else ()
        before = state.rank
        state.in_flight, state.last_used = in_flight, last_used
        for lineup in lineups:
            del lineup[bisect_left(lineup, before)]
            insort(lineup, state.rank)

    def _holds(self, state: AccountState) -> bool:
        return self._states.get(state.view.id) is state
