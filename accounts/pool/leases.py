"""What is asked of the pool and what it gives: plain data, and the lease that gives the slot back."""

from collections.abc import Callable
from typing import Literal, Protocol

from msgspec import Struct

from accounts.groups.scope import Binding, Scope
from accounts.pool.account_state import AccountState
from accounts.snapshot import AccountView

Refusal = Literal["quota", "credential", "model", "none_enabled", "empty_group", "full", "resting"]


class Want(Struct, frozen=True, kw_only=True):
    """What an attempt needs of an account.

    ``model`` is the upstream model, ``kinds`` the account kinds that may serve it (empty: any), ``bindings``
    the groups that an account must be in, ``session`` the sticky key or blank, ``tried`` the accounts that
    this exchange has asked already.
    ``stay_on`` is the account that this retry is kept on: no mark stands in its way.
    ``only_hard_rotates``: the history holds thinking that is bound to its account.
    ``admission``: the exchange's first attempt, which waits a little for a mark that is about to end.
    ``is_begun``: the history holds an answer already, so that somebody's prompt cache may hold the session.
    """

    model: str
    kinds: frozenset[str] = frozenset()
    bindings: frozenset[Binding] = frozenset()
    session: str = ""
    tried: frozenset[int] = frozenset()
    stay_on: int | None = None
    only_hard_rotates: bool = False
    admission: bool = False
    is_begun: bool = False

    @property
    def scope(self) -> Scope:
        """Which accounts may serve it."""
        return Scope(self.kinds, self.bindings)


class NoAccount(Struct, frozen=True):
    """Nobody can be asked now: the HTTP status for the client, the reason as a word and in words.

    ``retry_after_seconds`` is None where waiting does not help.
    """

    status: int
    reason: Refusal
    message: str
    retry_after_seconds: float | None = None


class SharedSlots(Protocol):
    """In-flight limits over all processes (``accounts.processes.shared_slots``)."""

    @property
    def is_exact(self) -> bool:
        """Whether the slots of all processes are counted; else each keeps to its share."""

    def when_freed(self, callback: Callable[[int], None]) -> None:
        """Who is told the id of an account on which a slot came free."""

    async def take(self, account_id: int, limit: int) -> bool:
        """One more slot of ``limit``, if there is one."""

    def give(self, account_id: int) -> None:
        """A slot is free again."""


class Lease:
    """One slot on one account, until ``release`` is called.

    ``is_shared``: other processes count the slot too.

    ``stand_in_for`` is the e-mail of the session's own account when this is another, with the reason in
    words; ``cached_tokens_at_stake`` is what that account's prompt cache held for the session.
    ``taken_at`` is in epoch seconds.
    """

    __slots__ = (
        "_give_back",
        "account",
        "cached_tokens_at_stake",
        "is_shared",
        "model",
        "stand_in_for",
        "stand_in_reason",
        "state",
        "taken_at",
    )

    def __init__(
        self, state: AccountState, model: str, taken_at: float, give_back: Callable[["Lease"], None]
    ) -> None:
        self.state = state
        self._give_back: Callable[[Lease], None] | None = give_back
        self.account: AccountView = state.view
        self.model = model
        self.taken_at = taken_at
        self.stand_in_for = ""
        self.stand_in_reason = ""
        self.cached_tokens_at_stake = 0
        self.is_shared = False

    @property
    def detour(self) -> str:
        """Who stands in for whom, and why, in words."""
        return f"{self.account.email} stood in for {self.stand_in_for}: {self.stand_in_reason}"

    def release(self) -> None:
        """Gives the slot back. Later calls do nothing."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back(self)
