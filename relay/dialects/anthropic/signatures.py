"""The places in an Anthropic body that hold, or could hold, a thinking signature.

PURE. Only thinking blocks are signed here; a redacted block is its own signature.
"""

from collections.abc import Callable
from typing import Any, assert_never

from relay.dialects.anthropic.heal import demoted_block
from relay.dialects.anthropic.wire_messages import key_of_turn, type_of
from relay.dialects.healing.signature_slots import Fate, Resolution, SignatureSlot
from relay.neutral.conversation import Json

Resolve = Callable[[SignatureSlot], Resolution]


def restore_signatures(body: Json, resolve: Resolve) -> Json:
    """``body`` with each slot resolved; the very same object when nothing changed.

    Citations of ours go, too: where another vendor's answer cited a page, the client was given a location
    with an empty index, which Anthropic would refuse.
    """
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body
    restored: list[Any] = []
    for message in messages:
        if not isinstance(message, dict) or message.get("role") != "assistant":
            restored.append(message)
            continue
        content = message.get("content")
        fitted = _content(message, resolve) if isinstance(content, list) else content
        if fitted is content:
            restored.append(message)
        elif fitted:
            restored.append({**message, "content": fitted})
    if len(restored) == len(messages) and all(a is b for a, b in zip(restored, messages, strict=True)):
        return body
    return {**body, "messages": restored}


def _content(message: Json, resolve: Resolve) -> list[Any]:
    """The message's blocks, resolved; the very same list when nothing changed."""
    content: list[Any] = message["content"]
    turn = ""
    fitted: list[Any] = []
    for block in content:
        kind = type_of(block)
        if kind in ("thinking", "redacted_thinking"):
            turn = turn or key_of_turn(message)
            fitted += _resolved(block, turn, resolve)
        elif kind == "text" and block.get("citations"):
            fitted.append(_without_own_citations(block))
        else:
            fitted.append(block)
    if len(fitted) == len(content) and all(a is b for a, b in zip(fitted, content, strict=True)):
        return content
    return fitted


def _resolved(block: Json, turn: str, resolve: Resolve) -> list[Json]:
    is_redacted = block["type"] == "redacted_thinking"
    field = "data" if is_redacted else "signature"
    told = block.get(field)
    value = told if isinstance(told, str) else ""
    resolution = resolve(SignatureSlot("redacted" if is_redacted else "thinking", value, "", turn))
    match resolution:
        case str():
            return [block] if resolution == told else [{**block, field: resolution}]
        case Fate.KEEP:
            return [block]
        case Fate.UNSIGNED:
            return [block] if told == "" else [{**block, field: ""}]
        case Fate.DEMOTE:
            return demoted_block(block)
        case _:
            assert_never(resolution)


def _without_own_citations(block: Json) -> Json:
    citations = block["citations"]
    if not isinstance(citations, list):
        return block
    kept = [one for one in citations if not (isinstance(one, dict) and one.get("encrypted_index") == "")]
    if len(kept) == len(citations):
        return block
    rest = {key: value for key, value in block.items() if key != "citations"}
    return {**rest, "citations": kept} if kept else rest
