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
