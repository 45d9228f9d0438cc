"""Bytes to server-sent events and back, incremental and bounded in size.

PURE. Lines end in ``\\n``, ``\\r\\n`` or ``\\r`` and nothing else (WHATWG HTML, section 9.2.6); U+2028 and
its kin belong to the data. All cutting is done on bytes, so a UTF-8 character is never torn.
"""

import re

import msgspec

MAX_EVENT_BYTES = 64 * 1024 * 1024
"""A generated picture is 20 to 40 MB in one line of base64."""
_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")
# Behind a line feed, a carriage return at the end of what was read may still become "\r\n": wait for it.
_EVENT_END = re.compile(rb"(?:\r\n|\n)(?:\r\n|\n|\r(?!\n|\Z))|\r(?:\r\n|\r)")
_LONGEST_EVENT_END = 4


class EventTooLarge(Exception):
    """An event grew beyond the limit without ending; ``max_bytes`` is the limit."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"one event is larger than {max_bytes} bytes")
        self.max_bytes = max_bytes


class SseEvent(msgspec.Struct, frozen=True, gc=False):
    """One event: its name ("" when none was given), its data, and the bytes that it came in.

    What has no data line (comments, blank lines) has ``data is None``. The ``raw`` of all events in a
    row is the stream's bytes, unchanged.
    """

    name: str
    data: bytes | None
    raw: bytes


class Lines(msgspec.Struct, frozen=True, gc=False):
    """Events that are one line of data each: these data, and the line ends that stood behind each."""

    data: list[bytes]
    separator: bytes

    def raw(self, begin: int, end: int) -> bytes:
        """The bytes that the events from ``begin`` up to ``end`` came in."""
        return b"".join([b"data: %b%b" % (data, self.separator) for data in self.data[begin:end]])

    def event(self, number: int) -> SseEvent:
        """One of them."""
        data = self.data[number]
        return SseEvent("", data, b"data: " + data + self.separator)

    def events(self) -> list[SseEvent]:
        """All of them."""
        return [self.event(number) for number in range(len(self.data))]


class SseParser:
    """Cuts a stream of bytes into whole events."""

    __slots__ = ("_at_start", "_max_bytes", "_pending", "_pending_bytes")

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        """Nothing read yet; an event may grow to ``max_event_bytes``."""
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._max_bytes = max_event_bytes
        self._at_start = True

    def feed(self, data: bytes) -> list[SseEvent]:
        """The events that ``data`` completes; raises EventTooLarge."""
        if self._pending:
            # Only the seam is searched again: a large event in small reads stays linear.
            seam = b"".join(self._pending[-_LONGEST_EVENT_END:])[1 - _LONGEST_EVENT_END :]
            if not _ends_an_event(seam + data):
                return self._keep(data)
            data = b"".join([*self._pending, data])
        elif not _ends_an_event(data):
            return self._keep(data)
        self._pending.clear()
        self._pending_bytes = 0
        pieces, separator = _cut(data)
        rest = pieces.pop()
        events: list[SseEvent] = []
        blank: list[bytes] = []
        for piece in pieces:
            if not piece or not (self._at_start or piece.strip(b"\r\n")):
                blank.append(piece)
                continue
            if blank:  # a flood of blank lines is one event
                events.append(_nothing(blank, separator))
                blank.clear()
            # The usual event is one line of data, and whole without a look at anything else.
            is_line = separator and b"\n" not in piece and not self._at_start
            if is_line and piece.startswith(b"data: "):
                events.append(SseEvent("", piece[6:], piece + separator))
            elif is_line and piece[:1] == b":":
                events.append(SseEvent("", None, piece + separator))
            else:
                events.append(self._event(piece + separator))
        if blank:
            events.append(_nothing(blank, separator))
        if len(data) > self._max_bytes:
            self._check(events)
        if rest:
            self._keep(rest)
        return events

    def lines(self, data: bytes) -> Lines | None:
        """The events that ``data`` completes, where each is one line of data and nothing else.

        Where anything else stands in it nothing is read: ``feed`` does that.
        """
        if self._pending:
            seam = b"".join(self._pending[-_LONGEST_EVENT_END:])[1 - _LONGEST_EVENT_END :]
            if not _ends_an_event(seam + data):
                return None
            data = b"".join([*self._pending, data])
        if not data.startswith(b"data: ") or len(data) > self._max_bytes:
            return None
        separator = b"\r\n\r\n" if b"\r" in data else b"\n\n"
        end = data.rfind(separator)
        if end < 0:
            return None
        found = data[6:end].split(separator + b"data: ")
        rest = end + len(separator)
        # Every line end is one of those between events; to join is quicker than to count.
        lines = b"".join(found)
        if b"\n" in lines or b"\r" in lines:
            return None
        if rest < len(data) and _ends_an_event(data[rest:]):
            return None  # other line ends stand behind
        self._at_start = False
        self._pending = [data[rest:]] if rest < len(data) else []
        self._pending_bytes = len(data) - rest
        return Lines(found, separator)

    @property
    def unread(self) -> bytes:
        """What arrived since the last whole event."""
        return b"".join(self._pending)

    @property
    def is_amid(self) -> bool:
        """Has another event begun?"""
        # Nothing is joined: it is asked at each read, however small, of however large an event.
        return self._pending_bytes > _LONGEST_EVENT_END or any(
            piece.strip(b"\r\n") for piece in self._pending
        )

    def finish(self) -> list[SseEvent]:
        """What is left at the stream's end, if it holds data: some servers leave out the last blank line."""
        rest = b"".join(self._pending)
        self._pending.clear()
        self._pending_bytes = 0
        event = self._event(rest)
        return [event] if event.data is not None else []

    def _keep(self, data: bytes) -> list[SseEvent]:
        self._pending.append(data)
        self._pending_bytes += len(data)
        if self._pending_bytes > self._max_bytes:
            raise EventTooLarge(self._max_bytes)
        return []

    def _check(self, events: list[SseEvent]) -> None:
        if any(len(event.raw) > self._max_bytes and event.raw.strip(b"\r\n") for event in events):
            raise EventTooLarge(self._max_bytes)

    def _event(self, raw: bytes) -> SseEvent:
        if self._at_start:
            self._at_start = False
            raw = raw.removeprefix(_BOM)  # the vendors' SDKs take it for a part of the first field's name
        name, data = _fields(raw)
        return SseEvent(name, data, raw)


