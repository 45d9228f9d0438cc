"""Gemini's parts to the neutral conversation's. PURE."""

from collections import deque

from relay.dialects.gemini.carried_signatures import from_client, standard_base64
from relay.dialects.gemini.fields import json_text
from relay.dialects.gemini.requests.media_types import media_type_of
from relay.dialects.request_fields import object_in, objects_in, place, text_in
from relay.dialects.translation.foreign_history import UNNAMED_NOTE, name_in, outcome, program
from relay.neutral.conversation import (
    Json,
    Media,
    Part,
    Redacted,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    media_kind,
)
from relay.neutral.failures import BadRequest, CannotCarry
from relay.neutral.server_tools import ServerResult

# Beside a payload, these only say more about it.
_NO_PAYLOAD = frozenset(
    {"thought", "thoughtSignature", "text", "videoMetadata", "mediaResolution", "partMetadata"}
)
_GOOGLES_OWN = ("gs://", "https://generativelanguage.googleapis.com/")


class Calls:
    """The tool calls of a conversation: an id for each, and which of them a result answers.

    Ids that the client did not give are made of the call's place in the history, so that the same history
    makes the same ids again.
    """

    def __init__(self) -> None:
        """No call yet."""
        self._ids: set[str] = set()
        self._last_number: dict[str, int] = {}  # that was tried, by the id that was given
        self._answered: set[str] = set()
        self._by_id: dict[str, deque[str]] = {}
        self._by_name: dict[str, deque[str]] = {}

    def add(self, own_id: str, name: str) -> str:
        """The id of a new call."""
        made = own_id
        if not made or made in self._ids:
            number = max(len(self._ids), self._last_number.get(own_id, 0))
            while not made or made in self._ids:
                number += 1
                made = f"{own_id}_{number}" if own_id else f"call_{number}"
            self._last_number[own_id] = number
        self._ids.add(made)
        if own_id:
            self._by_id.setdefault(own_id, deque()).append(made)
        self._by_name.setdefault(name, deque()).append(made)
        return made

    def answered_by(self, own_id: str, name: str) -> str:
        """The id of the call that a result is for: by its id, else the first open one of that name."""
        for calls in (self._by_id.get(own_id), self._by_name.get(name)):
            while calls:
                call = calls.popleft()
                if call not in self._answered:
                    self._answered.add(call)
                    return call
        return ""


def read_part(part: Json, where: str, calls: Calls, dropped: list[str]) -> Part | None:
    """One part (camelCase); None for an empty one. Raises BadRequest and CannotCarry."""
    kind, signature = from_client(text_in(part, "thoughtSignature", where))
    if part.get("functionCall") is not None:
        call = object_in(part, "functionCall", where)
        return _call(call, place(where, "functionCall"), signature, calls, dropped)
    if part.get("functionResponse") is not None:
        return _result(object_in(part, "functionResponse", where), place(where, "functionResponse"), calls)
    if part.get("inlineData") is not None or part.get("fileData") is not None:
        if part.get("thought"):
            return None  # a sketch on the way to an image
        if part.get("videoMetadata"):
            dropped.append("videoMetadata")
        return _media(part, where)
    unknown = [key for key, value in part.items() if key not in _NO_PAYLOAD and value is not None]
    if unknown:
        return _foreign(part, unknown[0], where, dropped)
    text = text_in(part, "text", where)
    if kind == "redacted":
        return Redacted(signature)
    if not text and not signature:
        return None
    return Thinking(text, signature) if part.get("thought") else Text(text, signature)


def joined_deltas(parts: list[Part]) -> tuple[Part, ...]:
    """A model turn that came back in the pieces it was streamed in; a signature ends a piece."""
    joined: list[Part] = []
    pieces: list[Text | Thinking] = []
    for part in parts:
        if pieces and (type(part) is not type(pieces[-1]) or pieces[-1].signature):
            joined.append(_joined(pieces))
            pieces = []
        if isinstance(part, Text | Thinking):
            pieces.append(part)
        else:
            joined.append(part)
    if pieces:
        joined.append(_joined(pieces))
    return tuple(joined)


def _joined(pieces: list[Text | Thinking]) -> Text | Thinking:
    """Pieces of one kind as one, signed as the last of them."""
    return type(pieces[0])("".join(piece.text for piece in pieces), pieces[-1].signature)


def _foreign(part: Json, key: str, where: str, dropped: list[str]) -> Text | None:
    """A part that only Gemini knows: a program and what it said as text, the rest not at all."""
    text = ""
    if key == "executableCode":
        code = object_in(part, key, where)
        text = program(text_in(code, "language", place(where, key)).lower(), code.get("code"))
    elif key == "codeExecutionResult":
        text = outcome(ServerResult(output=text_in(object_in(part, key, where), "output", place(where, key))))
    dropped.append(f"{key} parts" + (" (told as text)" if text else ""))
    return Text(text) if text else None


def _call(call: Json, where: str, signature: str, calls: Calls, dropped: list[str]) -> ToolCall:
    told = text_in(call, "name", where)
    name = told or name_in(call)
    if not name:
        raise BadRequest(f"{where}.name is missing")
    if not told:
        dropped.append(UNNAMED_NOTE)
    made = calls.add(text_in(call, "id", where), name)
    return ToolCall(made, name, object_in(call, "args", where), signature)


def _result(result: Json, where: str, calls: Calls) -> ToolResult:
    name = text_in(result, "name", where) or name_in(result)
    call_id = calls.answered_by(text_in(result, "id", where), name)
    response = object_in(result, "response", where)
    is_error = response.get("error") is not None and "output" not in response
    parts: list[Text | Media] = [Text(_response_text(response))]
    parts += [_media(part, here) for part, here in objects_in(result, "parts", where)]
    return ToolResult(call_id, name, tuple(parts), is_error)


def _response_text(response: Json) -> str:
    """``output`` and ``error`` are Google's names for the whole result, ``result`` is the SDK's."""
    if len(response) == 1:
        key, value = next(iter(response.items()))
        if key in ("output", "result", "error"):
            return value if isinstance(value, str) else json_text(value)
    return json_text(response)


def _media(part: Json, where: str) -> Media:
    if part.get("fileData") is not None:
        file, here = object_in(part, "fileData", where), place(where, "fileData")
        url = text_in(file, "fileUri", here)
        if not url.startswith(("http://", "https://")) or url.startswith(_GOOGLES_OWN):
            raise CannotCarry(f"{here}.fileUri: only Google can read it; send the file itself")
        media_type = text_in(file, "mimeType", here) or media_type_of(url)
        return Media(media_kind(media_type), media_type, url=url, title=text_in(file, "displayName", here))
    blob, here = object_in(part, "inlineData", where), place(where, "inlineData")
    media_type = text_in(blob, "mimeType", here)
    if not media_type:
        raise BadRequest(f"{here}.mimeType is missing")
    data = standard_base64(text_in(blob, "data", here))
    return Media(media_kind(media_type), media_type, data=data, title=text_in(blob, "displayName", here))
