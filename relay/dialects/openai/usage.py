"""Token counts, as both wire forms tell them, and the neutral event. PURE.

OpenAI's input counts include what the cache gave and took; its output counts include reasoning.
"""

from relay.dialects.reading.token_counts import token_count
from relay.neutral.conversation import Json
from relay.neutral.events import Usage
from relay.neutral.usage import Media, media_part

_TIERS = {"priority": "fast", "fast": "fast", "flex": "flex", "ultrafast": "ultrafast", "batch": "batch"}
"""The service tiers that have a price of their own; priority was renamed fast in July 2026."""


_LONGEST_MODEL = 200
_LONGEST_WORD = 40


def usage_from(told: Json, service_tier: object = None) -> Usage:
    """The usage object of a chat chunk or of a Responses answer; what is not told stays None.

    ``service_tier`` stands beside it there: how the answer was made, whatever was asked for.

    ``prompt_cache_hit_tokens`` is how DeepSeek spells the cached part, a ``cached_tokens`` without details
    Moonshot. xAI's output leaves the reasoning out,
    as its total shows.
    """
    total_input = _count(told, "prompt_tokens", "input_tokens")
    details = _details(told, "prompt_tokens_details", "input_tokens_details")
    cached = _count(details, "cached_tokens")
    if cached is None:
        cached = _count(told, "prompt_cache_hit_tokens", "cached_tokens")
    written = _count(details, "cache_write_tokens")
    uncached = None if total_input is None else max(total_input - (cached or 0) - (written or 0), 0)
    thought = _details(told, "completion_tokens_details", "output_tokens_details")
    thinking, output = _count(thought, "reasoning_tokens"), _count(told, "completion_tokens", "output_tokens")
    if (
        output is not None
        and thinking
        and _count(told, "total_tokens") == (total_input or 0) + output + thinking
    ):
        output += thinking
    media = [
        (media_part(medium, part), count)
        for part, told_of in (("in", details), ("out", thought))
        for medium in ("audio", "image")
        if (count := _count(told_of, f"{medium}_tokens"))
    ]
    return Usage(
        input_uncached=uncached,
        cache_read=cached,
        cache_write=written,
        output=output,
        thinking=thinking,
        tier=_TIERS.get(service_tier, "") if isinstance(service_tier, str) else "",
        media=tuple(media),
    )


def tools_usage(response: Json) -> Usage:
    """What the tools of a Responses answer used, as its ``tool_usage`` tells it beside the model's usage.

    Who drew pictures stands in its ``tools``. Without details what went in is text, what came out a picture,
    and what was cached text as far as there is any.
    """
    told = response.get("tool_usage")
    if not isinstance(told, dict):
        return Usage()
    found, image = _details(told, "web_search"), _details(told, "image_gen")
    drawn = _drawn(image) if image else ()
    return Usage(
        searches=_count(found, "num_requests"), drawn=drawn, drawn_by=_drawer(response) if drawn else ""
    )


def told_miss(response: Json) -> Usage:
    """Why the prompt cache was not read, where a Responses answer says so (``prompt_cache_diagnostics``).

    It does where the request named an answer to compare with (``prompt_cache_options``):
    developers.openai.com/api/docs/guides/prompt-caching/diagnostics.
    """
    told = response.get("prompt_cache_diagnostics")
    if not isinstance(told, dict) or not isinstance(reason := told.get("reason"), str):
        return Usage()
    return Usage(cache_miss=reason[:_LONGEST_WORD], cache_missed=token_count(told.get("cache_missed_tokens")))


def _drawn(told: Json) -> Media:
    sent, given = _count(told, "input_tokens") or 0, _count(told, "output_tokens") or 0
    cached = _count(told, "cached_tokens") or 0
    of_sent, of_given = _details(told, "input_tokens_details"), _details(told, "output_tokens_details")
    of_cached = _details(told, "cached_tokens_details")
    image_sent = min(_count(of_sent, "image_tokens") or 0, sent)
    image_cached = _count(of_cached, "cached_image_tokens")
    if image_cached is None:
        text = _count(of_cached, "cached_text_tokens")
        image_cached = max(cached - (sent - image_sent if text is None else text), 0)
    image_cached = min(image_cached, image_sent, cached)
    text_cached = min(cached - image_cached, sent - image_sent)
    text_given = min(_count(of_given, "text_tokens") or 0, given)
    counts = {
        "drawn_text_in": sent - image_sent - text_cached,
        "drawn_text_cached": text_cached,
        "drawn_text_out": text_given,
        "drawn_image_in": image_sent - image_cached,
        "drawn_image_cached": image_cached,
        "drawn_image_out": given - text_given,
    }
    return tuple((name, count) for name, count in counts.items() if count)


def _drawer(response: Json) -> str:
    tools = response.get("tools")
    for tool in tools if isinstance(tools, list) else []:
        if isinstance(tool, dict) and tool.get("type") == "image_generation":
            model = tool.get("model")
            return model[:_LONGEST_MODEL] if isinstance(model, str) else ""
    return ""


def chat_usage(usage: Usage) -> Json:
    """``usage`` as chat completions tell it; the wire wants numbers, so what is unknown is 0."""
    total_input, output = _total_input(usage), usage.output or 0
    return {
        "prompt_tokens": total_input,
        "completion_tokens": output,
        "total_tokens": total_input + output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read or 0,
            "cache_write_tokens": usage.cache_write or 0,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.thinking or 0},
    }


def responses_usage(usage: Usage) -> Json:
    """``usage`` as Responses tell it; the wire wants numbers, so what is unknown is 0."""
    total_input, output = _total_input(usage), usage.output or 0
    return {
        "input_tokens": total_input,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read or 0,
            "cache_write_tokens": usage.cache_write or 0,
        },
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": usage.thinking or 0},
        "total_tokens": total_input + output,
    }


def _total_input(usage: Usage) -> int:
    return (usage.input_uncached or 0) + (usage.cache_read or 0) + (usage.cache_write or 0)


def _count(told: Json, *names: str) -> int | None:
    for name in names:
        value = token_count(told.get(name))
        if value is not None:
            return value
    return None


def _details(told: Json, *names: str) -> Json:
    for name in names:
        value = told.get(name)
        if isinstance(value, dict):
            return value
    return {}


_CHATS = ("prompt_tokens", "completion_tokens")
_RESPONSES = ("input_tokens", "output_tokens")


def with_chats_names(told: Json) -> Json:
    """Usage of chat completions whose counts have the names of Responses, or Anthropic's: with chat's too."""
    return _with_names(told, _CHATS, _RESPONSES)


def with_responses_names(told: Json) -> Json:
    """Usage of Responses whose counts have the names of chat completions: with those of Responses too."""
    return _with_names(told, _RESPONSES, _CHATS)


def _with_names(told: Json, names: tuple[str, str], others: tuple[str, str]) -> Json:
    """``told`` with both ``names`` where it has one of the ``others`` instead; what it says itself stays."""
    if not any(told.get(name) is None and other in told for name, other in zip(names, others, strict=True)):
        return told
    sent, given = (_count(told, *both) or 0 for both in zip(names, others, strict=True))
    total = _count(told, "total_tokens")
    counts = {names[0]: sent, names[1]: given}
    return {**told, **counts, "total_tokens": sent + given if total is None else total}