def _nothing(blank: list[bytes], separator: bytes) -> SseEvent:
    return SseEvent("", None, separator.join([*blank, b""]))


def framed(name: str, data: bytes) -> bytes:
    """One event with ``data`` (without line ends), and with its name where it has one."""
    head = b"event: %b\n" % name.encode() if name else b""
    return head + b"data: " + data + b"\n\n"


def separated(raw: bytes) -> bytes:
    """``raw`` with the blank line that ends its last event; nothing stays nothing."""
    if not raw or raw.endswith((b"\n\n", b"\r\n\r\n")):
        return raw
    return raw + (b"\n" if raw.endswith(b"\n") else b"\n\n")


def as_text(event: SseEvent) -> SseEvent:
    """The event with U+FFFD for what is no UTF-8 beside its data, too: SDKs break at it in any line."""
    try:
        event.raw.decode()
    except UnicodeDecodeError:
        return SseEvent(event.name, event.data, event.raw.decode(errors="replace").encode())
    return event


def without_last(raw: bytes) -> tuple[bytes, bytes]:
    """Whole events as all but the last, and the last."""
    parser = SseParser(len(raw) + 1)
    events = [*parser.feed(raw), *parser.finish()]
    size = len(events[-1].raw) if events else 0
    return raw[: len(raw) - size], raw[len(raw) - size :]


def _ends_an_event(data: bytes) -> bool:
    if b"\r" not in data:
        return b"\n\n" in data
    return b"\r\n\r\n" in data or b"\n\n" in data or _EVENT_END.search(data) is not None


def _cut(data: bytes) -> tuple[list[bytes], bytes]:
    """``data`` cut at each blank line, and what it was cut at; the last piece is not yet whole (maybe empty).

    Where line ends are mixed the pieces keep theirs, and the separator is empty.
    """
    returns = data.count(b"\r")
    if not returns:
        return data.split(b"\n\n"), b"\n\n"
    pieces = data.split(b"\r\n\r\n")
    line_feeds = data.count(b"\n")
    # Usually there are none but between the events; where there are, each must be half of a "\r\n".
    if returns == line_feeds and (line_feeds == 2 * len(pieces) - 2 or line_feeds == data.count(b"\r\n")):
        return pieces, b"\r\n\r\n"
    ends = [match.end() for match in _EVENT_END.finditer(data)]
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)], b""


def _fields(raw: bytes) -> tuple[str, bytes | None]:
    if raw.startswith(b"data: "):  # the usual event is one line
        end = raw.find(b"\n")
        if raw[end + 1 :] in (b"\r\n", b"\n"):
            line = raw[6:end].removesuffix(b"\r")
            if b"\r" not in line:
                return "", line
    elif raw.startswith(b"event: "):  # or, of Anthropic's kind, two
        end = raw.find(b"\n")
        last = raw.find(b"\n", end + 1)
        if raw.startswith(b"data: ", end + 1) and raw[last + 1 :] in (b"\r\n", b"\n"):
            named, line = raw[7:end].strip(), raw[end + 7 : last].removesuffix(b"\r")
            if b"\r" not in named and b"\r" not in line:
                return named.decode("utf-8", "replace"), line
    name, data = "", []
    for line in raw.split(b"\n") if b"\r" not in raw else _LINE_END.split(raw):
        if line.startswith(b"data:"):
            data.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line.startswith(b"event:"):
            name = line[6:].strip().decode("utf-8", "replace")
        elif line == b"data":
            data.append(b"")
    return name, b"\n".join(data) if data else None
