"""Which account a session's prompt cache lives on. In memory, least recently used goes first.

A session that this process does not know, and that goes on with a conversation, was begun in another process
or before a restart: its account is its home (``homes``), which every process names alike.
"""

from msgspec import Struct

from accounts.pool.choosing.choice import binding_moves
from accounts.pool.choosing.unavailability import stand_in_reason
from accounts.pool.leases import Lease, Want
from accounts.pool.roster import Roster


class Binding(Struct):
    """A session's account for one model. ``proven`` once it has answered; until then it moves freely.

    ``cached_tokens`` is what that account's prompt cache was last known to hold for the session.
    """

    account_id: int
    proven: bool = False
    cached_tokens: int = 0


class Sessions:
    """Bindings by (session, upstream model), at most ``limit`` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bindings: dict[tuple[str, str], Binding] = {}

    def find(self, session: str, model: str) -> Binding | None:
        """The binding, which becomes the most recently used."""
        binding = self._bindings.pop((session, model), None)
        if binding is not None:
            self._bindings[session, model] = binding
        return binding

    def bind(self, session: str, model: str, account_id: int) -> Binding:
        """Binds the session anew."""
        self._bindings.pop((session, model), None)
        binding = self._bindings[session, model] = Binding(account_id)
        if len(self._bindings) > self._limit:
            del self._bindings[next(iter(self._bindings))]
        return binding

    def own(self, want: Want, roster: Roster) -> Binding | None:
        """The session's account for what is wanted; None where it has none yet."""
        binding = self.find(want.session, want.model)
        if binding is None and want.is_begun:
            home = roster.home(want.model, want.scope, want.session)
            if home is not None:
                binding = self.bind(want.session, want.model, home)
                binding.proven = True
        return binding

    def settle(self, lease: Lease, want: Want, roster: Roster, now: float, patience_seconds: float) -> None:
        """Makes the lease's account the session's own, or the stand-in for it."""
        binding = self.find(want.session, want.model)
        if binding is not None and binding.account_id == lease.account.id:
            return
        if binding is not None and binding.proven:
            bound = roster.candidate(binding.account_id, want.model, want.scope, want.tried, now)
            if bound is not None and not binding_moves(bound, now, patience_seconds):
                lease.stand_in_for = roster.require(binding.account_id).view.email
                lease.stand_in_reason = stand_in_reason(bound, now)
                lease.cached_tokens_at_stake = binding.cached_tokens
                return
        self.bind(want.session, want.model, lease.account.id)

    def prove(self, session: str, model: str, account_id: int, cached_tokens: int) -> None:
        """The account answered: it is the session's own, unless another has proved itself already."""
        binding = self.find(session, model)
        if binding is None or not binding.proven:
            binding = self.bind(session, model, account_id)
            binding.proven = True
        if binding.account_id == account_id:
            binding.cached_tokens = cached_tokens
