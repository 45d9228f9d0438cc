"""The messages of a chat completions body, as healing sees them. PURE.

OpenAI's own chat completions take no reasoning back. Compatible servers in front of other vendors'
models do (``reasoning_content``, ``reasoning``, ``reasoning_details``; Google's ``extra_content``), and
pass their refusals on. There is no place for a signature that this server would know.
"""

from collections.abc import Iterable
from typing import Any

from relay.dialects.healing.fix_prompt import FIX_PROMPT
from relay.dialects.healing.signature_slots import PLACEHOLDER
from relay.dialects.healing.turn_form import Keys, Speaker, TurnForm
from relay.dialects.openai.chat.upstream_answer.thoughts import REASONING, first_thought
from relay.dialects.translation.foreign_history import NO_RESULT, STRAY_RESULT, as_text
from relay.neutral.conversation import Json, digest

_PROMPT_PART = {"type": "text", "text": FIX_PROMPT}


class ChatTurns(TurnForm):
    """Each message is a turn and its one part; results are messages of their own."""

    key = "messages"
    stands_alone = True

    def speaker(self, turn: Any) -> Speaker:
        """By its role."""
        match turn.get("role") if isinstance(turn, dict) else "system":
            case "user":
                return "user"
            case "assistant":
                return "model"
            case "system" | "developer":
                return "nobody"
        return "tool"

    def is_empty(self, turn: Any) -> bool:
        """A message of the model's that says nothing."""
        return self.speaker(turn) == "model" and not any(
            turn.get(key) for key in ("content", "tool_calls", "function_call", "refusal", "audio")
        )

    def refusable(self, part: Any) -> str:
        """Its reasoning, and its calls' signatures."""
        refused = {key: part[key] for key in REASONING if part.get(key)}
        signed = [[call.get("id"), _signature(call)] for call in _calls(part) if _signature(call)]
        if signed:
            refused["signed_calls"] = signed
        return digest(refused) if refused else ""

    def as_text(self, part: Any) -> list[Any]:
        """The message with its reasoning before its words, as one of them."""
        thought = first_thought(part.get(key) for key in REASONING)
        plain = {key: value for key, value in part.items() if key not in REASONING}
        if thought:
            content = plain.get("content")
            if isinstance(content, list):
                plain["content"] = [{"type": "text", "text": thought}, *content]
            else:
                plain["content"] = f"{thought}\n\n{content}" if content else thought
        if calls := _calls(plain):
            plain["tool_calls"] = [_without_signature(call) for call in calls]
        return [plain]

    def with_prompt(self, turn: Any) -> Any:
        """A part of its content."""
        content = turn.get("content")
        if not isinstance(content, list):
            content = [{"type": "text", "text": content}] if content else []
        return {**turn, "content": [*content, _PROMPT_PART]}

    def prompt(self) -> Any:
        """A message with that part."""
        return {"role": "user", "content": [_PROMPT_PART]}

    def called(self, part: Any) -> Iterable[Keys]:
        """Each call has an id."""
        return [(call["id"],) for call in _calls(part) if isinstance(call.get("id"), str)]

    def answered(self, part: Any) -> Keys:
        """A result has the id of its call."""
        call_id = part.get("tool_call_id") if self.speaker(part) == "tool" else None
        return (call_id,) if isinstance(call_id, str) else ()

    def unanswered(self, part: Any) -> Iterable[Any]:
        """A message of the tool's."""
        return [
            {"role": "tool", "tool_call_id": call_id, "content": NO_RESULT}
            for (call_id,) in self.called(part)
        ]

    def shown(self, part: Any) -> list[Any]:
        """A message of the user's."""
        content = part.get("content")
        told = content if isinstance(content, list) else [{"type": "text", "text": as_text(content)}]
        return [{"role": "user", "content": [{"type": "text", "text": STRAY_RESULT}, *told]}]


def _calls(message: Json) -> list[Json]:
    told = message.get("tool_calls")
    return [call for call in told if isinstance(call, dict)] if isinstance(told, list) else []


def _signature(call: Json) -> str:
    match call:
        case {"extra_content": {"google": {"thought_signature": str(signature)}}}:
            return signature
        case _:
            return ""


def _without_signature(call: Json) -> Json:
    if not _signature(call):
        return call
    extra = call["extra_content"]
    google = {**extra["google"], "thought_signature": PLACEHOLDER}
    return {**call, "extra_content": {**extra, "google": google}}


TURNS = ChatTurns()
