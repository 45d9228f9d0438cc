"""What an exchange cost: by the operator's own prices, else by the price table of ``genai-prices``.

The table is loaded on first use, for it takes a tenth of a second: call this from the writer's thread. The
library takes about 0.1 ms for one price, more than storing a row; so it is asked once for what a token of
each sort costs, unless the price of a token depends on how many there are.
"""

import functools
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from monitor.pricing.price_list import NO_PRICES, PriceList, PriceRule, Rates, Tokens
from monitor.record.records import COUNTING_PATHS, Outcome, RequestRecord

SMALLEST = Decimal("1e-10")
PRICES_HOLD_SECONDS = 1800
"""Some models cost less at night; such times begin at half hours."""
WHOLE = (Outcome.OK, Outcome.RETRIED)
"""With these an answer is whole: tokens that were not told of are none."""
MOST_TOKENS = 10**12
"""Beyond that a number of tokens is a mistake, and so would its price be."""


class ListedPrice(msgspec.Struct, frozen=True):
    """What the library says of a model. ``rates`` are None where a price depends on how much is asked."""

    provider: str
    model: str
    rates: Rates | None


def cost_of(record: RequestRecord, prices: PriceList = NO_PRICES) -> Decimal | None:
    """The price in US dollars of what upstream has counted; None when it is unknown or absurd.

    ``prices`` are the operator's own; they go before the library's. Counting is free; who embeds has no
    output.
    """
    output = record.tokens_out
    if output is None and record.outcome in WHOLE:
        output = 0
    if record.mapped_model is None or record.tokens_in is None or output is None:
        return None
    if record.path.partition("?")[0].endswith(COUNTING_PATHS):
        return Decimal(0)
    tokens = Tokens(record.tokens_in, record.tokens_cached or 0, record.tokens_cache_write or 0, output)
    if not all(0 <= number <= MOST_TOKENS for number in tokens):
        return None
    own = prices.find(record.mapped_model, record.started_at)
    if own is not None:
        return own.rates.price_of(tokens).quantize(SMALLEST)
    if not _is_listed(record.mapped_model):
        return None
    period = int(record.started_at // PRICES_HOLD_SECONDS)
    rates = _rates(record.mapped_model, period)
    price = _listed_price(record.mapped_model, period, tokens) if rates is None else rates.price_of(tokens)
    return price.quantize(SMALLEST)


def price_source(model: str, prices: PriceList, now: float) -> PriceRule | ListedPrice | None:
    """Where the price of ``model`` at ``now`` (epoch seconds) comes from; None where nobody knows one."""
    own = prices.find(model, now)
    if own is not None:
        return own
    if not _is_listed(model):
        return None
    from genai_prices import Usage, calc_price

    found = calc_price(Usage(), model)
    name = found.model.name or found.model.id
    return ListedPrice(found.provider.name, name, _rates(model, int(now // PRICES_HOLD_SECONDS)))


def load_prices() -> None:
    """Load the table now, at a time of the caller's choosing."""
    _is_listed("")


@functools.lru_cache(maxsize=1024)
def _is_listed(model: str) -> bool:
    try:
        _listed_price(model, 0, Tokens(1, 0, 0, 0))
    except LookupError:
        return False
    return True


@functools.lru_cache(maxsize=256)
def _rates(model: str, period: int) -> Rates | None:
    """What a million tokens of each sort cost; None when that depends on how many there are."""
    few, many = Tokens(1000, 1000, 1000, 1000), Tokens(10**6, 10**6, 10**6, 10**6)
    price_of_few, price_of_many = _listed_price(model, period, few), _listed_price(model, period, many)
    if price_of_many != price_of_few * 1000:
        return None
    sorts = (Tokens(10**6, 0, 0, 0), Tokens(0, 10**6, 0, 0), Tokens(0, 0, 10**6, 0), Tokens(0, 0, 0, 10**6))
    rates = Rates(*(_listed_price(model, period, one) for one in sorts))
    return rates if sum(rates) == price_of_many else None


def _listed_price(model: str, period: int, tokens: Tokens) -> Decimal:
    """What the library says; raises LookupError for a model that it does not know."""
    from genai_prices import Usage, calc_price

    usage = Usage(
        input_tokens=tokens.uncached + tokens.cached + tokens.cache_write,
        cache_read_tokens=tokens.cached,
        cache_write_tokens=tokens.cache_write,
        output_tokens=tokens.output,
    )
    when = datetime.fromtimestamp(period * PRICES_HOLD_SECONDS, UTC)
    return calc_price(usage, model, genai_request_timestamp=when).total_price
