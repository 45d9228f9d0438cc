"""Chat messages, as the turns of a neutral conversation. PURE."""

from collections.abc import Collection

from relay.dialects.openai.chat.upstream_answer.thoughts import REASONING, first_thought
from relay.dialects.openai.requests import media
from relay.dialects.openai.requests.custom_tools import arguments_with, text_of
from relay.dialects.openai.requests.turn_reader import TurnReader
from relay.dialects.request_fields import as_text, object_in, objects_in, place, text_in
from relay.dialects.translation.foreign_history import name_in, unknown_part
from relay.neutral.conversation import Json, Part, Text, Thinking, ToolCall, Turn
from relay.neutral.failures import BadRequest, CannotCarry

Placed = tuple[Json, str]
"""An object and its path in the body."""


def leading_system(messages: list[Placed]) -> tuple[tuple[Text, ...], int]:
    """The system prompt, and where the conversation begins."""
    texts: list[Text] = []
    for index, (message, where) in enumerate(messages):
        if message.get("role") not in ("system", "developer"):
            return tuple(texts), index
        texts += _texts(message, where)
    return tuple(texts), len(messages)


def read_turns(messages: list[Placed], custom_tools: Collection[str], dropped: list[str]) -> tuple[Turn, ...]:
    """The turns after the system prompt; ``dropped`` gets what has no neutral form.

    ``custom_tools`` are the names of the tools that take free text.
    """
    reader = _Reader(custom_tools, dropped)
    for message, where in messages:
        reader.take(message, where)
    return reader.turns.whole()


class _Reader:
    """Messages into turns."""

    def __init__(self, custom_tools: Collection[str], dropped: list[str]) -> None:
        self.turns = TurnReader(dropped)
        self._custom_tools = custom_tools
        self._dropped = dropped

    def take(self, message: Json, where: str) -> None:
        match message.get("role"):
            case "user":
                self.turns.add(Turn("user", tuple(self._parts(message, where))))
            case "assistant":
                self.turns.add(Turn("assistant", tuple(self._answer(message, where))))
            case "system" | "developer":
                self.turns.add(Turn("system", tuple(_texts(message, where))))
            case "tool":
                self.turns.result(text_in(message, "tool_call_id", where), self._parts(message, where))
            case "function":
                call_id = self.turns.id_of(text_in(message, "name", where) or name_in(message))
                self.turns.result(call_id, self._parts(message, where))
            case other:
                raise BadRequest(f"{where}.role {other!r} is unknown")

    def _answer(self, message: Json, where: str) -> list[Part]:
        """The model's own turn. What it thought comes first: that is how it came."""
        thought = first_thought(message.get(name) for name in REASONING)
        parts: list[Part] = [Thinking(thought)] if thought else []
        parts += self._parts(message, where)
        if refusal := text_in(message, "refusal", where):
            parts.append(Text(refusal))
        parts += [self._call(call, here) for call, here in objects_in(message, "tool_calls", where)]
        if message.get("function_call") is not None:
            function = object_in(message, "function_call", where)
            # The older form has no id: the call gets one after its place, the same on every turn.
            parts.append(self.turns.call(f"call_{where.replace('.', '_')}", function, where))
        return parts

    def _call(self, call: Json, where: str) -> ToolCall:
        kind = call.get("type", "function")
        if kind not in ("function", "custom"):
            raise CannotCarry(f"{where}: a {kind} tool call is known to OpenAI's own models only")
        call_id = text_in(call, "id", where)
        if not call_id:
            raise BadRequest(f"{where}.id is missing")
        function = object_in(call, kind, where)
        if kind == "custom":
            function = {**function, "arguments": arguments_with(function.get("input"))}
        elif text_in(function, "name", where) in self._custom_tools:  # as Cursor gives it back: bare text
            text = text_of(text_in(function, "arguments", where))
            function = {**function, "arguments": arguments_with(text)}
        return self.turns.call(call_id, function, where)

    def _parts(self, message: Json, where: str) -> list[Part]:
        content = message.get("content")
        if isinstance(content, str):
            return [Text(content)] if content else []
        parts = [self._part(part, here) for part, here in objects_in(message, "content", where)]
        return [part for part in parts if part != Text("")]

    def _part(self, part: Json, where: str) -> Part:
        if part.get("prompt_cache_breakpoint") is not None:
            self._dropped.append("prompt_cache_breakpoint")
        match part.get("type"):
            case "text" | "input_text" | "output_text":  # the latter two are Responses'
                return Text(as_text(part.get("text"), place(where, "text")))
            case "refusal":
                return Text(as_text(part.get("refusal"), place(where, "refusal")))
            case "image_url":
                image = part.get("image_url")
                if isinstance(image, dict) and image.get("detail") not in (None, "auto"):
                    self._dropped.append("image detail")
                return media.from_image_part(part, where)
            case "input_audio":
                return media.from_audio_part(part, where)
            case "file":
                return media.from_file(object_in(part, "file", where), place(where, "file"))
            case other:
                self._dropped.append(f"parts of type {other}")
                return unknown_part(other)


def _texts(message: Json, where: str) -> list[Text]:
    """The content of a message that can hold nothing but text."""
    content = message.get("content")
    if isinstance(content, str):
        return [Text(content)] if content else []
    parts = objects_in(message, "content", where)
    return [Text(as_text(part.get("text"), place(here, "text"))) for part, here in parts]
