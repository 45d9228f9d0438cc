"""Token counts, both ways. PURE.

Gemini's prompt count includes what was cached, its candidates' count leaves out the thoughts; ours are the
other way round.
"""

from relay.dialects.gemini.wire import UsageMetadata
from relay.neutral.conversation import Json
from relay.neutral.events import Usage


def usage_of(told: UsageMetadata) -> Usage:
    """Upstream's counts as ours; what it did not tell stays unknown."""
    prompt, cached, thoughts = (
        told.prompt_token_count,
        told.cached_content_token_count,
        told.thoughts_token_count,
    )
    uncached = None
    if prompt is not None:
        uncached = max(prompt - (cached or 0), 0) + (told.tool_use_prompt_token_count or 0)
    output = told.candidates_token_count
    if thoughts is not None:
        output = (output or 0) + thoughts
    return Usage(input_uncached=uncached, cache_read=cached, output=output, thinking=thoughts)


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
