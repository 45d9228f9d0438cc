"""The accounts that offer a model, kept in the order in which they are asked.

Sorting a thousand accounts on every request would cost more than the request. So each line-up is sorted
once, and an account moves to its new place in each of its line-ups when a request begins or ends on it:
two bisections. Models that the same accounts offer share one line-up, so an endless supply of invented
model names makes no endless supply of line-ups.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from accounts.facts.model_facts import SHIPPED, ModelTable
from accounts.pool.account_state import AccountState
from accounts.pool.choice import Rank

_Key = tuple[str, frozenset[str], frozenset[str]]


class Lineups:
    """Line-ups over a fixed set of enabled accounts; built anew when that set changes."""

    def __init__(self, states: Iterable[AccountState], table: ModelTable = SHIPPED) -> None:
        self._table = table
        self._states = {state.view.id: state for state in states}
        self._listed = {model for state in self._states.values() for model in state.view.models}
        self._lineups: dict[_Key, list[Rank]] = {}
        self._of_account: dict[int, list[list[Rank]]] = {account_id: [] for account_id in self._states}

    def of(self, model: str, kinds: frozenset[str]) -> Iterator[AccountState]:
        """The accounts for ``model``, first choice first. Not to be moved while it is read."""
        families = self._table.kinds_offering(model)
        key = (model if model in self._listed else "", families, kinds)
        lineup = self._lineups.get(key)
        if lineup is None:
            offering = [state for state in self._states.values() if state.offers(model, kinds, families)]
            lineup = self._lineups[key] = sorted(state.rank for state in offering)
            for state in offering:
                self._of_account[state.view.id].append(lineup)
        return (self._states[rank[-1]] for rank in lineup)

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
