"""Neutral turns as Anthropic messages.

PURE. The API's constraints are met here: roles alternate, the user speaks first, tool results stand directly
behind their calls, call ids are unique and of letters, digits, ``_`` and ``-``, and no text is empty.
"""

from collections import deque
from typing import assert_never

from relay.dialects.anthropic.call_ids import CallIds
from relay.dialects.anthropic.requests.write_media import media_block
from relay.dialects.translation.foreign_history import made_media
from relay.dialects.translation.notes import BEGIN, OPENING
from relay.neutral.conversation import (
    Conversation,
    Json,
    Media,
    Part,
    Redacted,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from relay.neutral.failures import BadRequest, CannotCarry


def write_messages(conversation: Conversation, changes: list[str]) -> tuple[list[Text], list[Json]]:
    """The system text that stands before the first turn, and the messages; raises CannotCarry, BadRequest."""
    turns = list(conversation.turns)
    system = list(conversation.system)
    while turns and turns[0].role == "system":
        system += _texts(turns.pop(0))
    writer = _Writer(changes)
    for turn in turns:
        writer.add(turn)
    return system, writer.finish(has_system=any(text.text.strip() for text in system))


def _texts(turn: Turn) -> list[Text]:
    texts = [part for part in turn.parts if isinstance(part, Text)]
    if len(texts) < len(turn.parts):
        raise CannotCarry("a system turn can hold text only")
    return texts


class _Writer:
    """Builds the messages turn by turn."""

    def __init__(self, changes: list[str]) -> None:
        self._changes = changes
        self._messages: list[Json] = []
        self._results: list[Json] = []  # of the last message, which they begin
        self._ids = CallIds()
        # Without a result yet: what they call, and their ids on the wire, by the ids that they were given.
        self._open_calls: dict[str, deque[tuple[str, str]]] = {}

    def add(self, turn: Turn) -> None:
        """Add one turn."""
        match turn.role:
            case "assistant":
                if self._messages and self._messages[-1]["role"] != "assistant":
                    self._check_all_answered()
                self._say("assistant", [block for part in turn.parts for block in self._spoken(part)])
            case "user":
                results = [self._result(part) for part in turn.parts if isinstance(part, ToolResult)]
                rest = [part for part in turn.parts if not isinstance(part, ToolResult)]
                self._say("user", [*results, *(block for part in rest for block in _shown(part))])
            case "system":
                blocks = [_text(part.text) for part in _texts(turn) if part.text.strip()]
                if self._open_calls:  # the results have to come first
                    self._changes.append("a system turn between a tool call and its result became a note")
                    noted = [_text(f"<system-note>\n{block['text']}\n</system-note>") for block in blocks]
                    self._say("user", noted)
                else:
                    self._say("system", blocks)
            case _:
                assert_never(turn.role)

    def finish(self, has_system: bool) -> list[Json]:
        """The messages; raises CannotCarry when a call has no result, BadRequest when nothing is said."""
        self._check_all_answered()
        self._put_results()
        if not self._messages and not has_system:
            raise BadRequest("the conversation has no turn that says anything")
        if not self._messages or self._messages[0]["role"] != "user":
            self._changes.append("a first user turn was added: the API lets the user begin")
            opening = OPENING if self._messages else BEGIN
            self._messages.insert(0, {"role": "user", "content": [_text(opening)]})
        last = self._messages[-1]
        if last["role"] == "assistant" and last["content"][-1]["type"] == "text":
            last["content"][-1] = _text(last["content"][-1]["text"].rstrip())  # white space there is refused
        return self._messages

    def _say(self, role: str, blocks: list[Json]) -> None:
        """Add ``blocks`` to the last message if it is of that role; tool results go before all else."""
        if not blocks:
            return
        if not self._messages or self._messages[-1]["role"] != role:
            self._put_results()
            self._messages.append({"role": role, "content": []})
        for block in blocks:
            where = self._results if block["type"] == "tool_result" else self._messages[-1]["content"]
            where.append(block)

    def _put_results(self) -> None:
        """The last message is whole."""
        if self._results:
            self._messages[-1]["content"][:0] = self._results
            self._results = []

    def _spoken(self, part: Part) -> list[Json]:
        """A part of the model's turn."""
        match part:
            case Text():
                return [_text(part.text)] if part.text.strip() else []
            case Thinking():
                if not part.text and not part.signature:
                    return []
                return [{"type": "thinking", "thinking": part.text, "signature": part.signature}]
            case Redacted():
                return [{"type": "redacted_thinking", "data": part.data}]
            case ToolCall():
                call_id = self._ids.call(part.id, part.name)
                self._open_calls.setdefault(part.id, deque()).append((part.name, call_id))
                return [{"type": "tool_use", "id": call_id, "name": part.name, "input": part.arguments}]
            case Media():
                self._changes.append(f"{part.media_type} in a turn of the model's became a note")
                return [_text(made_media(part))]
            case ToolResult():
                raise CannotCarry("a tool result in a turn of the model's")
            case _:
                assert_never(part)

    def _result(self, result: ToolResult) -> Json:
        calls = self._open_calls.get(result.call_id)
        if not calls:
            raise CannotCarry(f"a result for the tool call {result.call_id!r}, which nobody made")
        _, call_id = calls.popleft()
        if not calls:
            del self._open_calls[result.call_id]
        return _result_block(result, call_id)

    def _check_all_answered(self) -> None:
        if self._open_calls:
            name, _ = next(iter(self._open_calls.values()))[0]
            raise CannotCarry(f"the call of the tool {name} has no result in the turn behind it")


def _result_block(result: ToolResult, call_id: str) -> Json:
    content = [block for part in result.parts for block in _shown(part)]
    block: Json = {"type": "tool_result", "tool_use_id": call_id}
    if content:
        block["content"] = content
    if result.is_error:
        block["is_error"] = True
    return block


def _shown(part: Part) -> list[Json]:
    """A part that the user shows: text or media."""
    match part:
        case Text():
            return [_text(part.text)] if part.text.strip() else []
        case Media():
            return [media_block(part)]
        case _:
            raise CannotCarry(f"{type(part).__name__} in a user turn")


def _text(text: str) -> Json:
    return {"type": "text", "text": text}
