"""Deltas whose kind upstream left out or called otherwise, and arguments that are no text. PURE."""

from relay.dialects.anthropic.upstream_answer.wire import BESIDE, TOLD_IN, Delta
from relay.dialects.reading.half_characters import json_text
from relay.neutral.block import BlockKind
from relay.neutral.conversation import Json

_CALLED: dict[str, tuple[str, ...]] = {
    "thinking_delta": (
        "thinking_delta",
        "thinking",
        "reasoning",
        "reasoning_delta",
        "reasoning_content_delta",
    ),
    "input_json_delta": ("input_json", "tool_use_delta", "tool_use", "arguments_delta"),
    "signature_delta": ("signature", "thinking_delta"),
    "citations_delta": ("citation", "citations", "citation_delta", "text_delta"),
    "text_delta": ("text",),
}
"""What gateways call each kind of delta; thoughts may stand where text does."""
_ARGUMENTS = ("partial_json", "json", "input", "arguments")
_THOUGHTS = ("thinking", "reasoning", "reasoning_content")


def with_usual_kind(body: Json, delta: Delta, kind: BlockKind | None) -> Json | None:
    """The event ``body`` with its delta as Anthropic has it; None where nothing of it is to mend.

    ``kind`` is that of the open block: a delta without a kind of its own fits into it.
    """
    if delta.type in TOLD_IN and getattr(delta, TOLD_IN[delta.type]) is not None:
        return None
    told = body.get("delta") or {}
    for usual, fields in (("input_json_delta", _ARGUMENTS), ("thinking_delta", _THOUGHTS)):
        given = _first_of(told, fields) if delta.type == usual or delta.type in _CALLED[usual] else None
        if given is not None:
            return {**body, "delta": {**told, "type": usual, TOLD_IN[usual]: given}}
    for usual, names in _CALLED.items():
        is_thought = usual == "thinking_delta" and (delta.type or kind == "thinking")
        said = getattr(delta, TOLD_IN[usual])
        said = delta.text if said is None and is_thought else said
        if said is not None and (delta.type in names or not delta.type):
            return {**body, "delta": {**told, "type": usual, TOLD_IN[usual]: said}}  # a signature may stay
    return None


def _first_of(told: Json, fields: tuple[str, ...]) -> str | None:
    """The first of the ``fields`` that is a text, or an object, as text."""
    given = next((told[name] for name in fields if isinstance(told.get(name), str | dict)), None)
    return json_text(given).decode() if isinstance(given, dict) else given


def with_texts(body: Json) -> Json | None:
    """The event ``body`` with the text for what stands in a delta's place; None where nothing is to mend.

    That is a mere text, or the object that stands for a piece of arguments. A word beside the delta is its.
    """
    delta = body.get("delta")
    beside = {name: body[name] for name in BESIDE if body.get(name)}
    if beside and body.get("type") == "content_block_delta" and isinstance(delta, dict | None):
        others = {name: value for name, value in body.items() if name not in beside}
        inside: Json = {**others, "delta": {**beside, **(delta or {})}}
        return with_texts(inside) or inside
    if isinstance(delta, str):
        return {**body, "delta": {"text": delta}}
    if not isinstance(delta, dict) or not isinstance(told := delta.get("partial_json"), dict):
        return None
    return {**body, "delta": {**delta, "partial_json": json_text(told).decode() if told else ""}}
