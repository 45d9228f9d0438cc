"""Chunks whose content is a mere text, or whose finish reason is a number, an object, or elsewhere. PURE.

The numbers are those of ``Candidate.FinishReason`` in Google's protocol buffers
(google/ai/generativelanguage/v1beta/generative_service.proto), which proxies tell that dump the objects of
Google's Python client.
"""

from collections.abc import Callable
from typing import Any

from relay.dialects.gemini.finish_reasons import FINISH_REASONS, usual
from relay.neutral.conversation import Json

_REASONS = ("FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER")
"""From six on the Developer API's numbers and Vertex AI's differ."""

_OF_A_CHUNK = ("candidates", "usageMetadata", "promptFeedback", "error")
BESIDE = ("usageMetadata", "modelVersion", "responseId")
"""What proxies also write beside the chunk in their envelope."""
_NAMES = ("finishReason", "reason", "name", "type", "value")
"""Of the field that tells it in an object in its place."""


def is_chunk(told: Json) -> bool:
    """Does it tell something of an answer, or the error in its place?"""
    return any(told.get(name) and isinstance(told[name], dict | list) for name in _OF_A_CHUNK)


def in_their_places(chunk: Json, note: Callable[[str], None]) -> Json:
    """``chunk`` (its names in camelCase) with texts as parts and reasons as words; ``note`` is told where."""
    given = chunk.get("candidates")
    beside = chunk.get("finishReason")
    if _is_reason(beside) and (given is None or isinstance(given, list)):
        note("finishReason")
        ended = given or [{"index": 0}]
        given = [
            {**one, "finishReason": one.get("finishReason") or beside} if isinstance(one, dict) else one
            for one in ended
        ]
        chunk = {**chunk, "candidates": given}
    candidates = given if isinstance(given, list) else [given]
    mended = [_candidate(one, note) if isinstance(one, dict) else one for one in candidates]
    if all(one is before for one, before in zip(mended, candidates, strict=True)):
        return chunk
    return {**chunk, "candidates": mended}


def _is_reason(beside: Any) -> bool:
    """Is it one that is known? Any other word says how far the answer is."""
    return usual(beside) in FINISH_REASONS if isinstance(beside, str) else bool(beside)


def _candidate(told: Json, note: Callable[[str], None]) -> Json:
    reason, content = told.get("finishReason"), told.get("content")
    if isinstance(reason, dict):
        found = (reason[name] for name in _NAMES if isinstance(reason.get(name), int | str))
        note("candidates[].finishReason")
        told = {**told, "finishReason": (reason := next(found, None))}
    if type(reason) is int and 0 <= reason < len(_REASONS):
        note("candidates[].finishReason")
        told = {**told, "finishReason": _REASONS[reason]}
    if isinstance(content, str):
        note("candidates[].content")
        return {**told, "content": {"role": "model", "parts": [{"text": content}]}}
    parts = content.get("parts") if isinstance(content, dict) else None
    if isinstance(content, dict) and _has_texts(parts):
        note("candidates[].content.parts")
        listed = parts if isinstance(parts, list) else [parts]
        as_parts = [{"text": part} if isinstance(part, str) else part for part in listed]
        return {**told, "content": {**content, "parts": as_parts}}
    return told


def _has_texts(parts: Any) -> bool:
    """Is a part a mere text, or the parts themselves?"""
    return isinstance(parts, str) or (isinstance(parts, list) and any(isinstance(one, str) for one in parts))
