"""What can be asked about the accounts without waiting and without taking one: the pool's reading half."""

from collections.abc import Collection

from accounts.groups.scope import ANYONE, Scope
from accounts.pool.choosing.unavailability import nobody_offers
from accounts.pool.clock import Clock
from accounts.pool.leases import NoAccount, Want
from accounts.pool.roster import AccountStatus, Roster
from accounts.snapshot import AccountView


class Inquiries:
    """Questions to the roster that need the time, or one account; others are asked of ``roster`` itself."""

    def __init__(self, clock: Clock, roster: Roster) -> None:
        self._clock = clock
        self.roster = roster

    def now(self) -> float:
        """What time it is for the pool, in epoch seconds."""
        return self._clock.now()

    def another_is_free(self, model: str, scope: Scope, besides: Collection[int]) -> bool:
        """Whether an account not in ``besides`` could be asked at once."""
        return self.roster.another_is_free(model, scope, besides, self._clock.now())

    def nearest_free_seconds(self, model: str, scope: Scope = ANYONE) -> float | None:
        """Until the first account is free of hard marks: 0.0 for now, None when nobody offers the model."""
        return self.roster.nearest_free_seconds(model, scope, self._clock.now())

    def account(self, account_id: int) -> AccountView | None:
        """One account; None when there is no such account."""
        state = self.roster.state(account_id)
        return state.view if state else None

    def status(self, account_id: int) -> AccountStatus | None:
        """The account at a glance; None when there is no such account."""
        return self.roster.status(account_id, self._clock.now())

    def usable_count(self) -> int:
        """How many accounts are enabled and not marked as a whole."""
        return self.roster.usable_count(self._clock.now())

    def _nobody_for(self, want: Want) -> NoAccount:
        """Why no enabled account offers what is wanted."""
        roster, scope = self.roster, want.scope
        return nobody_offers(
            want.model,
            scope,
            offered_when_enabled=roster.is_offered_when_enabled(want.model, scope),
            has_members=roster.has_members(scope.bindings),
        )

    def _ends_of_marks(self, want: Want, now: float) -> list[float]:
        candidates = self.roster.candidates(want.model, want.scope, want.tried, now)
        return [candidate.block.until for candidate in candidates if candidate.block]
