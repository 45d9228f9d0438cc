"""Signatures put into a body, taken out of it, or looked at: the slots of its turns. PURE."""

from collections.abc import Callable, Iterator
from typing import Any

from relay.dialects.healing.signature_slots import Resolution, SignatureSlot
from relay.dialects.healing.turn_form import TurnForm
from relay.neutral.conversation import Json


def slots(form: TurnForm, body: Json) -> Iterator[SignatureSlot]:
    """Every slot of ``body``, in order."""
    return (placed.slot for placed in form.slots(form.turns(body)))


def with_signatures(form: TurnForm, body: Json, resolve: Callable[[SignatureSlot], Resolution]) -> Json:
    """``body`` with each slot resolved; the very same object when nothing changed."""
    turns = form.turns(body)
    edits: dict[int, dict[int, list[Any]]] = {}
    for at, position, part, slot in form.slots(turns):
        signed = form.signed(part, slot, resolve(slot))
        if len(signed) != 1 or signed[0] is not part:
            edits.setdefault(at, {})[position] = signed
    if not edits:
        return body
    restored: list[Any] = []
    for at, turn in enumerate(turns):
        if at in edits:
            pieces = [edits[at].get(position, [part]) for position, part in enumerate(form.parts(turn))]
            restored += form.with_parts(turn, [part for piece in pieces for part in piece])
        else:
            restored.append(turn)
    return {**body, form.key: restored}
