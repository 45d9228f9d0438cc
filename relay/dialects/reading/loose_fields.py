"""Events whose lines are not as the standard has them, as the events that they should have been. PURE.

Gateways write ``Data:`` or ``data :``, put blanks before a field's name, break the lines of their JSON behind
one ``data:``, or leave the data of an event out whose name says all.
"""

from collections.abc import Collection

from relay.dialects.reading.half_characters import json_text
from relay.dialects.reading.outside_json import is_done, json_outside, objects_in, without_done
from relay.neutral.sse import SseEvent, framed

_LONGEST_NAME = 16
"""Bytes of a line in which its field's name stands, with blanks around it."""
_MOST_LINES = 10_000
"""Of an event: what has more is no stray one, and each line costs as much as an event's field."""
_WITHOUT_DATA = frozenset({b"", b"id", b"retry"})


def meant(event: SseEvent, bare: Collection[str]) -> SseEvent | None:
    """What an ``event`` without data was meant to be; None where it says nothing.

    ``bare`` are the names that say all that their events do.
    """
    if event.name in bare:
        data = json_text({"type": event.name})
        return SseEvent(event.name, data, framed(event.name, data))
    if event.data is not None:
        return None
    name, data = _loosely(event.raw)
    if name in bare and not data.strip():
        return meant(SseEvent(name, None, b""), bare)
    if not data.strip():
        return json_outside(event.raw)
    return SseEvent(name, data, framed(name, data.replace(b"\n", b" ")))


def loose_data(raw: bytes, told: bytes = b"") -> bytes:
    """The data of an event with the lines that go on behind it; nothing where that is what was ``told``."""
    data = _loosely(raw)[1]
    return b"" if data == told else data


def last_event(rest: bytes, left: list[SseEvent], bare: Collection[str]) -> list[SseEvent]:
    """The event, if any, that ``rest`` at a connection's end amounts to; ``left`` is it as it was cut."""
    whole = [event for event in left if event.data and _is_whole(event.data)]
    if whole:
        return whole
    if left and objects_in(loose_data(rest)):
        return left
    told = meant(SseEvent("", None, rest), bare)
    return [told] if told is not None and told.data and _is_whole(told.data) else []


def _is_whole(data: bytes) -> bool:
    return is_done(data) or bool(objects_in(without_done(data)))


def _loosely(raw: bytes) -> tuple[str, bytes]:
    """The name and the data of an event, however its fields are written; lines without a field go on."""
    name, data = "", list[bytes]()
    if max(raw.count(b"\n"), raw.count(b"\r")) > _MOST_LINES:
        return name, b""
    for line in raw.splitlines():
        field, colon, _ = line[:_LONGEST_NAME].partition(b":")
        known = field.strip().lower()
        value = line[len(field) + 1 :]
        if colon and known == b"data":
            data.append(value.removeprefix(b" "))
        elif colon and known == b"event":
            name = value.strip().decode("utf-8", "replace")
        elif data and line and not (colon and known in _WITHOUT_DATA):
            data.append(line)
    return name, b"\n".join(data)
