"""PURE. The operator's own prices: which of them holds for a model at a moment, and what it makes of tokens.

A price names models by a pattern, as a mapping does: the exact name first, then the pattern with most
literal characters. That rule is the mappings', and is handed in. Of one pattern the price that began last
holds; before it began, it does not.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol

import msgspec


class Tokens(NamedTuple):
    """Numbers of tokens that are priced apart; together the first three are the whole input."""

    uncached: int
    cached: int
    cache_write: int
    output: int


class Rates(NamedTuple):
    """US dollars for a million tokens of each sort."""

    uncached: Decimal
    cached: Decimal
    cache_write: Decimal
    output: Decimal

    def price_of(self, tokens: Tokens) -> Decimal:
        """What so many tokens cost."""
        return sum(map(Decimal.__mul__, self, map(Decimal, tokens)), Decimal(0)) / 10**6


class PriceRule(msgspec.Struct, frozen=True):
    """A price that the operator has set. ``valid_from`` is in epoch seconds."""

    pattern: str
    valid_from: float
    rates: Rates


class PatternIndex(Protocol):
    """Finds the price whose pattern fits a model best."""

    def find(self, name: str, /) -> PriceRule | None:
        """The price of ``name``; None where no pattern fits."""


IndexOf = Callable[[Iterable[tuple[str, PriceRule]]], PatternIndex]
"""Makes an index of pairs of pattern and price."""


class PriceList:
    """The operator's prices, to be asked for one model at a time.

    ``periods`` begin at an epoch second each, in order; the index holds from then to the next.
    """

    def __init__(self, periods: Sequence[tuple[float, PatternIndex]] = ()) -> None:
        self._beginnings = [beginning for beginning, _ in periods]
        self._indexes = [index for _, index in periods]

    @classmethod
    def of(cls, rules: Iterable[PriceRule], index_of: IndexOf) -> "PriceList":
        """The list of ``rules``, in any order, whose patterns mean what ``index_of`` says."""
        periods: dict[float, PatternIndex] = {}
        holding: dict[str, PriceRule] = {}
        for rule in sorted(rules, key=lambda rule: rule.valid_from):
            holding[rule.pattern] = rule
            periods[rule.valid_from] = index_of(sorted(holding.items()))
        return cls(list(periods.items()))

    def find(self, model: str, at: float) -> PriceRule | None:
        """The price that holds for ``model`` at ``at`` (epoch seconds); None where the operator set none."""
        number = bisect_right(self._beginnings, at)
        return self._indexes[number - 1].find(model) if number else None


NO_PRICES = PriceList()
