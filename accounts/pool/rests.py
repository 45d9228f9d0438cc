"""Which accounts are left alone because their upstream nearly always fails, as the pool asks for it.

PURE. Whether an upstream rests is known where it is asked (``relay.exchange.upstream_health``).
"""

from typing import Protocol

from msgspec.structs import replace

from accounts.pool.choosing.choice import Block, Candidate
from accounts.snapshot import AccountView


class Rests(Protocol):
    """Which upstreams are left alone."""

    @property
    def are_any(self) -> bool:
        """Is any upstream left alone? Nearly always none is."""

    def seconds(self, account: AccountView, model: str) -> float:
        """For how long the account's upstream is left alone for ``model``; 0.0 when it may be asked."""


class NobodyRests:
    """Everybody may be asked."""

    are_any = False

    def seconds(self, account: AccountView, model: str) -> float:
        """At once."""
        return 0.0


def left_alone(candidate: Candidate, seconds: float, now: float) -> Candidate:
    """The candidate with its upstream left alone for ``seconds``, unless a mark stops it for longer."""
    until = now + seconds
    if seconds <= 0 or (candidate.block is not None and candidate.block.until >= until):
        return candidate
    return replace(candidate, block=Block(until, "upstream"))
