"""Deltas whose kind upstream left out or called otherwise, and arguments that are no text. PURE."""

from relay.dialects.anthropic.upstream_answer.wire import TOLD_IN, Delta
from relay.dialects.reading.half_characters import json_text
from relay.neutral.block import BlockKind
from relay.neutral.conversation import Json

_CALLED: dict[str, tuple[str, ...]] = {
    "thinking_delta": ("thinking_delta", "thinking", "reasoning", "reasoning_delta"),
    "input_json_delta": ("input_json",),
    "signature_delta": ("signature", "thinking_delta"),
    "citations_delta": ("citation", "citations", "citation_delta", "text_delta"),
    "text_delta": ("text",),
}
"""What gateways call each kind of delta; thoughts may stand where text does."""


def with_usual_kind(body: Json, delta: Delta, kind: BlockKind | None) -> Json | None:
    """The event ``body`` with its delta as Anthropic has it; None where nothing of it is to mend.

    ``kind`` is that of the open block: a delta without a kind of its own fits into it.
    """
    if delta.type in TOLD_IN and getattr(delta, TOLD_IN[delta.type]) is not None:
        return None
    for usual, names in _CALLED.items():
        is_thought = usual == "thinking_delta" and (delta.type or kind == "thinking")
        said = getattr(delta, TOLD_IN[usual])
        said = delta.text if said is None and is_thought else said
        if said is not None and (delta.type in names or not delta.type):
            told = body.get("delta") or {}  # a signature may stand beside the thoughts
            return {**body, "delta": {**told, "type": usual, TOLD_IN[usual]: said}}
    return None


def with_arguments_as_text(body: Json) -> Json | None:
    """The event ``body`` with the object that stands for a piece of arguments as text; None without one."""
    delta = body.get("delta")
    if not isinstance(delta, dict) or not isinstance(told := delta.get("partial_json"), dict):
        return None
    return {**body, "delta": {**delta, "partial_json": json_text(told).decode() if told else ""}}
