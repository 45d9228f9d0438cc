"""Is a body a stream or one JSON document? It is not known before its first byte that says something.

PURE.
"""

from relay.dialects.reading.broken_stream import BrokenStream, garbage
from relay.dialects.reading.half_characters import json_text
from relay.dialects.reading.outside_json import JSON_BEGINS, objects_in
from relay.dialects.reading.too_much import too_wide
from relay.neutral.conversation import Json
from relay.neutral.nesting import is_too_wide
from relay.neutral.sse import EventTooLarge, framed

BLANK = b"\xef\xbb\xbf \t\r\n"
"""What may stand before the first event, or the document, and says nothing."""
_MOST_BLANKS_BYTES = 65_536


class BodyForm:
    """What a body's bytes are, until it is a stream; a document is kept whole."""

    __slots__ = ("_max_bytes", "_unread", "_unread_bytes", "is_document", "is_stream")

    def __init__(self, max_bytes: int) -> None:
        """Nothing read yet; what is no stream may grow to ``max_bytes``."""
        self.is_stream = self.is_document = False
        self._max_bytes = max_bytes
        self._unread: list[bytes] = []  # until it is known what this is; all of it where it is a document
        self._unread_bytes = 0

    def feed(self, data: bytes) -> bytes:
        """The bytes of a stream's beginning; none while it may be a document. Raises EventTooLarge."""
        says_something = bool(data.strip(BLANK))
        if self.is_document or says_something or self._unread_bytes < _MOST_BLANKS_BYTES:
            self._unread.append(data)
            self._unread_bytes += len(data)
        if not self.is_document and says_something:  # blanks alone are not joined: they may come one by one
            whole = b"".join(self._unread)
            self._unread = [whole]
            if whole.lstrip(BLANK)[:1] not in JSON_BEGINS:
                self.is_stream, self._unread = True, []
                return whole
            self.is_document = True
        if self._unread_bytes > self._max_bytes:
            raise EventTooLarge(self._max_bytes)
        return b""

    def objects(self) -> list[Json]:
        """What the document says: one object, or several that make a stream; raises BrokenStream."""
        text = b"".join(self._unread).strip(BLANK)
        if is_too_wide(text):
            raise BrokenStream(too_wide())
        told = objects_in(text, is_document=True)
        if not told:
            raise BrokenStream(garbage("upstream sent what is neither a stream nor a JSON object"))
        return told


def frames(told: list[Json]) -> bytes:
    """Each of the objects as an event."""
    return b"".join(framed("", json_text(one)) for one in told)
