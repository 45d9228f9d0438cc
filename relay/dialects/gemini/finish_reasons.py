"""Gemini's finish reasons and our words for them, both ways.

PURE. The 24 reasons are those of google-genai 3.4.0; one of tomorrow is "unknown". The translation is the
first table of the wire-format facts: what the model or a rule refused is an answer, what it garbled is none.
"""

from relay.neutral.events import Stop, StopReason

FINISH_REASONS: dict[str, StopReason] = {
    "STOP": "end_turn",
    "MAX_TOKENS": "max_tokens",
    "CONTINUATION": "continuation",
    "SAFETY": "refusal",
    "RECITATION": "refusal",
    "BLOCKLIST": "refusal",
    "PROHIBITED_CONTENT": "refusal",
    "SPII": "refusal",
    "IMAGE_SAFETY": "refusal",
    "IMAGE_PROHIBITED_CONTENT": "refusal",
    "IMAGE_RECITATION": "refusal",
    "IMAGE_OTHER": "refusal",
    "ESCALATION": "refusal",
    "MODEL_ARMOR": "refusal",
    "MALFORMED_FUNCTION_CALL": "malformed",
    "UNEXPECTED_TOOL_CALL": "malformed",
    "MALFORMED_RESPONSE": "malformed",
    "TOO_MANY_TOOL_CALLS": "malformed",
    "MISSING_THOUGHT_SIGNATURE": "missing_signature",
    "OTHER": "other",
    "LANGUAGE": "other",
    "NO_IMAGE": "other",
    "PUP_LIMITED_DISABLED": "other",
}
UNSPECIFIED = "FINISH_REASON_UNSPECIFIED"
"""The enum's zero: not a reason at all."""

_PREFIX = "FINISH_REASON_"
_GUESTS = {
    "TOOL_CALLS": "STOP",
    "TOOL_USE": "STOP",
    "FUNCTION_CALL": "STOP",
    "END_TURN": "STOP",
    "STOP_SEQUENCE": "STOP",
    "LENGTH": "MAX_TOKENS",
    "CONTENT_FILTER": "SAFETY",
    "REFUSAL": "SAFETY",
}
"""Words of OpenAI and Anthropic, which proxies in front of them leave as they are."""

_WORDS: dict[StopReason, str] = {
    "end_turn": "STOP",
    "tool_use": "STOP",
    "stop_sequence": "STOP",
    "pause_turn": "STOP",  # lossy: Gemini has no "echo this back and I go on"
    "max_tokens": "MAX_TOKENS",
    "context_window": "MAX_TOKENS",
    "refusal": "SAFETY",
    "continuation": "CONTINUATION",
    "malformed": "MALFORMED_FUNCTION_CALL",
    "missing_signature": "MISSING_THOUGHT_SIGNATURE",
    "other": "OTHER",
    "unknown": "OTHER",
}


def usual(told: str) -> str:
    """The reason as Gemini writes it: proxies write small letters, an enum's full name, or others' words."""
    word = told.upper()
    if word == UNSPECIFIED:
        return word
    word = word.removeprefix(_PREFIX)
    return _GUESTS.get(word, word)


def stop_reason(finish_reason: str) -> StopReason:
    """Our word for Gemini's."""
    return FINISH_REASONS.get(finish_reason, "unknown")


def finish_reason(stop: Stop) -> str:
    """Gemini's word for ours; its own word when the stop came from a Gemini upstream."""
    if stop.upstream_reason in FINISH_REASONS:
        return stop.upstream_reason
    return _WORDS[stop.reason]
