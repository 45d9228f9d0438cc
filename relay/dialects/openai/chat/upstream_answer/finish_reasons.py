"""Why a chat completion ended, in its servers' words and in ours. PURE."""

from typing import Any

from relay.dialects.reading.bent_fields import word_in
from relay.neutral.conversation import Json
from relay.neutral.events import StopReason

_REASONS: dict[str, StopReason] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
    "eos": "end_turn",  # Together
    "eos_token": "end_turn",  # text-generation-inference
    "complete": "end_turn",  # Cohere
    "sensitive": "refusal",  # GLM
    "model_context_window_exceeded": "context_window",  # GLM
    "model_length": "max_tokens",  # Mistral
    "insufficient_system_resource": "unknown",  # DeepSeek
    # Words of the models behind a gateway that translates all but them.
    "end_turn": "end_turn",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_use",
    "refusal": "refusal",
    "safety": "refusal",
    # Gemini's, behind "function_call_filter: " where Google's own endpoint for OpenAI's clients tells them.
    "malformed_function_call": "malformed",
    "unexpected_tool_call": "malformed",
}
BREAKS = frozenset({"error", "network_error", "abort"})
"""No ends but failures: OpenRouter's and others', GLM's, SGLang's."""

CUTS_ARGUMENTS = ("max_tokens", "refusal", "context_window")
"""The answer was cut short, so a tool call's JSON may be unfinished."""


def reason_of(told: str) -> StopReason:
    """The reason that ``told`` is."""
    return _REASONS.get(told) or _REASONS.get(told.rpartition(": ")[2].lower(), "other")


def known_word_in(told: Any) -> str | None:
    """The reason, or the break, that ``told`` is or holds; None for any other word, and without one."""
    word = word_in(told)
    return word if word and (word in BREAKS or reason_of(word) != "other") else None


def with_reason(choice: Json, chunk: Json) -> Json:
    """The choice of ``chunk`` with its finish reason as a text in its place; the same where it is there.

    It may stand in the delta or the message, beside the choices, or in ``finish_details``, as OpenAI's first
    vision models had it. A word that nobody knows is no reason there: servers tell so how far they are.
    """
    told, said = choice.get("finish_reason"), choice.get("delta") or choice.get("message")
    if isinstance(told, str) and told:
        return choice
    inner = said.get("finish_reason") if isinstance(said, dict) else None
    places = (choice.get("finish_details"), inner, chunk.get("finish_reason"))
    found = word_in(told) or next(filter(None, map(known_word_in, places)), None)
    return choice if found is None else {**choice, "finish_reason": found}
