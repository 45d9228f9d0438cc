"""A Responses body, healed: reasoning signed as upstream wants it, or turned into plain text. PURE."""

from collections.abc import Callable, Collection
from typing import Any, assert_never

from relay.dialects.healing.fix_prompt import FIX_PROMPT
from relay.dialects.healing.signature_slots import Fate, HealedBody, Resolution, SignatureSlot
from relay.dialects.healing.turn_names import named, positions
from relay.dialects.json_object import json_object
from relay.dialects.openai.responses.named_tools import arguments_of, plain_name
from relay.neutral.conversation import Json, digest, turn_key

_PROMPT_PART = {"type": "input_text", "text": FIX_PROMPT}
_PROMPT_MESSAGE = {"type": "message", "role": "user", "content": [_PROMPT_PART]}
_SYSTEM_ROLES = ("system", "developer")


def restore_signatures(body: Json, resolve: Callable[[SignatureSlot], Resolution]) -> Json:
    """The body with each ``encrypted_content`` resolved; the very same object when nothing changed."""
    items = items_of(body)
    out: list[Json] = []
    is_changed = False
    turn = ""
    for index, item in enumerate(items):
        if not _is_model(item):
            turn = ""
        elif not turn:
            turn = _turn(items[index:])
        kept: Json | None = item
        if item.get("type") == "reasoning":
            kept = _resolved(item, resolve(SignatureSlot("thinking", _signature(item), "", turn)))
        is_changed = is_changed or kept is not item
        if kept is not None:
            out.append(kept)
    return {**body, "input": out} if is_changed else body


def heal(body: Json) -> HealedBody:
    """Behaviour section 8, steps 2 to 5: reasoning becomes text, the last user turn gets the fix prompt."""
    items = items_of(body)
    refused = [digest(item) for item in items if item.get("type") == "reasoning"]
    if not refused:
        return HealedBody(body, (), "", ())
    at = _prompt_position(items)
    healed = _healed(items, frozenset(refused), set() if at is None else {at})
    if at is None:
        healed.append(_PROMPT_MESSAGE)
    return HealedBody(
        {**body, "input": healed},
        tuple(dict.fromkeys(refused)),
        "" if at is None else named(items)[at],
        (f"{len(refused)} reasoning items became text", "fix prompt added"),
    )


def heal_again(body: Json, blocks: Collection[str], prompt_turns: Collection[str]) -> Json:
    """The heals remembered, done again; the very same object when none applies."""
    items = items_of(body)
    at = positions(items, prompt_turns)
    if not at and not any(item.get("type") == "reasoning" and digest(item) in blocks for item in items):
        return body
    return {**body, "input": _healed(items, blocks, at)}


def items_of(body: Json) -> list[Json]:
    """The input, item by item: a string is one message of the user's."""
    given = body.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": given}]}]
    return given or []


def _signature(item: Json) -> str:
    encrypted = item.get("encrypted_content")
    return encrypted if isinstance(encrypted, str) else ""


def _resolved(item: Json, resolution: Resolution) -> Json | None:
    match resolution:
        case str():
            return item if resolution == _signature(item) else {**item, "encrypted_content": resolution}
        case Fate.KEEP:
            return item
        case Fate.UNSIGNED:
            return {key: value for key, value in item.items() if key != "encrypted_content"}
        case Fate.DEMOTE:
            return _as_text(item)
        case _:
            assert_never(resolution)


def _as_text(item: Json) -> Json | None:
    """A reasoning item as words of the model; None when it says nothing that can be read."""
    text = "\n\n".join(
        part["text"]
        for key in ("summary", "content")
        for part in item.get(key) or ()
        if isinstance(part, dict) and isinstance(part.get("text"), str) and part["text"]
    )
    if not text:
        return None
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "role": "assistant", "content": content}


def _healed(items: list[Json], blocks: Collection[str], at: set[int]) -> list[Json]:
    out: list[Json] = []
    for index, item in enumerate(items):
        kept: Json | None = item
        if item.get("type") == "reasoning" and digest(item) in blocks:
            kept = _as_text(item)
        if kept is None:
            continue
        if index not in at:
            out.append(kept)
        elif kept.get("role") == "user":
            out.append({**kept, "content": [*_parts(kept.get("content")), _PROMPT_PART]})
        else:
            out += [kept, _PROMPT_MESSAGE]
    return out


def _parts(content: object) -> list[Json]:
    if isinstance(content, list):
        return content
    return [{"type": "input_text", "text": content}] if content else []


def _prompt_position(items: list[Json]) -> int | None:
    """The last turn, system turns aside, if it is not the model's."""
    for index in range(len(items) - 1, -1, -1):
        item = items[index]
        if item.get("role") not in _SYSTEM_ROLES:
            return None if _is_model(item) else index
    return None


def _is_model(item: Json) -> bool:
    """Did the model say it? What neither has a role nor answers a call is its own."""
    if item.get("role") is not None:
        return bool(item["role"] == "assistant")
    return not str(item.get("type", "")).endswith("_output")


def _turn(items: list[Json]) -> str:
    """The key of the assistant turn that ``items`` begin with."""
    texts: list[str] = []
    calls: list[tuple[str, dict[str, Any]]] = []
    for item in items:
        if not _is_model(item):
            break
        if item.get("type") in ("function_call", "custom_tool_call"):
            calls.append((plain_name(item), json_object(arguments_of(item)) or {}))
        elif isinstance(item.get("content"), str):
            texts.append(item["content"])
        elif item.get("role") == "assistant":
            texts += [
                part["text"]
                for part in item.get("content") or ()
                if isinstance(part, dict) and part.get("type") == "output_text" and "text" in part
            ]
    return turn_key("".join(texts), calls)
