"""Which names a model's price is found by, and which have none."""

import pytest

from monitor.pricing import library
from monitor.pricing.model_names import LONGEST_NAME
from monitor.pricing.newer_models import stand_in


@pytest.mark.parametrize("begins", ["claude-mythos-5-1-", "gpt-6.2-sol-", "models/gemini-4-neon-"])
def test_a_name_that_no_column_holds_has_no_price_and_is_not_kept(begins: str) -> None:
    """Looking at one takes longer than its length, and a cache would hold a thousand of them."""
    longest, longer = (begins.ljust(length, "1") for length in (LONGEST_NAME, LONGEST_NAME + 1))
    assert library.known_as(longest) is not None
    asked = library._known_as.cache_info(), library._is_listed.cache_info(), library._newer.cache_info()
    assert library.known_as(longer) is None
    assert not library.is_listed(longer)
    assert stand_in(longer) is None
    assert asked == (
        library._known_as.cache_info(), library._is_listed.cache_info(), library._newer.cache_info()
    )  # fmt: skip


@pytest.mark.parametrize(
    "model", ["gpt-oss-120b", "GPT-OSS-120B", "openai/gpt-oss-120b", "models/gpt-oss-20b"]
)
def test_a_model_that_anybody_may_host_has_no_price(model: str) -> None:
    """Who runs it sets what it costs there: one host's price is no other's."""
    assert library.known_as(model) is None


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("gpt-6.2-sol", "gpt-6.1-sol"),
        ("gpt-6.2-sol-2026-11-20", "gpt-6.1-sol"),
        ("gpt-6.2-sol-latest", "gpt-6.1-sol"),
        ("gemini-4-neon-preview-11-2026", "gemini-4-argon"),
        ("claude-mythos-5-1-20261120", "claude-fable-5-1"),
        ("claude-mythos-5-20261120", "claude-fable-5"),
    ],
)
def test_a_date_makes_no_other_model(name: str, like: str) -> None:
    """A snapshot costs what its model does."""
    found = stand_in(name)
    assert found is not None
    assert found.like == like
    assert library.known_as(name) == name


@pytest.mark.parametrize(
    "name",
    ["gpt-6.2-sol-mini", "gpt-6.2-sol-mini-2026-11-20", "gemini-4-neon-lite", "gemini-4-neon-lite-preview",
     "claude-mythos-5-1-haiku", "gpt-6.2-sol-", "gpt-6.2", "2026", "-1", ""],
)  # fmt: skip
def test_a_smaller_model_has_not_the_larger_one_s_price(name: str) -> None:
    """Its own price is not known yet: another's would be charged to a budget."""
    assert stand_in(name) is None
    assert library.known_as(name) is None
