"""PURE. What a client key may do, as plain frozen data: the form in which the relay's rules read it.

Everything is off by default; a key without any limit has no ``KeyLimits`` at all and costs nothing.
"""

from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal

from msgspec import Struct

from accounts.wildcards import WildcardIndex

Measure = Literal["requests", "tokens", "usd"]
Period = Literal["minute", "day", "week", "month", "total"]

UNITS_PER_DOLLAR = 10**10
"""Money is counted in whole ten-billionths of a dollar, as fine as a row's cost: sums have no rounding."""


def units(dollars: Decimal | None) -> int | None:
    """Dollars as they are counted; None stays None."""
    return None if dollars is None else int(dollars * UNITS_PER_DOLLAR)


class Limit(Struct, frozen=True):
    """At most ``amount`` of ``measure`` in one ``period``; dollars in units (``UNITS_PER_DOLLAR``)."""

    measure: Measure
    period: Period
    amount: int


MOST_TURNS = 10_000
"""Of one conversation so many turns of its last hour are looked at: any limit on it allows no more."""


class ConversationLimits(Struct, frozen=True, kw_only=True):
    """How much one conversation may do within an hour: turns, money in units, sub-agents; 0 is no limit."""

    turns: int = 0
    units: int = 0
    agents: int = 0


class KeyLimits(Struct, frozen=True, kw_only=True):
    """Of one key. ``expires_at`` is in epoch seconds; 0, blank and empty are no limit.

    ``allowed`` finds a model's name among the patterns, ``refused`` one ``as_refused``; ``kinds`` and
    ``groups`` are those of the accounts that may serve it, ``networks`` where it may be used from. ``limits``
    are what is counted in time, and ``max_in_flight`` how many exchanges may run at once;
    ``conversation`` is what each of its conversations may.
    """

    expires_at: float = 0.0
    allowed: WildcardIndex[str] | None = None
    refused: WildcardIndex[str] | None = None
    kinds: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    highest_effort: str = ""
    max_in_flight: int = 0
    limits: tuple[Limit, ...] = ()
    conversation: ConversationLimits | None = None

    @property
    def is_counted(self) -> bool:
        """Is there anything to be counted for it?"""
        return bool(self.limits or self.max_in_flight)


def as_refused(name: str) -> str:
    """A model's name, or a pattern, as the least strict servers compare it: those patterns are kept so.

    Ollama and Azure take a name in any case, some gateways one with spaces, and Google's one with its path.
    """
    return name.strip().removeprefix("models/").casefold()


def is_inside(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Is ``address`` in one of them? An IPv4 address that is written as IPv6 counts as what it is."""
    told = _read(address)
    return told is not None and any(told in network for network in networks)


@lru_cache(maxsize=4096)
def _read(address: str) -> IPv4Address | IPv6Address | None:
    """None for what is no address. Kept, for a client comes from the same one again and again."""
    try:
        told = ip_address(address)
    except ValueError:
        return None
    return getattr(told, "ipv4_mapped", None) or told
