"""What can be asked about the accounts without waiting and without taking one: the pool's reading half."""

from collections.abc import Collection, Mapping, Sequence

from accounts.facts.model_facts import ModelTable
from accounts.groups.scope import ANYONE, Scope
from accounts.mapping import Target
from accounts.pool.choosing.refusals import nobody_offers
from accounts.pool.clock import Clock
from accounts.pool.leases import NoAccount, Want
from accounts.pool.rests import Rests
from accounts.pool.roster import AccountStatus, Roster
from accounts.snapshot import AccountView


class Inquiries:
    """Questions to the roster, as it stands now."""

    def __init__(self, clock: Clock, roster: Roster) -> None:
        self._clock = clock
        self._roster = roster

    def now(self) -> float:
        """What time it is for the pool, in epoch seconds."""
        return self._clock.now()

    def heed(self, rests: Rests) -> None:
        """From now on no account is asked whose upstream ``rests``, if there is any other way."""
        self._roster.rests = rests

    def another_is_free(self, model: str, scope: Scope, besides: Collection[int]) -> bool:
        """Whether an account not in ``besides`` could be asked at once."""
        return self._roster.another_is_free(model, scope, besides, self._clock.now())

    def nearest_free_seconds(self, model: str, scope: Scope = ANYONE) -> float | None:
        """Until the first account is free of hard marks: 0.0 for now, None when nobody offers the model."""
        return self._roster.nearest_free_seconds(model, scope, self._clock.now())

    def targets(self, client_model: str, role: str = "") -> tuple[Target, ...] | None:
        """The upstream models that may serve ``client_model`` to an agent, best first; None is a 404."""
        return self._roster.targets(client_model, role)

    def is_served(self, client_model: str, scope: Scope) -> bool:
        """Whether an enabled account of ``scope`` would serve ``client_model``."""
        return self._roster.is_served(client_model, scope)

    def model_names(
        self, upstream_lists: Mapping[int, Sequence[str]] | None = None, scope: Scope = ANYONE
    ) -> list[str]:
        """The names for the model list; ``upstream_lists`` are upstream's own, by account id."""
        return self._roster.model_names(upstream_lists or {}, scope)

    @property
    def model_table(self) -> ModelTable:
        """What is believed of each model, the newest snapshot's overrides included."""
        return self._roster.table

    def accounts(self) -> list[AccountView]:
        """Every account, the disabled ones too."""
        return self._roster.views()

    def account(self, account_id: int) -> AccountView | None:
        """One account; None when there is no such account."""
        state = self._roster.state(account_id)
        return state.view if state else None

    def status(self, account_id: int) -> AccountStatus | None:
        """The account at a glance; None when there is no such account."""
        return self._roster.status(account_id, self._clock.now())

    def usable_count(self) -> int:
        """How many accounts are enabled and not marked as a whole."""
        return self._roster.usable_count(self._clock.now())

    def _nobody_for(self, want: Want) -> NoAccount:
        """Why no enabled account offers what is wanted."""
        roster, scope = self._roster, want.scope
        return nobody_offers(
            want.model,
            scope,
            offered_when_enabled=roster.is_offered_when_enabled(want.model, scope),
            has_members=roster.has_members(scope.bindings),
        )

    def _ends_of_marks(self, want: Want, now: float) -> list[float]:
        candidates = self._roster.candidates(want.model, want.scope, want.tried, now)
        return [candidate.block.until for candidate in candidates if candidate.block]
