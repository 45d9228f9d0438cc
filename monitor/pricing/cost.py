"""What an exchange cost: by the operator's own prices, else by the price table of ``genai-prices``.

The library takes about 0.1 ms for one price, more than storing a row; so it is asked once for what a token
of each sort costs, unless the price of a token depends on how many there are. It is loaded on first use: call
this from the writer's thread.
"""

import functools
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from monitor.pricing.library import (
    PRICES_HOLD_SECONDS,
    is_listed,
    known_as,
    library_price,
    listed_as,
    listed_price,
)
from monitor.pricing.price_list import NO_PRICES, PriceList, PriceRule, Rates, Tokens
from monitor.pricing.tiers import tier_factor
from monitor.pricing.tools import is_guess, tools_price
from monitor.record.attempt_use import AttemptUse
from monitor.record.estimated import GUESSED_PRICE, MOST_TOKENS, estimated_in, estimated_out, number_in
from monitor.record.records import Outcome, RequestRecord

SMALLEST = Decimal("1e-10")
WHOLE = (Outcome.OK, Outcome.RETRIED)
"""With these an answer is whole: tokens that were not told of are none."""


MEDIA = tuple((medium, part) for medium in ("audio", "image", "video") for part in ("in", "cached", "out"))
"""What of a row's tokens may be priced apart, told as ``audio_tokens_in`` …: their price is the library's."""

GEO_FACTORS = {"us": Decimal("1.1")}
"""What inference in one place costs more: Anthropic's pages on pricing and data residency (November 2026)."""


class ListedPrice(msgspec.Struct, frozen=True):
    """What the library says of a model. ``rates`` are None where a price depends on how much is asked."""

    provider: str
    model: str
    rates: Rates | None


