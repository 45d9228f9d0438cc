"""Prices are those of the library, with its tiers, and never cost a row."""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from genai_prices import Usage, calc_price

from monitor.pricing import cost
from monitor.pricing.cost import cost_of, lost_by_the_cache
from monitor.record.records import Outcome, RequestRecord

NewRecord = Callable[..., RequestRecord]


@pytest.mark.parametrize("model", ["claude-opus-5-5", "gemini-2.5-pro", "gemini-2.5-flash", "gpt-5"])
@pytest.mark.parametrize(
    ("uncached", "cached", "cache_write", "output"),
    [(0, 0, 0, 0), (1, 0, 0, 1), (1200, 20_000, 3_000, 450), (300_000, 10, 0, 64_000), (0, 250_000, 0, 1)],
)
def test_a_price_is_the_library_s(
    model: str, uncached: int, cached: int, cache_write: int, output: int, request_record: NewRecord
) -> None:
    """Cached input is priced apart from uncached, and a model with tiers (Gemini Pro) by its tier."""
    record = request_record(
        mapped_model=model,
        tokens_in=uncached,
        tokens_cached=cached,
        tokens_cache_write=cache_write,
        tokens_out=output,
    )
    usage = Usage(
        input_tokens=uncached + cached + cache_write,
        cache_read_tokens=cached,
        cache_write_tokens=cache_write,
        output_tokens=output,
    )
    expected = calc_price(usage, model).total_price.quantize(cost.SMALLEST)
    assert cost_of(record) == expected


def test_counting_is_free_and_an_embedding_has_no_output(request_record: NewRecord) -> None:
    """Only a whole answer may leave its output untold; an interrupted one has no known price."""
    used = {"tokens_in": 10**6, "mapped_model": "claude-opus-5-5", "outcome": Outcome.OK}
    assert cost_of(request_record(path="/v1/messages/count_tokens?beta=true", **used)) == 0
    assert cost_of(request_record(path="/v1beta/models/m:countTokens", **used)) == 0
    assert cost_of(request_record(path="/v1/embeddings", **used)) == Decimal(4)
    assert cost_of(request_record(**{**used, "outcome": Outcome.INTERRUPTED})) is None


def test_cached_tokens_cost_less_than_others(request_record: NewRecord) -> None:
    """A million cached tokens of a current Claude cost a fraction of a million uncached ones."""
    record = request_record(mapped_model="claude-opus-5-5", tokens_in=10**6, tokens_out=0)
    cached = msgspec.structs.replace(record, tokens_in=0, tokens_cached=10**6)
    assert cost_of(record) == Decimal(4)
    assert cost_of(cached) == Decimal("0.2")


@pytest.mark.parametrize(
    "fields",
    [
        {"mapped_model": None, "tokens_in": 1, "tokens_out": 1},
        {"mapped_model": "somebody-s-own-model", "tokens_in": 1, "tokens_out": 1},
        {"mapped_model": "", "tokens_in": 1, "tokens_out": 1},
        {"mapped_model": "gpt-5", "tokens_in": None, "tokens_out": 1},
        {"mapped_model": "gpt-5", "tokens_in": 1, "tokens_out": None},
        {"mapped_model": "gpt-5", "tokens_in": -1, "tokens_out": 1},
        {"mapped_model": "gpt-5", "tokens_in": 10**30, "tokens_out": 1},
    ],
)
def test_what_is_unknown_has_no_price(fields: dict[str, object], request_record: NewRecord) -> None:
    """An unknown model, unknown tokens or an absurd number of them give no price, and no exception."""
    assert cost_of(request_record(**fields)) is None


def test_what_a_cache_miss_has_cost(request_record: NewRecord) -> None:
    """What was written or sent, less what reading it costs: written first; nothing without a price."""
    used = {
        "mapped_model": "claude-opus-5-5",
        "tokens_in": 1000,
        "tokens_cache_write": 10**6,
        "tokens_out": 0,
    }
    record = request_record(cache_miss="tools", cache_miss_tokens=10**6, tokens_cached=0, **used)
    record = msgspec.structs.replace(record, cost=cost_of(record))
    read = msgspec.structs.replace(record, tokens_cache_write=0, tokens_cached=10**6)
    assert record.cost is not None
    assert lost_by_the_cache(record) == record.cost - (cost_of(read) or 0) > 0
    assert lost_by_the_cache(msgspec.structs.replace(record, cost=None)) is None
    assert lost_by_the_cache(msgspec.structs.replace(record, cache_miss_tokens=None)) is None
