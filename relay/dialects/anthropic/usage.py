"""Token counts as the Messages API tells them, both ways.

PURE. Anthropic's ``input_tokens`` is the uncached part alone, and ``output_tokens`` includes thinking:
the same cut as in the neutral ``Usage``.
"""

from typing import Any

from relay.dialects.reading.token_counts import token_count
from relay.neutral.conversation import Json
from relay.neutral.events import Usage

_LONGEST_WORD = 40


def read_usage(told: object) -> Usage:
    """The ``usage`` of message_start or message_delta as cumulative counts; what is no count is None."""
    if not isinstance(told, dict):
        return Usage()
    details = told.get("output_tokens_details")
    server_tools, kinds = told.get("server_tool_use"), told.get("cache_creation")
    counts = (
        [count for count in map(token_count, server_tools.values()) if count is not None]
        if isinstance(server_tools, dict)
        else []
    )
    return Usage(
        input_uncached=token_count(told.get("input_tokens")),
        cache_read=token_count(told.get("cache_read_input_tokens")),
        cache_write=token_count(told.get("cache_creation_input_tokens")),
        output=token_count(told.get("output_tokens")),
        thinking=token_count(details.get("thinking_tokens")) if isinstance(details, dict) else None,
        server_tools=sum(counts) if counts else None,
        cache_write_1h=token_count(kinds.get("ephemeral_1h_input_tokens"))
        if isinstance(kinds, dict)
        else None,
        searches=token_count(server_tools.get("web_search_requests"))
        if isinstance(server_tools, dict)
        else None,
        tier=_tier(told),
        geo="us" if told.get("inference_geo") == "us" else "",  # the others have the usual price
    )


def told_miss(message: dict[str, Any]) -> Usage:
    """Why the prompt cache was not read, where a message says so (``diagnostics.cache_miss_reason``)."""
    diagnostics = message.get("diagnostics")
    reason = diagnostics.get("cache_miss_reason") if isinstance(diagnostics, dict) else None
    if not isinstance(reason, dict) or not isinstance(kind := reason.get("type"), str):
        return Usage()
    return Usage(
        cache_miss=kind[:_LONGEST_WORD], cache_missed=token_count(reason.get("cache_missed_input_tokens"))
    )


def write_usage(usage: Usage, searches: int = 0) -> dict[str, Any]:
    """``usage`` for the client: what is unknown is 0; thinking and searches are told where there are any."""
    told: dict[str, Any] = {
        "input_tokens": usage.input_uncached or 0,
        "cache_creation_input_tokens": usage.cache_write or 0,
        "cache_read_input_tokens": usage.cache_read or 0,
        "output_tokens": usage.output or 0,
    }
    if usage.thinking is not None:
        told["output_tokens_details"] = {"thinking_tokens": usage.thinking}
    if searches:
        told["server_tool_use"] = {"web_search_requests": searches, "web_fetch_requests": 0}
    return told


def _tier(told: dict[str, Any]) -> str:
    """``priority`` is capacity that was bought before: such tokens have the usual price."""
    if told.get("speed") == "fast":
        return "fast"
    return "batch" if told.get("service_tier") == "batch" else ""


def with_counts(usage: object, *counts: str) -> Json | None:
    """The ``usage`` with the ``counts`` that the SDKs rely on, as a field; None where it has them."""
    told: Json = usage if isinstance(usage, dict) else {}
    if all(type(told.get(name)) is int for name in counts):
        return None
    return {"usage": {**dict.fromkeys(counts, 0), **{key: n for key, n in told.items() if n is not None}}}
