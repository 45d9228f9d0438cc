"""What ``genai-prices`` says of a model: a price for what was used, and what a thousand or a million cost.

The table is loaded on first use, for it takes a tenth of a second: ask from the writer's thread.
"""

import functools
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from monitor.pricing.price_list import Tokens

PRICES_HOLD_SECONDS: Final = 1800
"""Some models cost less at night; such times begin at half hours."""


@functools.lru_cache(maxsize=1024)
def is_listed(model: str) -> bool:
    """Whether the library knows ``model``."""
    try:
        listed_price(model, 0, Tokens(1, 0, 0, 0))
    except LookupError:
        return False
    return True


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

    Raises LookupError for a model that the library does not know.
    """
    from genai_prices import Usage, calc_price

    when = datetime.fromtimestamp(period * PRICES_HOLD_SECONDS, UTC)
    return calc_price(Usage(**used), model, genai_request_timestamp=when).total_price
