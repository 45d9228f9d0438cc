"""PURE. Which account is asked: one decision over plain data (docs/behaviour.md 4).

A retry that is kept on its account takes it whatever its marks, unless its upstream is left alone. Otherwise
the accounts fall into classes:

    an untried account before one that was tried in this exchange,
    then one that has quota left, by upstream's figures, before one that has none (``windows``),
    then one that is not kept for the end (``accounts.groups.strategies``) before one that is,
    then an unmarked one before a soft-marked one,
    then one with room in its quota before one that is nearly empty.

A lower class always wins: one already tried is taken only when there is no other. Within a class the
session's own account wins (prompt caches live there), also where it is kept for the end or nearly empty; then
the order in which the candidates come: by ``rank``, and for a session by its homes (``homes``).
A full account is not free, but it is worth waiting for; a hard-marked one is not asked at all.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from accounts.marks import MarkCause
from accounts.pool.quota_windows import Room

Rank = tuple[int, float, float, int]

BlockCause = MarkCause | Literal["upstream"]
"""What stands in an account's way: a hard mark, or an upstream that is left alone."""

_CAUSE_ORDER: dict[BlockCause, int] = {"upstream": 0, "quota": 1, "credential": 2, "forbidden": 2, "model": 3}


class Block(Struct, frozen=True, gc=False):
    """What stands in the way now: when it ends (epoch seconds) and whose fault it was."""

    until: float
    cause: BlockCause


class Candidate(Struct, frozen=True, gc=False):
    """One enabled account that offers the model, as it stands now."""

    account_id: int
    tried: bool = False
    soft: bool = False
    full: bool = False
    block: Block | None = None
    kept: bool = False
    room: Room = "enough"

    @property
    def standing(self) -> int:
        """The class of the table above."""
        low, spent = self.room == "low", self.room == "spent"
        return 16 * self.tried + 8 * spent + 4 * self.kept + 2 * self.soft + low

    @property
    def own_standing(self) -> int:
        """The same for whose session lives on it: that would fail before a balance drives it away."""
        return 16 * self.tried + 8 * (self.room == "spent") + 2 * self.soft


class Taken(Struct, frozen=True):
    """This account is asked."""

    account_id: int


class Full(Struct, frozen=True):
    """Nobody is free, but somebody will be when a request ends: this one, or (None) anybody suitable."""

    only: int | None = None


class Blocked(Struct, frozen=True):
    """Everybody is hard-marked, or has an upstream that is left alone.

    ``free_at`` is when the first is free again. ``cause`` is what the client is told: an upstream that is
    left alone before a quota before a credential before a missing model, since the nearer truth is the one
    that waiting can cure; ``cause_ends_at`` is the nearest end among the blocks of that cause.
    """

    free_at: float
    cause: BlockCause
    cause_ends_at: float


class Nobody(Struct, frozen=True):
    """No enabled account offers the model."""


Choice = Taken | Full | Blocked | Nobody


def rank(priority: int, in_flight: int, last_used: float, account_id: int, weight: int = 1) -> Rank:
    """The order within a class: highest priority, least in flight for its weight, least recently used."""
    return (-priority, in_flight / weight, last_used, account_id)


def drained_rank(priority: int, account_id: int) -> Rank:
    """The place of one that is asked before others until it can take no more: as it was added."""
    return (-priority, -1.0, 0.0, account_id)


def choose(
    candidates: Iterable[Candidate],
    *,
    bound: Candidate | None = None,
    keep: Candidate | None = None,
    only_hard_rotates: bool = False,
) -> Choice:
    """Picks from ``candidates``, which come in their order and are read only as far as needed.

    ``bound`` is the session's account, ``keep`` the one this retry is to stay on; each is None when it no
    longer offers the model. With ``only_hard_rotates`` (thinking that is bound to its account) nothing but
    a hard mark leads away from ``bound``: a full account is waited for.
    """
    if keep is not None and (keep.block is None or keep.block.cause != "upstream"):
        return Full(keep.account_id) if keep.full else Taken(keep.account_id)
    best: Candidate | None = None
    if bound is not None and bound.block is None:
        if only_hard_rotates:
            return Full(bound.account_id) if bound.full else Taken(bound.account_id)
        if not bound.full:
            if bound.own_standing == 0:
                return Taken(bound.account_id)
            best = bound
    blocks: list[Block] = []
    somebody_full = False
    for candidate in candidates:
        if best is not None and best.standing == 0:
            break
        if candidate.block is not None:
            blocks.append(candidate.block)
        elif candidate.full:
            somebody_full = True
        elif best is None or candidate.standing < best.standing:
            best = candidate
    if best is not None:
        return Taken(best.account_id)
    if somebody_full:
        return Full()
    return _blocked(blocks) if blocks else Nobody()


def _blocked(blocks: list[Block]) -> Blocked:
    cause = min((block.cause for block in blocks), key=_CAUSE_ORDER.__getitem__)
    order = _CAUSE_ORDER[cause]
    return Blocked(
        free_at=min(block.until for block in blocks),
        cause=cause,
        cause_ends_at=min(block.until for block in blocks if _CAUSE_ORDER[block.cause] == order),
    )


def binding_moves(bound: Candidate | None, now: float, patience_seconds: float) -> bool:
    """Whether a session leaves its account for good: only when that is not free within the patience.

    ``bound`` is None when the account is gone, disabled or no longer offers the model.
    """
    if bound is None:
        return True
    return bound.block is not None and bound.block.until > now + patience_seconds
