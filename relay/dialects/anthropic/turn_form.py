"""The messages of an Anthropic body, as healing and the signature cache see them.

PURE. Only thinking blocks are signed here; a redacted block is its own signature.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, assert_never

from accounts.facts.model_facts import ModelFacts
from relay.dialects.anthropic.requests.fit_thinking import thinking_type
from relay.dialects.anthropic.requests.turn_edits import without_unopened_thinking
from relay.dialects.anthropic.wire_messages import (
    THINKING_TYPES,
    blocks_of,
    digest_of_turn,
    key_of_turn,
    type_of,
)
from relay.dialects.healing.fix_prompt import FIX_PROMPT
from relay.dialects.healing.signature_slots import Fate, Resolution, SignatureSlot
from relay.dialects.healing.turn_form import Keys, PlacedSlot, Speaker, TurnForm
from relay.dialects.translation.foreign_history import NO_RESULT, STRAY_RESULT
from relay.neutral.conversation import Json, digest

_PROMPT = {"type": "text", "text": FIX_PROMPT}


class AnthropicTurns(TurnForm):
    """Messages with blocks; results are blocks of the user's."""

    key = "messages"
    heals_without_thinking = True  # "Expected `thinking`, but found `text`" is about the order of blocks

    def speaker(self, turn: Any) -> Speaker:
        """Claude Code puts system turns behind the user's: they are nobody's."""
        role = turn.get("role") if isinstance(turn, dict) else "system"
        match role:
            case "user":
                return "user"
            case "assistant":
                return "model"
            case "system":
                return "nobody"
        return "tool"

    def name(self, turn: Any) -> str:
        """The same for text as a string and as a block."""
        return digest_of_turn(turn) if isinstance(turn, dict) else digest(turn)

    def parts(self, turn: Any) -> list[Any]:
        """Its blocks."""
        return blocks_of(turn.get("content")) if isinstance(turn, dict) else []

    def with_parts(self, turn: Any, parts: list[Any]) -> list[Any]:
        """The message with these blocks."""
        return [{**turn, "content": parts}] if parts else []

    def is_empty(self, turn: Any) -> bool:
        """A message without blocks."""
        return self.speaker(turn) in ("user", "model") and not self.parts(turn)

    def results(self, parts: list[Any]) -> list[Any]:
        """One message of the user's."""
        return [{"role": "user", "content": parts}]

    def refusable(self, part: Any) -> str:
        """Thinking of either kind."""
        return digest(part) if type_of(part) in THINKING_TYPES else ""

    def as_text(self, part: Any) -> list[Any]:
        """Its words, where it says any that can be read."""
        thought = part.get("thinking")
        return [{"type": "text", "text": thought}] if isinstance(thought, str) and thought.strip() else []

    def with_prompt(self, turn: Any) -> Any:
        """A block of its own, behind what the user said."""
        return {**turn, "content": [*self.parts(turn), _PROMPT]}

    def prompt(self) -> Any:
        """A message with that block."""
        return {"role": "user", "content": [_PROMPT]}

    def called(self, part: Any) -> Iterable[Keys]:
        """A call has an id."""
        if type_of(part) == "tool_use" and isinstance(call_id := part.get("id"), str):
            yield (call_id,)

    def answered(self, part: Any) -> Keys:
        """A result has the id of its call."""
        call_id = part.get("tool_use_id") if type_of(part) == "tool_result" else None
        return (call_id,) if isinstance(call_id, str) else ()

    def unanswered(self, part: Any) -> Iterable[Any]:
        """A result that is an error."""
        for (call_id,) in self.called(part):
            yield {"type": "tool_result", "tool_use_id": call_id, "content": NO_RESULT, "is_error": True}

    def shown(self, part: Any) -> list[Any]:
        """Its content, behind a word of what it is."""
        return [{"type": "text", "text": STRAY_RESULT}, *blocks_of(part.get("content"))]

    def slots(self, turns: Sequence[Any]) -> Iterator[PlacedSlot]:
        """The thinking of the model's messages."""
        for at, turn in enumerate(turns):
            if self.speaker(turn) != "model":
                continue
            key = ""
            for position, block in enumerate(self.parts(turn)):
                if type_of(block) in THINKING_TYPES:
                    key = key or key_of_turn(turn)
                    kind, value = _held(block)
                    yield PlacedSlot(at, position, block, SignatureSlot(kind, value, "", key))

    def signed(self, part: Any, slot: SignatureSlot, resolution: Resolution) -> list[Any]:
        """A block that stays without a signature has an empty one."""
        field = "data" if slot.kind == "redacted" else "signature"
        match resolution:
            case Fate.KEEP:
                return [part]
            case Fate.DEMOTE:
                return self.as_text(part)
            case Fate.UNSIGNED:
                signature = ""
            case str():
                signature = resolution
            case _:
                assert_never(resolution)
        return [part] if part.get(field) == signature else [{**part, field: signature}]

    def settled(self, body: Json, facts: ModelFacts | None) -> tuple[Json, str]:
        """No thinking where a model that takes ``enabled`` thinking would refuse the last turn again."""
        mode = thinking_type(body)
        is_judged = mode == "adaptive" and facts is not None and "enabled" in facts.thinking_modes
        settled = without_unopened_thinking(body) if mode == "enabled" or is_judged else body
        if settled is body:
            return body, ""
        return settled, "thinking left out of this request: its last turn has tool calls and no thinking"


def _held(block: Json) -> tuple[Any, str]:
    """What a block of thinking is, and its signature."""
    is_redacted = block["type"] == "redacted_thinking"
    value = block.get("data" if is_redacted else "signature")
    return "redacted" if is_redacted else "thinking", value if isinstance(value, str) else ""


TURNS = AnthropicTurns()
