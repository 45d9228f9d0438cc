"""What upstreams tell of usage that has a price of its own: hour-long caches, searches, tiers."""

from typing import Any

import pytest

from relay.dialects.anthropic.usage import read_usage
from relay.dialects.openai.usage import usage_from
from relay.neutral.usage import Usage, merged
from tests.relay.dialects.openai.streams import chat, decoded, delta, form_of


@pytest.mark.parametrize(
    ("told", "kept_long", "searches", "tier"),
    [
        ({"cache_creation": {"ephemeral_1h_input_tokens": 5, "ephemeral_5m_input_tokens": 2}}, 5, None, ""),
        ({"cache_creation": None, "server_tool_use": None}, None, None, ""),
        ({"server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 9}}, None, 3, ""),
        ({"speed": "fast", "service_tier": "standard"}, None, None, "fast"),
        ({"service_tier": "batch", "speed": "standard"}, None, None, "batch"),
        ({"service_tier": "priority"}, None, None, ""),
        ({"service_tier": 7, "speed": ["fast"]}, None, None, ""),
    ],
)
def test_anthropic_s(told: dict[str, Any], kept_long: int | None, searches: int | None, tier: str) -> None:
    """Priority is capacity that was bought before: its tokens have the usual price."""
    usage = read_usage(told)
    assert (usage.cache_write_1h, usage.searches, usage.tier) == (kept_long, searches, tier)


@pytest.mark.parametrize(
    ("service_tier", "tier"),
    [
        ("priority", "fast"),
        ("fast", "fast"),
        ("flex", "flex"),
        ("default", ""),
        ("scale", ""),
        (None, ""),
        ([], ""),
    ],
)
def test_openai_s(service_tier: object, tier: str) -> None:
    """The tier that served the request stands beside its usage."""
    assert usage_from({"prompt_tokens": 1}, service_tier).tier == tier


def test_the_tier_of_a_chat_stream_is_read() -> None:
    """It stands in the chunk that has the usage."""
    last = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}, "service_tier": "flex"}
    events = decoded(form_of("chat"), [chat(delta(content="hi"), delta("stop"), last)]).events
    assert [event.tier for event in events if isinstance(event, Usage)] == ["flex"]


def test_later_counts_keep_what_they_do_not_tell() -> None:
    """Cumulative ones replace, others are added; the tier stays."""
    first = Usage(cache_write_1h=5, searches=1, tier="fast")
    assert merged(first, Usage(output=1)) == Usage(cache_write_1h=5, searches=1, output=1, tier="fast")
    added = merged(first, Usage(cache_write_1h=2, searches=2, is_cumulative=False))
    assert (added.cache_write_1h, added.searches, added.tier) == (7, 3, "fast")
