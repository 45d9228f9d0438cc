"""An account's test costs little: the least expensive model of its list goes first."""

import pytest

from relay.short.trial_models import models_to_try


@pytest.mark.parametrize(
    ("kind", "listed", "first"),
    [
        ("anthropic", (), "claude-haiku-4-5"),
        ("gemini", (), "gemini-2.5-flash-lite"),
        ("openai", (), "gpt-4o-mini"),
        ("anthropic", ("claude-opus-4-6", "claude-sonnet-4-6"), "claude-sonnet-4-6"),
        ("openai", ("my-model", "gpt-4o"), "gpt-4o"),
        ("openai", ("my-model", "your-model"), "my-model"),
    ],
)
def test_the_least_expensive_goes_first(kind: str, listed: tuple[str, ...], first: str) -> None:
    """By the price table; a model without a price comes behind, in its order, and none is left out."""
    found = models_to_try(kind, listed)
    assert found[0] == first
    assert set(listed) <= set(found)
