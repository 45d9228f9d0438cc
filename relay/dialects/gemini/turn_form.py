"""The contents of a Gemini body, as healing and the signature cache see them.

PURE. Where a signature is missing, only that part is offered that upstream would have signed: the first
function call of a turn, or the last text of a turn without calls.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, assert_never

import msgspec

from relay.dialects.gemini.carried_signatures import from_client
from relay.dialects.gemini.fields import field, with_field, without
from relay.dialects.gemini.turns import is_model, is_user, key_of_turn, model_runs, parts_of
from relay.dialects.healing.fix_prompt import FIX_PROMPT
from relay.dialects.healing.signature_slots import PLACEHOLDER, Fate, Resolution, SignatureSlot
from relay.dialects.healing.turn_form import Keys, PlacedSlot, Speaker, TurnForm
from relay.dialects.translation.foreign_history import NO_RESULT, STRAY_RESULT
from relay.neutral.conversation import Json, digest

_PROMPT = {"text": FIX_PROMPT}


class GeminiTurns(TurnForm):
    """Contents with parts; results are parts of the user's."""

    key = "contents"
    heals_without_thinking = True  # a finish reason tells of a missing signature, not where

    def speaker(self, turn: Any) -> Speaker:
        """What is not the model's is the user's; a system content is nobody's."""
        if is_model(turn):
            return "model"
        return "user" if is_user(turn) else "nobody"

    def parts(self, turn: Any) -> list[Any]:
        """Its parts."""
        return [*parts_of(turn)]

    def with_parts(self, turn: Any, parts: list[Any]) -> list[Any]:
        """The content with these parts."""
        return [{**turn, "parts": parts}] if parts else []

    def is_empty(self, turn: Any) -> bool:
        """A content without parts."""
        return isinstance(turn, dict) and not parts_of(turn)

    def results(self, parts: list[Any]) -> list[Any]:
        """One content of the user's."""
        return [{"role": "user", "parts": parts}]

    def refusable(self, part: Any) -> str:
        """Thinking, and what has a signature or should have one."""
        return "" if _plain(part) is part else digest(part)

    def known_later(self, part: Any) -> str:
        """Without its signature: clients lose them."""
        return digest(without(part, "thoughtSignature"))

    def as_text(self, part: Any) -> list[Any]:
        """A thought's words; a call with Google's placeholder."""
        plain = _plain(part)
        return [] if plain is None else [plain]

    def with_prompt(self, turn: Any) -> Any:
        """A part of its own, behind what the user said."""
        return {**turn, "parts": [*parts_of(turn), _PROMPT]}

    def prompt(self) -> Any:
        """A content with that part."""
        return {"role": "user", "parts": [_PROMPT]}

    def called(self, part: Any) -> Iterable[Keys]:
        """A call is found by its id; where it or its result has none, by its name."""
        if call := _object(part, "functionCall"):
            name = str(call.get("name"))
            yield (("id", str(call["id"])), ("without id", name)) if call.get("id") else (("name", name),)

    def answered(self, part: Any) -> Keys:
        """A result, likewise."""
        if not (response := _object(part, "functionResponse")):
            return ()
        name = str(response.get("name"))
        own = ("id", str(response["id"])) if response.get("id") else ("without id", name)
        return (own, ("name", name))

    def unanswered(self, part: Any) -> Iterable[Any]:
        """A response that holds an error."""
        if call := _object(part, "functionCall"):
            known = {key: call[key] for key in ("id", "name") if call.get(key)}
            yield {"functionResponse": {**known, "response": {"error": NO_RESULT}}}

    def shown(self, part: Any) -> list[Any]:
        """Its response as text."""
        told = msgspec.json.encode(_object(part, "functionResponse").get("response")).decode()
        return [{"text": f"{STRAY_RESULT}\n{told}"}]

    def slots(self, turns: Sequence[Any]) -> Iterator[PlacedSlot]:
        """Signed parts of the model's, and where a signature is missing."""
        for run in model_runs(turns):
            said = [(at, position, part) for at in run for position, part in enumerate(parts_of(turns[at]))]
            parts = [part for _, _, part in said]
            held = _held(parts)
            if not held:
                continue
            key = key_of_turn(parts)
            for at, position, part in said:
                if id(part) in held and (slot := _slot(part, held[id(part)], key)):
                    yield PlacedSlot(at, position, part, slot)

    def signed(self, part: Any, slot: SignatureSlot, resolution: Resolution) -> list[Any]:
        """A thought stays without its signature; a call gets the placeholder, without which it is refused."""
        match resolution:
            case str():
                if resolution == slot.value:
                    return [part]
                return [with_field(part, "thoughtSignature", resolution)]
            case Fate.KEEP:
                return [part]
            case Fate.UNSIGNED | Fate.DEMOTE if not slot.value:
                return [part]
            case Fate.UNSIGNED if slot.kind in ("thinking", "text"):
                bare = without(part, "thoughtSignature")
                return [bare] if bare.get("text") else []
            case Fate.UNSIGNED | Fate.DEMOTE:
                return self.as_text(part)
        assert_never(resolution)


def _plain(part: Json) -> Json | None:
    """A model's part without thinking and signature; None when nothing is left, itself when it has none."""
    if field(part, "functionCall") is not None:
        if field(part, "thoughtSignature") == PLACEHOLDER:
            return part
        return {**without(part, "thoughtSignature"), "thoughtSignature": PLACEHOLDER}
    if part.get("thought"):
        text = part.get("text")
        return {"text": text} if isinstance(text, str) and text else None
    if field(part, "thoughtSignature") is None:
        return part
    plain = without(part, "thoughtSignature")
    return plain if plain and plain != {"text": ""} else None


def _held(turn: list[Json]) -> dict[int, str]:
    """By the identity of its part: what each slot of a turn holds."""
    calls = [part for part in turn if field(part, "functionCall") is not None]
    held = {id(part): value for part in turn if isinstance(value := field(part, "thoughtSignature"), str)}
    if calls:
        held.setdefault(id(calls[0]), "")
    elif turn and not held and isinstance(turn[-1].get("text"), str) and not turn[-1].get("thought"):
        held[id(turn[-1])] = ""
    return held


def _slot(part: Json, told: str, turn: str) -> SignatureSlot | None:
    """The slot of a part that may hold a signature; None where it is of no use there."""
    form, value = from_client(told)
    call = field(part, "functionCall")
    if call is not None:
        call_id = str(call.get("id") or "") if isinstance(call, dict) else ""
        return SignatureSlot("tool_call", value, call_id, turn)
    if form == "redacted":
        return SignatureSlot("redacted", value, "", turn)
    if part.get("thought"):
        return SignatureSlot("thinking", value, "", turn)
    return SignatureSlot("text", value, "", turn) if isinstance(part.get("text"), str) else None


def _object(part: Json, name: str) -> Json:
    value = field(part, name)
    return value if isinstance(value, dict) else {}


TURNS = GeminiTurns()
