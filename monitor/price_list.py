"""PURE. The operator's own prices: which of them holds for a model at a moment, and what it makes of tokens.

A price names models by a pattern, as a mapping does: the exact name first, then the pattern with most
literal characters. Of one pattern the price that began last holds; before it began, it does not.
"""

from bisect import bisect_right
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

import msgspec

from wildcards import WildcardIndex


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


class PriceList:
    """The operator's prices, to be asked for one model at a time."""

    def __init__(self, rules: Iterable[PriceRule] = ()) -> None:
        in_order = sorted(rules, key=lambda rule: rule.valid_from)
        self._beginnings: list[float] = []
        self._indexes: list[WildcardIndex[PriceRule]] = []
        holding: dict[str, PriceRule] = {}
        for rule in in_order:
            holding[rule.pattern] = rule
            index = WildcardIndex(sorted(holding.items()))
            if self._beginnings and self._beginnings[-1] == rule.valid_from:
                self._indexes[-1] = index
            else:
                self._beginnings.append(rule.valid_from)
                self._indexes.append(index)

    def find(self, model: str, at: float) -> PriceRule | None:
        """The price that holds for ``model`` at ``at`` (epoch seconds); None where the operator set none."""
        number = bisect_right(self._beginnings, at)
        return self._indexes[number - 1].find(model) if number else None


NO_PRICES = PriceList()
