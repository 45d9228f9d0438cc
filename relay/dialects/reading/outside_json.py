"""JSON that stands where an event should: beside any field, as a whole body, or line by line.

PURE.
"""

import json
from typing import Any

from relay.dialects.reading.half_characters import json_text, tolerant_object
from relay.neutral.conversation import Json
from relay.neutral.sse import SseEvent, framed

JSON_BEGINS = (b"{", b"[")
DONE = b"[DONE]"
"""What ends a stream of OpenAI's kind, and is no JSON."""
_ROUND_DONE = b" \t\"'\xef\xbb\xbf"

_HEARTBEATS = frozenset({"ping", "heartbeat", "keepalive", "keep-alive", "keep_alive"})
_SILENT = frozenset({b"", b"null", *(name.encode() for name in _HEARTBEATS)})
_LONGEST_SILENCE = 32
_BETWEEN = " \t\r\n,;"
_MOST_IN_EVENT = 1000
"""Objects: an event is read in one go, and each of them costs as much as an event of its own."""
_ROW = json.JSONDecoder(strict=False)


def begins_json(rest: bytes) -> bool:
    """Does any line of ``rest``, as data or by itself, begin something like an object or a list?

    Comments, names, ids and empty data say nothing of an answer, nor does half a ``[DONE]``.
    """
    texts = (line.removeprefix(b"data:").strip() for line in rest.splitlines())
    return any(text[:1] in JSON_BEGINS and not DONE.startswith(text.upper()) for text in texts)


def is_silence(raw: bytes) -> bool:
    """Are these comments and blank lines? Fields without data, as ``retry``, break SDKs."""
    return all(line[:1] in (b"", b":") for line in raw.strip(b"\r\n").splitlines())


def says_nothing(name: str, data: bytes) -> bool:
    """Is it a gateway's heartbeat: blank data, null, a comment or a word that was framed as data?

    Under a heartbeat's ``name`` anything short that is no object is.
    """
    if data.startswith(b":") or not data.strip():
        return True
    if len(data) > _LONGEST_SILENCE:
        return False
    return data.strip(b" \t\"'").lower() in _SILENT or name.lower() in _HEARTBEATS


def json_outside(raw: bytes) -> SseEvent | None:
    """JSON where an event should stand, as the event that it should have been; None for anything else.

    llama.cpp told its errors in a field of their own name; gateways write theirs without any.
    """
    is_error = raw.startswith(b"error:")
    if not is_error and raw[:1] not in JSON_BEGINS:
        return None
    listed = objects_in(raw.removeprefix(b"error:").strip())
    told = listed[0] if len(listed) == 1 else None
    if told is None:
        return None
    data = json_text({"error": told} if is_error and "error" not in told else told)
    return SseEvent("", data, framed("", data))


def without_done(data: bytes) -> bytes:
    """The data of an event without ``[DONE]`` in its last line, where no blank line stood before that."""
    before, line_break, last = data.rpartition(b"\n")
    return before if line_break and is_done(last) else data


def is_done(data: bytes) -> bool:
    """Is it ``[DONE]``, also in quotes, in small letters, behind a second ``data:``, or line by line?"""
    if data == DONE or len(data) >= 64:
        return data == DONE
    return all(line.removeprefix(b"data:").strip(_ROUND_DONE).upper() == DONE for line in data.split(b"\n"))


def objects_in(body: bytes, *, is_document: bool = False) -> list[Json]:
    """One object, those of a list, or those that stand in a row; none for anything else.

    Nor for more than an event has, unless ``body`` ``is_document``.

    Gateways that frame a line that was framed already write ``data: data: {…}``, others frame a text of JSON.
    """
    if body.startswith(b'"'):
        body = _text_in(body)
    if body.startswith(b"data:"):
        body = b"\n".join(line.removeprefix(b"data:") for line in body.split(b"\n"))
    told = tolerant_object(body)
    if told is not None:
        return [told]
    listed = (tolerant_object(b'{"list":' + body + b"}") or {}).get("list")
    if not isinstance(listed, list):
        most = len(body) if is_document else _MOST_IN_EVENT
        listed = _line_by_line(body, most)
        if None in listed:
            listed = _in_a_row(body.decode("utf-8", "replace"), most)
    if len(listed) > _MOST_IN_EVENT and not is_document:
        return []
    return listed if all(isinstance(one, dict) for one in listed) else []


def _text_in(body: bytes) -> bytes:
    told = (tolerant_object(b'{"text":' + body + b"}") or {}).get("text")
    return told.strip().encode("utf-8", "surrogatepass") if isinstance(told, str) else b""


def _line_by_line(body: bytes, most: int) -> list[Any]:
    """The objects of the lines, up to the first that is none, or one more than ``most``."""
    found: list[Any] = []
    for line in filter(bytes.strip, body.splitlines()):
        found.append(tolerant_object(line))
        if found[-1] is None or len(found) > most:
            break
    return found


def _in_a_row(text: str, most: int) -> list[Any]:
    """Objects without a line end between them, or with a comma or semicolon behind each; as line by line."""
    found: list[Any] = []
    text, at = text.strip(_BETWEEN), 0
    while at < len(text) and len(found) <= most:
        if text[at] in _BETWEEN:
            at += 1
            continue
        try:
            _, end = _ROW.raw_decode(text, at)
        except (ValueError, RecursionError):
            return [None]
        found.append(tolerant_object(text[at:end].encode("utf-8", "surrogatepass")))
        at = end
    return found
