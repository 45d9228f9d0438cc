"""Token counts, both ways. PURE.

Gemini's prompt count includes what was cached, its candidates' count leaves out the thoughts; ours are the
other way round.
"""

from relay.dialects.gemini.upstream_answer.wire import ModalityTokens, UsageMetadata
from relay.neutral.conversation import Json
from relay.neutral.events import Usage
from relay.neutral.usage import Media, media_part

_MEDIA = {"AUDIO": "audio", "IMAGE": "image", "VIDEO": "video", 4: "audio", 2: "image", 3: "video"}
"""Of the kinds that Gemini tells (TEXT, IMAGE, VIDEO, AUDIO, DOCUMENT) those that are priced apart.

Some servers write an enumeration's numbers; they are those of google.ai.generativelanguage's ``Modality``.
"""

_NAMES = (str, int)
_TIERS = {"priority": "fast", "flex": "flex"}
"""The tiers that have a price of their own, as the other vendors' are named."""


def usage_of(told: UsageMetadata) -> Usage:
    """Upstream's counts as ours; what it did not tell stays unknown."""
    prompt, cached = told.prompt_token_count, told.cached_content_token_count
    thoughts = told.thoughts_token_count
    uncached = None
    if prompt is not None:
        uncached = max(prompt - cached, 0) if cached else prompt
        uncached += told.tool_use_prompt_token_count or 0
    output = told.candidates_token_count
    if thoughts is not None:
        output = (output or 0) + thoughts
    tier = told.service_tier or told.traffic_type
    return Usage(
        input_uncached=uncached,
        cache_read=cached,
        output=output,
        thinking=thoughts,
        media=_media(told),
        tier=_tier(tier) if tier is not None else "",
    )


def _tier(told: object) -> str:
    """``priority``, ``SERVICE_TIER_PRIORITY`` and ``ON_DEMAND_PRIORITY`` are one; so are those of flex."""
    return _TIERS.get(told.lower().rpartition("_")[2], "") if isinstance(told, str) else ""


def says_all_of(later: UsageMetadata, earlier: UsageMetadata) -> bool:
    """Does ``later`` tell every count that ``earlier`` told, so that nothing is lost without that one?"""
    # Written out, for each chunk of a stream comes by here.
    return not (
        (later.candidates_token_count is None and earlier.candidates_token_count is not None)
        or (later.prompt_token_count is None and earlier.prompt_token_count is not None)
        or (later.thoughts_token_count is None and earlier.thoughts_token_count is not None)
        or (later.cached_content_token_count is None and earlier.cached_content_token_count is not None)
        or (not later.candidates_tokens_details and earlier.candidates_tokens_details)
        or (not later.prompt_tokens_details and earlier.prompt_tokens_details)
        or (not later.cache_tokens_details and earlier.cache_tokens_details)
        or (later.service_tier is None and earlier.service_tier is not None)
        or (later.traffic_type is None and earlier.traffic_type is not None)
    )


def _media(told: UsageMetadata) -> Media:
    """What is no text; the prompt's details include what was cached, as its count does."""
    sent = _counts(told.prompt_tokens_details) if told.prompt_tokens_details else {}
    cached = _counts(told.cache_tokens_details) if told.cache_tokens_details else {}
    said = _counts(told.candidates_tokens_details) if told.candidates_tokens_details else {}
    if not (sent or cached or said):
        return ()
    fresh = {medium: max(count - cached.get(medium, 0), 0) for medium, count in sent.items()}
    return tuple(
        (media_part(medium, part), count)
        for part, counts in (("in", fresh), ("cached", cached), ("out", said))
        for medium, count in counts.items()
        if count
    )


def _counts(details: list[ModalityTokens]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in details:
        # By type and not isinstance, for this is asked with each event of a stream.
        if type(one.modality) in _NAMES and one.modality in _MEDIA and one.token_count is not None:
            counts[_MEDIA[one.modality]] = one.token_count
    return counts


def usage_metadata(usage: Usage) -> Json:
    """Our counts as Gemini's; {} while nothing is known."""
    told: Json = {}
    inputs = (usage.input_uncached, usage.cache_read, usage.cache_write)
    if any(count is not None for count in inputs):
        told["promptTokenCount"] = sum(count or 0 for count in inputs)
    if usage.cache_read is not None:
        told["cachedContentTokenCount"] = usage.cache_read
    if usage.output is not None:
        told["candidatesTokenCount"] = max(usage.output - (usage.thinking or 0), 0)
    if usage.thinking is not None:
        told["thoughtsTokenCount"] = usage.thinking
    if told:
        told["totalTokenCount"] = told.get("promptTokenCount", 0) + (usage.output or 0)
    return told
