"""The items of a Responses request, as the turns of a neutral conversation. PURE.

What the model says is several items (reasoning, message, function call): those that stand together are
one turn.
"""

from relay.dialects.openai.requests import media
from relay.dialects.openai.requests.turn_reader import TurnReader
from relay.dialects.openai.responses.redacted import REDACTED_PREFIX
from relay.dialects.openai.responses.requests.foreign_items import ForeignItems
from relay.dialects.openai.responses.requests.named_tools import arguments_of, plain_name
from relay.dialects.request_fields import as_text, objects_in, place, text_in
from relay.dialects.translation.foreign_history import unknown_part
from relay.neutral.conversation import Json, Media, Part, Redacted, Text, Thinking, ToolCall, Turn
from relay.neutral.failures import BadRequest, CannotCarry


def read_items(body: Json, dropped: list[str]) -> tuple[tuple[Text, ...], tuple[Turn, ...]]:
    """The system prompt and the turns of ``body``; ``dropped`` gets what has no neutral form."""
    system = [Text(text)] if (text := text_in(body, "instructions")) else []
    given = body.get("input")
    if isinstance(given, str):
        return tuple(system), (Turn("user", (Text(given),)),) if given else ()
    reader = _Reader(dropped)
    is_leading = True
    for item, where in objects_in(body, "input"):
        if item.get("type") == "additional_tools":
            continue  # named_tools reads them
        is_leading = is_leading and item.get("role") in ("system", "developer")
        if is_leading:
            system += [part for part in reader.content(item, where) if isinstance(part, Text)]
        else:
            reader.take(item, where)
    return tuple(system), reader.turns.whole()


class _Reader:
    """Items into turns."""

    def __init__(self, dropped: list[str]) -> None:
        self.turns = TurnReader(dropped)
        self._dropped = dropped
        self._foreign = ForeignItems(self.turns, dropped)

    def take(self, item: Json, where: str) -> None:
        match text_in(item, "type", where) or "message":
            case "message":
                self._message(item, where)
            case "reasoning":
                self.turns.say([_thinking(item, where)])
            case "function_call" | "custom_tool_call":
                self.turns.say([self._call(item, where)])
            case "function_call_output" | "custom_tool_call_output":
                self.turns.result(text_in(item, "call_id", where), self.content(item, where))
            case "item_reference":
                raise CannotCarry(f"{where}: responses are not stored here; send the item itself")
            case kind:
                self._foreign.take(item, str(kind))

    def content(self, item: Json, where: str) -> list[Part]:
        """The content of a message or of a function's output: a string, or parts."""
        key = "output" if str(item.get("type")).endswith("_output") else "content"
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
                self.turns.say(parts)
            case "user":
                self.turns.add(Turn("user", tuple(parts)))
            case "system" | "developer":
                self.turns.add(Turn("system", tuple(parts)))
            case other:
                raise BadRequest(f"{where}.role {other!r} is unknown")

    def _call(self, item: Json, where: str) -> ToolCall:
        call_id = text_in(item, "call_id", where)
        if not call_id:
            raise BadRequest(f"{where}.call_id is missing")
        name = {"name": plain_name(item)} if "name" in item else {}
        return self.turns.call(call_id, {**name, "arguments": arguments_of(item)}, where)

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
                self._dropped.append(f"parts of type {other}")
                return unknown_part(other)

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