def cost_of(record: RequestRecord, prices: PriceList = NO_PRICES) -> Decimal | None:
    """The price in US dollars of the row's own counts; None when it is unknown or absurd.

    ``prices`` are the operator's own; they go before the library's, and are all that is charged. Counting is
    free; who embeds has no output. What upstream did not count is charged as it was estimated.
    """
    if record.mapped_model is None:
        return None
    if record.only_counts:
        return Decimal(0)
    tokens = _tokens(record)
    if tokens is None:
        return None
    own = prices.find(record.mapped_model, record.started_at)
    if own is not None:
        return own.rates.price_of(tokens).quantize(SMALLEST)
    model = known_as(record.mapped_model)
    if model is None:
        return None
    period = int(record.started_at // PRICES_HOLD_SECONDS)
    rates = _rates(model, period)
    price = listed_price(model, period, tokens) if rates is None else rates.price_of(tokens)
    if record.diagnostics:
        tools = tools_price(model, period, record.diagnostics)
        price = _with_extras(record, model, period, tokens, price) + tools
    return price.quantize(SMALLEST)


def priced(record: RequestRecord, prices: PriceList = NO_PRICES) -> RequestRecord:
    """The row with its cost, which is that of all its attempts, and with each one's.

    Each is priced by its own model. An attempt without a known price keeps what it has, as the row does where
    none has one. Where a cost rests on the price of an image model that nobody knows, its facts say so.
    """
    if record.used_by_attempt is None:
        cost = cost_of(record, prices)
        return msgspec.structs.replace(record, cost=cost, diagnostics=_facts(record, cost, prices))
    uses = tuple(_priced(use, record, prices) for use in record.used_by_attempt)
    known = [use.cost for use in uses if use.cost is not None]
    cost = sum(known, Decimal(0)) if known else None
    return msgspec.structs.replace(record, cost=cost, used_by_attempt=uses)


def _priced(use: AttemptUse, record: RequestRecord, prices: PriceList) -> AttemptUse:
    alone = msgspec.structs.replace(
        record,
        mapped_model=use.model,
        tokens_in=use.tokens_in,
        tokens_out=use.tokens_out,
        tokens_cached=use.tokens_cached,
        tokens_cache_write=use.tokens_cache_write,
        diagnostics=use.diagnostics,
        used_by_attempt=None,
    )
    cost = cost_of(alone, prices)
    if cost is None:
        return use
    return msgspec.structs.replace(use, cost=cost, diagnostics=_facts(alone, cost, prices))


def _facts(record: RequestRecord, cost: Decimal | None, prices: PriceList) -> Mapping[str, Any]:
    """The record's, with GUESSED_PRICE where ``cost`` is one. An own price is all that is charged."""
    told, model = record.diagnostics, record.mapped_model
    is_guessed = bool(cost) and is_guess(told) and prices.find(model or "", record.started_at) is None
    if is_guessed == (GUESSED_PRICE in told):
        return told
    left = {name: value for name, value in told.items() if name != GUESSED_PRICE}
    return {**left, GUESSED_PRICE: True} if is_guessed else left


def lost_by_the_cache(record: RequestRecord, prices: PriceList = NO_PRICES) -> Decimal | None:
    """What ``record`` would have cost less, had the tokens of its cache miss been read from the cache."""
    lost = record.cache_miss_tokens
    if not lost or record.cost is None:
        return None
    written = min(record.tokens_cache_write or 0, lost)
    sent = min(record.tokens_in or 0, lost - written)
    as_read = msgspec.structs.replace(
        record,
        tokens_in=(record.tokens_in or 0) - sent,
        tokens_cache_write=(record.tokens_cache_write or 0) - written,
        tokens_cached=(record.tokens_cached or 0) + sent + written,
    )
    cost, own = cost_of(as_read, prices), record.cost
    if record.used_by_attempt is not None:  # the others' use was lost to nobody's cache
        own = cost_of(record, prices) or Decimal(0)
    return None if cost is None else max(own - cost, Decimal(0))


def _tokens(record: RequestRecord) -> Tokens | None:
    """What is to be paid for; None where it is not known, or cannot be."""
    output = record.tokens_out if record.tokens_out is not None else estimated_out(record)
    if output is None and record.outcome in WHOLE:
        output = 0
    sent = record.tokens_in if record.tokens_in is not None else estimated_in(record)
    if sent is None or output is None:
        return None
    tokens = Tokens(sent, record.tokens_cached or 0, record.tokens_cache_write or 0, output)
    return tokens if all(0 <= number <= MOST_TOKENS for number in tokens) else None


def _with_extras(record: RequestRecord, model: str, period: int, tokens: Tokens, price: Decimal) -> Decimal:
    """``price`` with what an hour's cache, sound and pictures cost more, by the factors of tier and place."""
    kept_long = min(_number(record, "cache_write_1h") or 0, tokens.cache_write)
    if kept_long:
        price += _long_cache_surcharge(model, period) * kept_long / 10**6
    for medium, part in MEDIA:
        if count := _number(record, f"{medium}_tokens_{part}"):
            price += _media_surcharge(model, period, medium, part) * min(count, _most(tokens, part)) / 1000
    price *= tier_factor(model, record.diagnostics.get("service_tier"), record.started_at)
    return price * GEO_FACTORS.get(str(record.diagnostics.get("inference_geo")), 1)


def _number(record: RequestRecord, name: str) -> int | None:
    return number_in(record.diagnostics, name)


def price_source(model: str, prices: PriceList, now: float) -> PriceRule | ListedPrice | None:
    """Where the price of ``model`` at ``now`` (epoch seconds) comes from; None where nobody knows one."""
    own = prices.find(model, now)
    if own is not None:
        return own
    name = known_as(model)
    if name is None:
        return None
    return ListedPrice(*listed_as(name), _rates(name, int(now // PRICES_HOLD_SECONDS)))


def load_prices() -> None:
    """Load the table now, at a time of the caller's choosing."""
    is_listed("")


@functools.lru_cache(maxsize=256)
def _rates(model: str, period: int) -> Rates | None:
    """What a million tokens of each sort cost; None when that depends on how many there are."""
    few, many = Tokens(1000, 1000, 1000, 1000), Tokens(10**6, 10**6, 10**6, 10**6)
    price_of_few, price_of_many = listed_price(model, period, few), listed_price(model, period, many)
    if price_of_many != price_of_few * 1000:
        return None
    sorts = (Tokens(10**6, 0, 0, 0), Tokens(0, 10**6, 0, 0), Tokens(0, 0, 10**6, 0), Tokens(0, 0, 0, 10**6))
    rates = Rates(*(listed_price(model, period, one) for one in sorts))
    return rates if sum(rates) == price_of_many else None


@functools.lru_cache(maxsize=256)
def _long_cache_surcharge(model: str, period: int) -> Decimal:
    """What a million tokens kept for an hour cost more than those kept for five minutes."""
    kept_long = {"cache_write_tokens": 10**6, "cache_write_1h_tokens": 10**6}
    dearer = library_price(model, period, input_tokens=10**6, **kept_long)
    return max(dearer - listed_price(model, period, Tokens(0, 0, 10**6, 0)), Decimal(0))


def _most(tokens: Tokens, part: str) -> int:
    return {"in": tokens.uncached, "cached": tokens.cached, "out": tokens.output}[part]


@functools.lru_cache(maxsize=256)
def _media_surcharge(model: str, period: int, medium: str, part: str) -> Decimal:
    """What a thousand tokens of a medium cost more than those of text; below 0 where they cost less."""
    if part == "out":
        dearer = {"output_tokens": 1000, f"output_{medium}_tokens": 1000}
        return library_price(model, period, **dearer) - listed_price(model, period, Tokens(0, 0, 0, 1000))
    dearer = {"input_tokens": 1000, f"input_{medium}_tokens": 1000}
    if part == "in":
        return library_price(model, period, **dearer) - listed_price(model, period, Tokens(1000, 0, 0, 0))
    dearer |= {"cache_read_tokens": 1000, f"cache_{medium}_read_tokens": 1000}
    return library_price(model, period, **dearer) - listed_price(model, period, Tokens(0, 1000, 0, 0))
