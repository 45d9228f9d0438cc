"""Why an answer stopped: Anthropic's words and ours, both ways (wire formats, table "Gemini finish").

PURE.
"""

from typing import Any

from relay.neutral.events import Stop, StopReason

_OURS: dict[str, StopReason] = {
    "end_turn": "end_turn",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_use",
    "pause_turn": "pause_turn",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_window",
}
_THEIRS = {ours: theirs for theirs, ours in _OURS.items()} | {
    # The client asked for one answer and got its beginning: a token to continue with has no place here.
    "continuation": "max_tokens",
}

_CATEGORIES = frozenset({"cyber", "bio", "frontier_llm", "reasoning_extraction", "general_harms"})

CUTS_ARGUMENTS = frozenset({"max_tokens", "model_context_window_exceeded", "refusal"})
"""Upstream's stop reasons after which a tool call's JSON may be unfinished: the answer was cut short."""


def stop_of(delta: dict[str, Any]) -> Stop | None:
    """What message_delta's ``delta`` says of the end: ``unknown`` for a new word, None without any."""
    stop_reason = delta.get("stop_reason")
    if not isinstance(stop_reason, str):
        return None
    details = delta.get("stop_details")
    told = details if isinstance(details, dict) else {}
    sequence, category, explanation = (
        value if isinstance(value, str) else None
        for value in (delta.get("stop_sequence"), told.get("category"), told.get("explanation"))
    )
    return Stop(_OURS.get(stop_reason, "unknown"), stop_reason, sequence, category, explanation)


def message_delta(stop: Stop, has_content: bool) -> dict[str, Any] | None:
    """The message_delta (without its usage) that says ``stop``; None where it is no end of an answer.

    No end are ``malformed`` and ``missing_signature``, and ``other`` or ``unknown`` with nothing said.
    """
    word = "end_turn" if stop.reason in ("other", "unknown") and has_content else _THEIRS.get(stop.reason)
    if word is None:
        return None
    details = None
    if word == "refusal":
        category = stop.category if stop.category in _CATEGORIES else None
        details = {"type": "refusal", "category": category, "explanation": stop.explanation}
    delta = {"stop_reason": word, "stop_sequence": stop.stop_sequence, "stop_details": details}
    return {"type": "message_delta", "delta": delta}
