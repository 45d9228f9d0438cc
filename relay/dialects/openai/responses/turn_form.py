"""The items of a Responses body, as healing and the signature cache see them. PURE."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any, assert_never

from relay.dialects.healing.fix_prompt import FIX_PROMPT
from relay.dialects.healing.signature_slots import Fate, Resolution, SignatureSlot
from relay.dialects.healing.turn_form import PlacedSlot, Speaker, TurnForm
from relay.dialects.json_object import json_object
from relay.dialects.openai.responses.requests.named_tools import arguments_of, plain_name
from relay.neutral.conversation import Json, digest, turn_key

_PROMPT_PART = {"type": "input_text", "text": FIX_PROMPT}


class ResponsesTurns(TurnForm):
    """Each item is a turn and its one part. Results may stand anywhere behind their calls."""

    key = "input"
    stands_alone = True

    def turns(self, body: Json) -> Sequence[Any]:
        """The input, item by item: a string is one message of the user's."""
        return items_of(body)

    def speaker(self, turn: Any) -> Speaker:
        """What neither has a role nor answers a call is the model's own."""
        if not isinstance(turn, dict):
            return "nobody"
        match turn.get("role"):
            case None:
                return "tool" if str(turn.get("type", "")).endswith("_output") else "model"
            case "user":
                return "user"
            case "assistant":
                return "model"
            case "system" | "developer":
                return "nobody"
        return "tool"

    def refusable(self, part: Any) -> str:
        """A reasoning item."""
        return digest(part) if part.get("type") == "reasoning" else ""

    def as_text(self, part: Any) -> list[Any]:
        """Its words as a message of the model's, where it says any that can be read."""
        text = "\n\n".join(
            piece["text"]
            for key in ("summary", "content")
            for piece in _objects(part.get(key))
            if isinstance(piece.get("text"), str) and piece["text"]
        )
        if not text:
            return []
        content = [{"type": "output_text", "text": text, "annotations": []}]
        return [{"type": "message", "role": "assistant", "content": content}]

    def with_prompt(self, turn: Any) -> Any:
        """A part of its content."""
        content = turn.get("content")
        if not isinstance(content, list):
            content = [{"type": "input_text", "text": content}] if content else []
        return {**turn, "content": [*content, _PROMPT_PART]}

    def prompt(self) -> Any:
        """A message with that part."""
        return {"type": "message", "role": "user", "content": [_PROMPT_PART]}

    def slots(self, turns: Sequence[Any]) -> Iterator[PlacedSlot]:
        """The ``encrypted_content`` of reasoning items, each known by the turn that it stands in."""
        key = ""
        begin = 0
        for at, item in enumerate(turns):
            if self.speaker(item) != "model":
                key, begin = "", at + 1
            elif item.get("type") == "reasoning":
                key = key or _key_of(takewhile(lambda one: self.speaker(one) == "model", _from(turns, begin)))
                yield PlacedSlot(at, 0, item, SignatureSlot("thinking", _signature(item), "", key))

    def signed(self, part: Any, slot: SignatureSlot, resolution: Resolution) -> list[Any]:
        """The item with, or without, its ``encrypted_content``."""
        match resolution:
            case str():
                return [part] if resolution == slot.value else [{**part, "encrypted_content": resolution}]
            case Fate.KEEP:
                return [part]
            case Fate.UNSIGNED:
                return [{key: value for key, value in part.items() if key != "encrypted_content"}]
            case Fate.DEMOTE:
                return self.as_text(part)
            case _:
                assert_never(resolution)


def items_of(body: Json) -> list[Any]:
    """The input, item by item: a string is one message of the user's."""
    given = body.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": given}]}]
    return given if isinstance(given, list) else []


def _signature(item: Json) -> str:
    encrypted = item.get("encrypted_content")
    return encrypted if isinstance(encrypted, str) else ""


def _from(items: Sequence[Any], begin: int) -> Iterator[Any]:
    return (items[at] for at in range(begin, len(items)))


def _objects(value: object) -> Iterable[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else ()


def _key_of(items: Iterable[Json]) -> str:
    """The key of the assistant turn that these items are."""
    texts: list[str] = []
    calls: list[tuple[str, dict[str, Any]]] = []
    for item in items:
        if item.get("type") in ("function_call", "custom_tool_call"):
            calls.append((plain_name(item), json_object(arguments_of(item)) or {}))
        elif isinstance(item.get("content"), str):
            texts.append(item["content"])
        elif item.get("role") == "assistant":
            texts += [
                part["text"]
                for part in _objects(item.get("content"))
                if part.get("type") == "output_text" and isinstance(part.get("text"), str)
            ]
    return turn_key("".join(texts), calls)


TURNS = ResponsesTurns()
