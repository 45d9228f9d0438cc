"""SSE events for Gemini's clients: what their SDKs read, which is less than SSE allows.

PURE. google-genai and its kin take lines that begin with ``data: `` and blank lines, and fail on any
other (comments, ``event:``, ``data:`` without the space). A carriage return alone ends no line for those
that read asynchronously.
"""

import re

from relay.neutral.sse import SseEvent

_LINE_END = re.compile(rb"\r\n|\n|\r")


def frame(data: bytes) -> bytes:
    """One event holding ``data``."""
    if b"\n" not in data and b"\r" not in data:
        return b"data: " + data + b"\r\n\r\n"
    return b"".join(b"data: " + line + b"\r\n" for line in _LINE_END.split(data)) + b"\r\n"


def readable(event: SseEvent, data: bytes) -> bytes:
    """The event's own bytes where a client can read them, else ``data`` (the event's) framed anew."""
    raw = event.raw
    # "data: " and two line ends of one or two bytes: nothing else fits into the difference.
    if raw.startswith(b"data: ") and 8 <= len(raw) - len(data) <= 10 and raw.endswith(b"\n"):
        return raw
    lines = _LINE_END.split(raw)
    if raw.endswith((b"\n\n", b"\r\n\r\n")) and all(not line or line.startswith(b"data: ") for line in lines):
        return raw
    return frame(data)
