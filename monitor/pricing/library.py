"""What ``genai-prices`` says of a model: a price for what was used, and what a thousand or a million cost.

The table is loaded on first use, for it takes a tenth of a second: ask from the writer's thread.
"""

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from monitor.pricing.model_names import LONGEST_NAME, names_of
from monitor.pricing.newer_models import StandIn, stand_in
from monitor.pricing.price_list import Tokens

PRICES_HOLD_SECONDS: Final = 1800
"""Some models cost less at night; such times begin at half hours."""


def is_listed(model: str) -> bool:
    """Whether a price of ``model`` is known."""
    return len(model) <= LONGEST_NAME and _is_listed(model)


def known_as(model: str) -> str | None:
    """The name under which a price of ``model`` is known; None where none is."""
    return _known_as(model) if len(model) <= LONGEST_NAME else None


@functools.lru_cache(maxsize=1024)
def _is_listed(model: str) -> bool:
    try:
        listed_price(model, 0, Tokens(1, 0, 0, 0))
    except LookupError:
        return False
    return True


@functools.lru_cache(maxsize=1024)
def _known_as(model: str) -> str | None:
    return next((name for name in names_of(model) if is_listed(name)), None)


def listed_price(model: str, period: int, tokens: Tokens) -> Decimal:
    """What ``tokens`` cost; raises LookupError for a model that the library does not know."""
    return library_price(
        model,
        period,
        input_tokens=tokens.uncached + tokens.cached + tokens.cache_write,
        cache_read_tokens=tokens.cached,
        cache_write_tokens=tokens.cache_write,
        output_tokens=tokens.output,
    )


def library_price(model: str, period: int, **used: int) -> Decimal:
    """What was ``used``, by the library's names, costs in a ``period`` (half hours since the epoch).

    Raises LookupError for a model that neither the library knows nor ``newer_models``.
    """
    newer = _newer(model)
    if newer is None:
        return _library_price(model, period, used)
    searches = used.pop("web_searches", 0)
    fees = _library_price(newer.like, period, {"web_searches": searches}) if searches else Decimal(0)
    if newer.rates is None:
        return fees + newer.factor * _library_price(newer.like, period, used)
    cached, written = used.get("cache_read_tokens", 0), used.get("cache_write_tokens", 0)
    uncached = used.get("input_tokens", 0) - cached - written
    return fees + newer.rates.price_of(Tokens(uncached, cached, written, used.get("output_tokens", 0)))


def listed_as(model: str) -> tuple[str, str]:
    """The provider and the name that a listed model goes by."""
    from genai_prices import Usage, calc_price

    newer = _newer(model)
    found = calc_price(Usage(), model if newer is None else newer.like)
    return found.provider.name, model if newer is not None else found.model.name or found.model.id


@functools.lru_cache(maxsize=1024)
def _newer(model: str) -> StandIn | None:
    """None for what the library knows by itself."""
    newer = stand_in(model)
    if newer is not None:
        try:
            _library_price(model, 0, {"input_tokens": 1})
        except LookupError:
            return newer
    return None


def _library_price(model: str, period: int, used: Mapping[str, int]) -> Decimal:
    from genai_prices import Usage, calc_price

    when = datetime.fromtimestamp(period * PRICES_HOLD_SECONDS, UTC)
    return calc_price(Usage(**used), model, genai_request_timestamp=when).total_price
