"""The items of a Responses request, as the turns of a neutral conversation. PURE.

What the model says is several items (reasoning, message, function call): those that stand together are
one turn.
"""

from relay.conversation import (
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
from relay.dialects.openai import media
from relay.dialects.openai.responses.redacted import REDACTED_PREFIX
from relay.dialects.openai.tools import call_of
from relay.dialects.request_fields import as_text, objects_in, place, text_in
from relay.failures import BadRequest, CannotCarry

# OpenAI's own searches: what they found stands in the answer's text as well.
_LEFT_OUT = frozenset({"web_search_call", "file_search_call"})


def read_items(body: Json, dropped: list[str]) -> tuple[tuple[Text, ...], tuple[Turn, ...]]:
    """The system prompt and the turns of ``body``; ``dropped`` gets what has no neutral form."""
    system = [Text(text)] if (text := text_in(body, "instructions")) else []
    given = body.get("input")
    if isinstance(given, str):
        return tuple(system), (Turn("user", (Text(given),)),) if given else ()
    reader = _Items(dropped)
    is_leading = True
    for item, where in objects_in(body, "input"):
        is_leading = is_leading and item.get("role") in ("system", "developer")
        if is_leading:
            system += [part for part in reader.content(item, where) if isinstance(part, Text)]
        else:
            reader.take(item, where)
    return tuple(system), tuple(Turn(turn.role, turn.parts) for turn in reader.turns if turn.parts)


class _Items:
    """Items into turns, one after the other: results are matched to the calls before them."""

    def __init__(self, dropped: list[str]) -> None:
        self.turns: list[Turn] = []
        self._dropped = dropped
        self._names: dict[str, str] = {}  # of the calls so far, by id

    def take(self, item: Json, where: str) -> None:
        match item.get("type", "message"):
            case "message":
                self._message(item, where)
            case "reasoning":
                self._say(_thinking(item, where))
            case "function_call":
                self._say(self._call(item, where))
            case "function_call_output":
                self._result(item, where)
            case kind if kind in _LEFT_OUT:
                self._dropped.append(f"{kind} items")
            case "item_reference":
                raise CannotCarry(f"{where}: responses are not stored here; send the item itself")
            case kind:
                raise CannotCarry(f"{where}: a {kind} item is known to OpenAI's own models only")

    def content(self, item: Json, where: str) -> list[Part]:
        """The content of a message or of a function's output: a string, or parts."""
        key = "output" if item.get("type") == "function_call_output" else "content"
        content = item.get(key)
        if isinstance(content, str):
            return [Text(content)] if content else []
        parts = [self._part(part, here) for part, here in objects_in(item, key, where)]
        return [part for part in parts if part != Text("")]

    def _message(self, item: Json, where: str) -> None:
        parts = self.content(item, where)
        match item.get("role"):
            case "assistant":
                if item.get("phase") is not None:
                    self._dropped.append("phase")
                self._say(*parts)
            case "user":
                self.turns.append(Turn("user", tuple(parts)))
            case "system" | "developer":
                self.turns.append(Turn("system", tuple(parts)))
            case other:
                raise BadRequest(f"{where}.role {other!r} is unknown")

    def _say(self, *parts: Part) -> None:
        """More of the model's turn."""
        last = self.turns[-1] if self.turns else None
        if last is not None and last.role == "assistant":
            self.turns[-1] = Turn("assistant", (*last.parts, *parts))
        else:
            self.turns.append(Turn("assistant", parts))

    def _call(self, item: Json, where: str) -> ToolCall:
        call_id = text_in(item, "call_id", where)
        if not call_id:
            raise BadRequest(f"{where}.call_id is missing")
        call = call_of(call_id, text_in(item, "name", where), text_in(item, "arguments", where), where)
        self._names[call_id] = call.name
        return call

    def _result(self, item: Json, where: str) -> None:
        call_id = text_in(item, "call_id", where)
        name = self._names.get(call_id)
        if name is None:
            raise BadRequest(f"{where} answers no function call before it (call_id {call_id!r})")
        parts = [part for part in self.content(item, where) if isinstance(part, Text | Media)]
        result = ToolResult(call_id, name, tuple(parts))
        last = self.turns[-1] if self.turns else None
        if last is not None and last.parts and all(isinstance(part, ToolResult) for part in last.parts):
            self.turns[-1] = Turn("user", (*last.parts, result))
        else:
            self.turns.append(Turn("user", (result,)))

    def _part(self, part: Json, where: str) -> Part:
        match part.get("type"):
            case "input_text" | "output_text" | "text":
                return Text(as_text(part.get("text"), place(where, "text")))
            case "refusal":
                return Text(as_text(part.get("refusal"), place(where, "refusal")))
            case "input_image":
                return self._image(part, where)
            case "input_file":
                return media.from_file(part, where)
            case "input_audio":
                return media.from_audio_part(part, where)
            case other:
                raise CannotCarry(f"{where}: a part of type {other!r} cannot be carried to another dialect")

    def _image(self, part: Json, where: str) -> Media:
        if text_in(part, "file_id", where):
            raise CannotCarry(f"{where}: a file id means nothing to another upstream; send the image itself")
        if part.get("detail") not in (None, "auto"):
            self._dropped.append("image detail")
        url = text_in(part, "image_url", where)
        if not url:
            raise BadRequest(f"{where}.image_url is missing")
        return media.from_url(url, place(where, "image_url"), "image/*")


def _thinking(item: Json, where: str) -> Part:
    encrypted = text_in(item, "encrypted_content", where)
    if encrypted.startswith(REDACTED_PREFIX):
        return Redacted(encrypted.removeprefix(REDACTED_PREFIX))
    parts = [*objects_in(item, "summary", where), *objects_in(item, "content", where)]
    texts = [text for part, here in parts if (text := text_in(part, "text", here))]
    return Thinking("\n\n".join(texts), encrypted)
