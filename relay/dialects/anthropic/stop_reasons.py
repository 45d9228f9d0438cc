"""Why an answer stopped: Anthropic's words and ours, both ways (wire formats, table "Gemini finish").

PURE.
"""

from collections.abc import Collection
from typing import Any

from relay.neutral.block import BlockKind
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
_GUESTS: dict[str, StopReason] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
"""OpenAI's words, which servers that translate for Anthropic's clients leave as they are."""

_THEIRS = {ours: theirs for theirs, ours in _OURS.items()} | {
    # The client asked for one answer and got its beginning: a token to continue with has no place here.
    "continuation": "max_tokens",
}

_CATEGORIES = frozenset({"cyber", "bio", "frontier_llm", "reasoning_extraction", "general_harms"})

_NO_CALLS = frozenset({"text", "thinking", "redacted"})

CUTS_ARGUMENTS = frozenset(
    word for word, ours in (_OURS | _GUESTS).items() if ours in ("max_tokens", "context_window", "refusal")
)
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
    word = stop_reason.lower()
    reason = _OURS.get(word) or _GUESTS.get(word, "unknown")
    return Stop(reason, stop_reason, sequence, category, explanation)


def fitting(stop: Stop, kinds: Collection[BlockKind]) -> str | None:
    """The stop reason that fits the blocks of these ``kinds``; None where upstream's own does.

    Some servers tell ``end_turn`` behind a call, which agents then never run, or ``tool_use`` behind none,
    for which they wait for good.
    """
    reason = stop.reason
    if reason == "end_turn" and "tool_call" in kinds:
        reason = "tool_use"
    elif reason == "tool_use" and kinds and _NO_CALLS.issuperset(kinds):
        reason = "end_turn"
    is_guest = stop.reason != "unknown" and stop.upstream_reason not in _OURS
    return _THEIRS[reason] if is_guest or reason != stop.reason else None


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
