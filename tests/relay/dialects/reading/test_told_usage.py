"""What upstreams tell of usage that has a price of its own: hour-long caches, searches, tiers, media …"""

from typing import Any

import msgspec
import pytest

from relay.dialects.anthropic.usage import read_usage
from relay.dialects.gemini.upstream_answer.wire import UsageMetadata
from relay.dialects.gemini.usage import usage_of
from relay.dialects.openai.usage import tools_usage, usage_from
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


@pytest.mark.parametrize(("told", "geo"), [("us", "us"), ("global", ""), ("not_available", ""), (["us"], "")])
def test_where_inference_ran_is_read(told: object, geo: str) -> None:
    """Anthropic tells it in its usage; only one place has a price of its own."""
    assert read_usage({"inference_geo": told}).geo == geo


@pytest.mark.parametrize(
    ("told", "tier"),
    [
        ({"serviceTier": "priority"}, "fast"),
        ({"serviceTier": "SERVICE_TIER_FLEX"}, "flex"),
        ({"serviceTier": "standard"}, ""),
        ({"trafficType": "ON_DEMAND_PRIORITY"}, "fast"),
        ({"trafficType": "ON_DEMAND_FLEX"}, "flex"),
        ({"trafficType": "ON_DEMAND"}, ""),
        ({"serviceTier": 3}, ""),
        ({"serviceTier": ["priority"]}, ""),
        ({}, ""),
    ],
)
def test_geminis_tiers(told: dict[str, Any], tier: str) -> None:
    """Priority costs more and flex less; both of Google's APIs tell them beside the counts."""
    usage = msgspec.convert({"promptTokenCount": 1, **told}, UsageMetadata)
    assert usage_of(usage).tier == tier


@pytest.mark.parametrize(
    ("told", "media"),
    [
        ({"promptTokensDetails": [{"modality": "TEXT", "tokenCount": 9}]}, {}),
        (
            {
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 9},
                    {"modality": "AUDIO", "tokenCount": 50},
                    {"modality": "IMAGE", "tokenCount": 258},
                ],
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 20}],
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
            },
            {
                "audio_tokens_in": 30,
                "audio_tokens_cached": 20,
                "image_tokens_in": 258,
                "image_tokens_out": 1290,
            },
        ),
        ({"promptTokensDetails": [{"modality": "SMELL", "tokenCount": 9}, {"tokenCount": 1}, {}]}, {}),
        ({"promptTokensDetails": [{"modality": ["AUDIO"], "tokenCount": 9}]}, {}),
        ({"promptTokensDetails": [{"modality": 4, "tokenCount": 9}]}, {"audio_tokens_in": 9}),
        ({"cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 20}]}, {"audio_tokens_cached": 20}),
        ({"promptTokensDetails": [{"modality": "AUDIO"}], "cacheTokensDetails": None}, {}),
    ],
)
def test_geminis_sound_and_pictures(told: dict[str, Any], media: dict[str, int]) -> None:
    """Its prompt's details include what was cached; a kind that nobody knows is priced as text."""
    assert dict(usage_of(msgspec.convert(told, UsageMetadata)).media) == media


def test_openais_sound_and_pictures() -> None:
    """In the details of either form; 0 and what is no number are none."""
    chat_told = {
        "prompt_tokens_details": {"audio_tokens": 40, "image_tokens": 0},
        "completion_tokens_details": {"audio_tokens": 7},
    }
    assert dict(usage_from(chat_told).media) == {"audio_tokens_in": 40, "audio_tokens_out": 7}
    told = {"input_tokens_details": {"image_tokens": 5}, "output_tokens_details": {"audio_tokens": "x"}}
    assert dict(usage_from(told).media) == {"image_tokens_in": 5}


