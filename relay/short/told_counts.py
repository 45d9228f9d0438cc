"""What an upstream's short document tells: the count of a counter, however it is written, or an error. PURE.

Anthropic tells ``input_tokens``, Google ``totalTokens``. Seen besides: the other's word and ``total_tokens``,
``prompt_tokens``, ``token_count`` or ``count`` (gateways), any of them in ``usage``, ``data``, ``result`` or
``response`` (Code Assist's envelope), and numbers as text.
"""

from typing import Any

import msgspec

from monitor.masking.linear import Phrases
from relay.dialects.reading.half_characters import any_object
from relay.dialects.reading.token_counts import token_count
from relay.neutral.failures import Failure
from relay.upstream.request import UpstreamRequest

_FIELDS = (
    "input_tokens", "totalTokens", "total_tokens", "inputTokens", "prompt_tokens", "token_count",
    "tokenCount", "tokens", "count",
)  # fmt: skip
_ENVELOPES = ("usage", "data", "result", "response")
_MARK = b"\xef\xbb\xbf"
_REFUSES = r"(?:not supported|unsupported|not implemented|not available|n't support|not support|unknown)"
_COUNTING = r"(?:count(?:ing)?[ _-]?tokens?|token count(?:ing|s|er)?)"
_NO_COUNTER = Phrases(
    rf"{_COUNTING}.{{0,80}}{_REFUSES}",
    rf"{_REFUSES}.{{0,80}}{_COUNTING}",
    r"^.{0,40}(?:invalid url \(|(?:unknown|no such|unsupported) (?:url|path|route|endpoint))",
)
"""Bedrock ("The provided model doesn't support counting tokens.") and gateways say so with a 400."""


def told_count(answer: bytes, field: str) -> int | None:
    """The count in a counter's answer, first where ``field`` is; None where it tells none."""
    told = any_object(answer.removeprefix(_MARK))
    if told is None or told.get("error"):
        return None
    places = [told, *(told.get(name) for name in _ENVELOPES)]
    found = (_count(place, name) for name in (field, *_FIELDS) for place in places)
    return next((count for count in found if count is not None), None)


def has_no_counter(failure: Failure) -> bool:
    """Does upstream refuse to count at all, rather than this request?"""
    return failure.status in (400, 422) and _NO_COUNTER.are_in(failure.message)


def told_failure(request: UpstreamRequest, answer: bytes) -> Failure | None:
    """The error that a document under 200 tells, as the error that it names; None where it tells none."""
    told = any_object(answer.removeprefix(_MARK))
    failure = request.dialect.failure_in_document(told) if told is not None else None
    if failure is None or request.is_same_dialect:
        return failure
    return msgspec.structs.replace(failure, body=b"")


def _count(place: Any, name: str) -> int | None:
    told = place.get(name) if isinstance(place, dict) else None
    return None if isinstance(told, bool) else token_count(told)
