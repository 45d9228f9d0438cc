"""Which models an account's test asks for: the least expensive first, as far as prices are known."""

import time
from decimal import Decimal

from accounts.facts.known_models import names_offered_by
from monitor.pricing.cost import ListedPrice, price_source
from monitor.pricing.price_list import NO_PRICES, Tokens

_TINY = Tokens(20, 0, 0, 5)
"""The test's question and its answer, about."""


def models_to_try(kind: str, listed: tuple[str, ...]) -> tuple[str, ...]:
    """The account's ``listed`` models, or else its kind's, by what a test of each costs.

    Those without a known price come behind, in their order.
    """
    now = time.time()
    return tuple(sorted(listed or names_offered_by(kind), key=lambda model: _cost(model, now)))


def _cost(model: str, now: float) -> Decimal:
    found = price_source(model, NO_PRICES, now)
    is_known = isinstance(found, ListedPrice) and found.rates is not None
    return found.rates.price_of(_TINY) if is_known else Decimal("Infinity")  # type: ignore[union-attr]