DRAWN = {
    "tools": [
        {"type": "function", "name": "f"},
        {"type": "image_generation", "model": "gpt-image-2.5-flare"},
    ],
    "tool_usage": {
        "image_gen": {
            "input_tokens": 7918,
            "input_tokens_details": {"image_tokens": 7620, "text_tokens": 298},
            "cached_tokens": 700,
            "cached_tokens_details": {"cached_image_tokens": 600, "cached_text_tokens": 100},
            "output_tokens": 186,
            "output_tokens_details": {"image_tokens": 180, "text_tokens": 6},
            "total_tokens": 8104,
        },
        "web_search": {"num_requests": 0},
    },
}
"""As the official SDK's ``ToolUsage`` has it; the counts add up as in answers that were recorded."""


def test_openais_tools() -> None:
    """What an image model used is apart from the model's own usage; who it was stands among the tools."""
    usage = tools_usage(DRAWN)
    assert dict(usage.drawn) == {
        "drawn_text_in": 198,
        "drawn_text_cached": 100,
        "drawn_text_out": 6,
        "drawn_image_in": 7020,
        "drawn_image_cached": 600,
        "drawn_image_out": 180,
    }
    assert (usage.drawn_by, usage.searches, usage.output) == ("gpt-image-2.5-flare", 0, None)
    bare = {"tool_usage": {"image_gen": {"input_tokens": 27, "output_tokens": 515}}}
    assert tools_usage(bare).drawn == (("drawn_text_in", 27), ("drawn_image_out", 515))
    assert merged(Usage(output=1), tools_usage(bare)).output == 1


@pytest.mark.parametrize(
    ("sent", "pictures", "cached", "of_cached", "drawn"),
    [
        (10, 10, 10, None, {"drawn_image_cached": 10}),
        (10, 4, 10, None, {"drawn_text_cached": 6, "drawn_image_cached": 4}),
        (10, 4, 7, None, {"drawn_text_cached": 6, "drawn_image_cached": 1, "drawn_image_in": 3}),
        (10, 4, 6, None, {"drawn_text_cached": 6, "drawn_image_in": 4}),
        (10, 4, 99, None, {"drawn_text_cached": 6, "drawn_image_cached": 4}),
        (
            10,
            4,
            3,
            {"cached_image_tokens": 3},
            {"drawn_text_in": 6, "drawn_image_in": 1, "drawn_image_cached": 3},
        ),
        (
            10,
            4,
            3,
            {"cached_text_tokens": 3},
            {"drawn_text_in": 3, "drawn_text_cached": 3, "drawn_image_in": 4},
        ),
    ],
)
def test_cached_pictures(
    sent: int, pictures: int, cached: int, of_cached: dict[str, int] | None, drawn: dict[str, int]
) -> None:
    """What was cached is text first where nothing is told of it, and the rest of it pictures."""
    told: dict[str, Any] = {
        "input_tokens": sent,
        "input_tokens_details": {"image_tokens": pictures},
        "cached_tokens": cached,
        "cached_tokens_details": of_cached,
    }
    assert dict(tools_usage({"tool_usage": {"image_gen": told}}).drawn) == drawn


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"tool_usage": None},
        {"tool_usage": {"image_gen": {"input_tokens": 0, "output_tokens": 0}, "web_search": None}},
        {"tool_usage": {"image_gen": {"input_tokens": "x", "output_tokens": -1, "cached_tokens": 9}}},
    ],
)
def test_tools_that_were_not_used(told: dict[str, Any]) -> None:
    """No usage of tools, none that adds up, and texts in place of numbers: nothing."""
    assert tools_usage(told) == Usage()


def test_media_of_later_counts() -> None:
    """A cumulative count replaces them, another is added."""
    first = Usage(media=(("audio_tokens_in", 5),), geo="us")
    assert merged(first, Usage(output=1)).media == first.media
    assert merged(first, Usage(output=1)).geo == "us"
    assert merged(first, Usage(media=(("audio_tokens_in", 9),))).media == (("audio_tokens_in", 9),)
    more = Usage(media=(("audio_tokens_in", 2), ("image_tokens_out", 3)), is_cumulative=False)
    assert dict(merged(first, more).media) == {"audio_tokens_in": 7, "image_tokens_out": 3}
