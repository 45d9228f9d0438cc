"""JSON that stands where an event should: beside any field, as a whole body, or line by line.

PURE.
"""

from relay.dialects.reading.half_characters import json_text, tolerant_object
from relay.neutral.conversation import Json
from relay.neutral.sse import SseEvent, framed

JSON_BEGINS = (b"{", b"[")
DONE = b"[DONE]"
"""What ends a stream of OpenAI's kind, and is no JSON."""

_FIELDS = (b"id:", b"retry:")


def begins_json(rest: bytes) -> bool:
    """Does any line of ``rest``, as data or by itself, begin something like an object or a list?

    Comments, names, ids and empty data say nothing of an answer, nor does half a ``[DONE]``.
    """
    texts = (line.removeprefix(b"data:").strip() for line in rest.splitlines())
    return any(text[:1] in JSON_BEGINS and not DONE.startswith(text.upper()) for text in texts)


def is_silence(raw: bytes) -> bool:
    """Are these comments, blank lines, and fields that say nothing without data? Anything else is no SSE."""
    lines = raw.strip(b"\r\n").splitlines()
    return all(line[:1] in (b"", b":") or line.startswith(_FIELDS) for line in lines)


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


def last_event(rest: bytes, left: list[SseEvent]) -> list[SseEvent]:
    """The event, if any, that ``rest`` at a connection's end amounts to; ``left`` is it as it was cut."""
    whole = [
        event
        for event in left
        if event.data and (is_done(event.data) or objects_in(without_done(event.data)))
    ]
    misplaced = None if whole else json_outside(rest)
    return whole if misplaced is None else [misplaced]


def without_done(data: bytes) -> bytes:
    """The data of an event without ``[DONE]`` in its last line, where no blank line stood before that."""
    before, line_break, last = data.rpartition(b"\n")
    return before if line_break and is_done(last) else data


def is_done(data: bytes) -> bool:
    """Is it ``[DONE]``, also in quotes, in small letters, behind a second ``data:``, or line by line?"""
    if data == DONE or len(data) >= 64:
        return data == DONE
    return all(line.removeprefix(b"data:").strip(b" \"'").upper() == DONE for line in data.split(b"\n"))


def objects_in(body: bytes) -> list[Json]:
    """One object, those of a list, or those that stand line by line; none for anything else.

    Gateways that frame a line that was framed already write ``data: data: {…}``.
    """
    if body.startswith(b"data:"):
        body = b"\n".join(line.removeprefix(b"data:") for line in body.split(b"\n"))
    told = tolerant_object(body)
    if told is not None:
        return [told]
    listed = (tolerant_object(b'{"list":' + body + b"}") or {}).get("list")
    if not isinstance(listed, list):
        listed = [tolerant_object(line) for line in body.splitlines() if line.strip()]
    return listed if all(isinstance(one, dict) for one in listed) else []
