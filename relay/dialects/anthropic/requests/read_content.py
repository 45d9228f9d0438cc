"""The content of Anthropic messages as neutral parts.

PURE.
"""

import base64

from relay.dialects.anthropic.server_tools import RESULT, read_result, tool_named
from relay.dialects.names.call_ids import told_id
from relay.dialects.request_fields import (
    as_object,
    as_text,
    flag_in,
    object_in,
    objects_in,
    place,
    text_in,
)
from relay.dialects.translation.foreign_history import (
    UNNAMED_NOTE,
    arguments_in,
    name_in,
    outcome,
    program,
    unknown_part,
)
from relay.dialects.translation.foreign_history import as_text as told_as_text
from relay.neutral.conversation import Json, Media, Part, Redacted, Text, Thinking, ToolCall, ToolResult
from relay.neutral.failures import BadRequest, CannotCarry
from relay.neutral.server_tools import CODE_EXECUTION

# What a block may say besides its content; the rest of its fields are named as dropped.
_FIELDS = frozenset(
    {
        "type", "text", "thinking", "signature", "data", "id", "name", "input", "source", "title", "context",
        "content", "tool_use_id", "is_error", "tool_name",
    }
)  # fmt: skip


class ContentReader:
    """Reads one body's content. ``dropped`` gets what has no neutral form, each once and in order."""

    def __init__(self, dropped: dict[str, None]) -> None:
        """Nothing read yet."""
        self.dropped = dropped
        self._names: dict[str, str] = {}  # of the tools, by call id

    def parts(self, content: object, role: str, where: str) -> tuple[Part, ...]:
        """A message's content; ``role`` decides which blocks may stand there. Raises CannotCarry, too."""
        if isinstance(content, str):
            return (Text(content),) if content else ()
        if not isinstance(content, list):
            raise BadRequest(f"{where} must be a string or an array of blocks")
        parts: list[Part] = []
        for index, item in enumerate(content):
            block, here = as_object(item, place(where, index)), place(where, index)
            for name in sorted(block.keys() - _FIELDS):
                self._drop(name, block[name])
            parts += self._block(block, role, here)
        return tuple(parts)

    def _drop(self, name: str, value: object) -> None:
        if value not in (None, [], {}):
            self.dropped[name] = None

    def _block(self, block: Json, role: str, where: str) -> list[Part]:
        kind = text_in(block, "type", where)
        match role, kind:
            case _, "text":
                text = as_text(block.get("text"), place(where, "text"))
                return [Text(text)] if text else []
            case "assistant", "thinking":
                return [Thinking(text_in(block, "thinking", where), text_in(block, "signature", where))]
            case "assistant", "redacted_thinking":
                return [Redacted(text_in(block, "data", where))]
            case "assistant", "tool_use":
                return [self._call(block, where)]
            case "user", "tool_result":
                return [self._result(block, where)]
            case "user", "image" | "document" | "search_result":
                return list(self._shown(block, kind, where))
            case _, "compaction":
                text = text_in(block, "content", where)
                return [Text(text)] if text else []
            case _:
                return self._foreign(block, kind, role)

    def _foreign(self, block: Json, kind: str, role: str) -> list[Part]:
        """A block that only Anthropic's own API knows: what a program said as text, the rest not at all."""
        if kind == "server_tool_use" and tool_named(text_in(block, "name")) == CODE_EXECUTION:
            told = block.get("input")
            ran = told if isinstance(told, dict) else {}
            text = program("", ran.get("code") or ran.get("command"))
        elif kind.endswith(RESULT) and tool_named(kind) == CODE_EXECUTION:
            text = outcome(read_result(block))
        elif role == "user":
            text = unknown_part(kind).text
        else:
            text = ""
        self.dropped[f"{kind} blocks" + (" (told as text)" if text else "")] = None
        return [Text(text)] if text else []

    def _call(self, block: Json, where: str) -> ToolCall:
        call_id, told = text_in(block, "id", where), text_in(block, "name", where)
        name = told or name_in(block)
        if not call_id or not name:
            raise BadRequest(f"{where} must have id and name")
        if not told:
            self.dropped[UNNAMED_NOTE] = None
        self._names[call_id] = name
        return ToolCall(told_id(call_id), name, self._input(block.get("input"), name))

    def _input(self, told: object, name: str) -> Json:
        """A call's input. What is no object (a gateway's text of one) is carried as one."""
        if told is None or isinstance(told, dict):
            return told or {}
        found, is_object = arguments_in(told_as_text(told))
        if not is_object:
            self.dropped[f"input of {name} that is no object (told as text)"] = None
        return found

    def _result(self, block: Json, where: str) -> ToolResult:
        call_id = text_in(block, "tool_use_id", where)
        if not call_id:
            raise BadRequest(f"{where}.tool_use_id is missing")
        parts: list[Text | Media] = []
        content = block.get("content")
        if isinstance(content, str):
            parts += [Text(content)] if content else []
        else:
            for item, here in objects_in(block, "content", where):
                parts += self._result_part(item, here)
        is_error = bool(flag_in(block, "is_error", where))
        return ToolResult(told_id(call_id), self._names.get(call_id, ""), tuple(parts), is_error)

    def _result_part(self, block: Json, where: str) -> list[Text | Media]:
        match text_in(block, "type", where):
            case "text":
                text = as_text(block.get("text"), place(where, "text"))
                return [Text(text)] if text else []
            case "image" | "document" | "search_result" as kind:
                return self._shown(block, kind, where)
            case "tool_reference":  # of a tool search: the tool itself stands among the tools anyway
                return [Text(text_in(block, "tool_name", where))]
            case kind:
                self.dropped[f"{kind} in a tool's result"] = None
                return []

    def _shown(self, block: Json, kind: str, where: str) -> list[Text | Media]:
        """An image, a document, or a search result."""
        if kind == "search_result":
            head = [text_in(block, "title", where), text_in(block, "source", where)]
            return [Text("\n".join(line for line in head if line)), *self._flat(block, where)]
        source, here = object_in(block, "source", where), place(where, "source")
        title = text_in(block, "title", where)
        context = text_in(block, "context", where)
        before: list[Text | Media] = [Text(context)] if context else []
        media_type = text_in(source, "media_type", here)
        match kind, text_in(source, "type", here):
            case "image", "base64":
                return [Media("image", media_type, data=_data(source, here))]
            case "image", "url":
                return [Media("image", "image/*", url=_url(source, here))]
            case "document", "base64":
                return [*before, Media("document", media_type, data=_data(source, here), title=title)]
            case "document", "url":
                return [*before, Media("document", "application/pdf", url=_url(source, here), title=title)]
            case "document", "text":
                data = base64.b64encode(_data(source, here).encode()).decode()
                return [*before, Media("document", media_type, data=data, title=title)]
            case "document", "content":
                titled: list[Text | Media] = [Text(title)] if title else []
                return [*before, *titled, *self._flat(source, here)]
            case _, "file":
                raise CannotCarry(
                    f"{where}: a file id means nothing to another upstream; send the file itself"
                )
            case _, other:
                raise BadRequest(f"{here}.type {other!r} is not known for {kind}")

    def _flat(self, parent: Json, where: str) -> list[Text | Media]:
        """The texts and images under ``content``."""
        if isinstance(parent.get("content"), str):
            return [Text(parent["content"])]
        return [
            part
            for item, here in objects_in(parent, "content", where)
            for part in self._result_part(item, here)
        ]


def _data(source: Json, where: str) -> str:
    if not text_in(source, "media_type", where):
        raise BadRequest(f"{where}.media_type is missing")
    data = text_in(source, "data", where)
    if not data:
        raise BadRequest(f"{where}.data is missing")
    return data


def _url(source: Json, where: str) -> str:
    url = text_in(source, "url", where)
    if not url.startswith(("http://", "https://")):
        raise BadRequest(f"{where}.url must be an http(s) URL")
    return url
