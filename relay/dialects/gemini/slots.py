"""The places in a body that hold, or could hold, a thought signature.

PURE. Where one is missing, only that part is offered that upstream would have signed: the first function
call of a turn, or the last text of a turn without calls.
"""

from collections.abc import Callable
from typing import Any, assert_never

from relay.dialects.gemini.carried_signatures import from_client
from relay.dialects.gemini.fields import field, with_field, without
from relay.dialects.gemini.heal import plain_part
from relay.dialects.gemini.turns import contents_of, key_of_turn, model_runs, parts_of
from relay.dialects.healing.signature_slots import Fate, Resolution, SignatureSlot
from relay.neutral.conversation import Json

Resolve = Callable[[SignatureSlot], Resolution]


def restore_signatures(body: Json, resolve: Resolve) -> Json:
    """The body with each slot resolved; the very same object when nothing changed."""
    contents = contents_of(body)
    edited: dict[int, list[Json]] = {}
    for run in model_runs(contents):
        turn = [part for index in run for part in parts_of(contents[index])]
        slots = _slots(turn)
        if not slots:
            continue
        key = key_of_turn(turn)
        for index in run:
            parts = parts_of(contents[index])
            resolved = [
                _resolved(part, slots[id(part)], key, resolve) if id(part) in slots else part
                for part in parts
            ]
            if any(before is not after for before, after in zip(parts, resolved, strict=True)):
                edited[index] = [part for part in resolved if part is not None]
    if not edited:
        return body
    restored: list[Any] = []
    for index, content in enumerate(contents):
        if index not in edited:
            restored.append(content)
        elif edited[index]:
            restored.append({**content, "parts": edited[index]})
    return {**body, "contents": restored}


def _slots(turn: list[Json]) -> dict[int, str]:
    """By the identity of its part: what each slot of a turn holds."""
    calls = [part for part in turn if field(part, "functionCall") is not None]
    slots = {id(part): value for part in turn if isinstance(value := field(part, "thoughtSignature"), str)}
    if calls:
        slots.setdefault(id(calls[0]), "")
    elif turn and not slots and isinstance(turn[-1].get("text"), str) and not turn[-1].get("thought"):
        slots[id(turn[-1])] = ""
    return slots


def _resolved(part: Json, held: str, turn: str, resolve: Resolve) -> Json | None:
    """The part as it goes upstream; None when nothing of it does, itself when it stays."""
    form, value = from_client(held)
    call = field(part, "functionCall")
    if call is not None:
        call_id = str(call.get("id") or "") if isinstance(call, dict) else ""
        slot = SignatureSlot("tool_call", value, call_id, turn)
    elif form == "redacted":
        slot = SignatureSlot("redacted", value, "", turn)
    elif part.get("thought"):
        slot = SignatureSlot("thinking", value, "", turn)
    elif isinstance(part.get("text"), str):
        slot = SignatureSlot("text", value, "", turn)
    else:
        return part
    resolution = resolve(slot)
    match resolution:
        case str():
            return part if resolution == value else with_field(part, "thoughtSignature", resolution)
        case Fate.KEEP:
            return part
        case Fate.UNSIGNED | Fate.DEMOTE if not value:
            return part
        case Fate.UNSIGNED if call is None and form != "redacted":
            bare = without(part, "thoughtSignature")
            return bare if bare.get("text") else None
        case Fate.UNSIGNED | Fate.DEMOTE:
            return plain_part(part)  # of a call: the placeholder, without which it may be refused
    assert_never(resolution)
