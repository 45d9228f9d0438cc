"""What the decoders of all dialects do alike: cut the bytes into events, read them, keep those of whole ones.

PURE. Usually an event is read strictly, and its bytes travel along unchanged. What cannot be read so is
looked at patiently, and its bytes are mended. A body that is one JSON document in place of a stream is read
at its end, as the stream that says the same. After Terminal or Failed a decoder gives nothing more.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Generic, Literal

import msgspec

from relay.dialects.reading.half_characters import json_text
from relay.dialects.reading.loose_fields import last_event, loose_data, meant
from relay.dialects.reading.outside_json import (
    DONE,
    JSON_BEGINS,
    begins_json,
    is_done,
    is_silence,
    objects_in,
    says_nothing,
    without_done,
)  # fmt: skip
from relay.dialects.reading.tolerant_reader import UNREADABLE, Decoding, NoObject, Shape, TolerantReader
from relay.dialects.reading.too_much import too_large, too_wide
from relay.neutral.conversation import Json
from relay.neutral.events import Chunk, Event, Failed, Heartbeat, Terminal
from relay.neutral.failures import Failure, Kind
from relay.neutral.nesting import is_too_deep, is_too_wide, may_be_deep
from relay.neutral.sse import EventTooLarge, SseEvent, SseParser, as_text, framed, separated

_HEARTBEAT = Heartbeat()
_ENDS = (Terminal, Failed)
_BLANK = b"\xef\xbb\xbf \t\r\n"
_BRACE = ord("{")
_LONG = 4_000  # bytes: numbers of more digits are refused by most readers of JSON
_ANYTHING = msgspec.json.Decoder()


class BrokenStream(Exception):
    """The stream is broken here, and the client must not see this event; ``failure`` says how."""

    def __init__(self, failure: Failure) -> None:
        """``failure`` ends the stream."""
        super().__init__(failure.message)
        self.failure = failure


def garbage(message: str) -> Failure:
    """Data that is no JSON object, or breaks the protocol."""
    return Failure(Kind.GARBAGE, message)


def _look_through(data: bytes) -> None:
    """Raises msgspec.DecodeError for what is no JSON, or nested too deeply."""
    if is_too_deep(_ANYTHING.decode(data), data):
        raise msgspec.DecodeError("nested too deeply")


class StreamDecoder(ABC, Generic[Shape]):
    """Bytes in, whole events out; a dialect adds ``take``, ``done``, ``end`` and ``document``.

    While ``held`` is a list, the bytes of events are held back in it: a tool call was closed whose JSON
    does not parse, and the next event says why. ``is_finishing`` is the chunk's.
    """

    bare: frozenset[str] = frozenset()  # the names that say all that their events do
    passes_done = True  # may a client of the same dialect see ``[DONE]``?
    end_bytes = b""  # what it is told where an answer is whole without its last event

    def __init__(self, decoder: Decoding[Shape], max_event_bytes: int) -> None:
        """Nothing read yet; ``decoder`` knows the shape of an event's data."""
        self.held: list[bytes] | None = None
        self.is_finishing = False
        self._reader = TolerantReader(decoder, self.prepared)
        self._read = self._reader.read
        self._parser, self._max_event_bytes = SseParser(max_event_bytes), max_event_bytes
        self._raw: list[bytes] = []
        self._is_over = False
        self._ends_amid = False  # the connection ended inside of an event's data
        self._form: Literal["", "stream", "document"] = ""
        self._unread: list[bytes] = []  # until it is known what this is; all of it where it is a document
        self._unread_bytes = 0

    @property
    def bent(self) -> list[str]:
        """The paths of the fields that were not of their types, each once."""
        return list(self._reader.bent)

    @abstractmethod
    def take(self, told: Shape, event: SseEvent, events: list[Event]) -> bytes:
        """What one whole event means, into ``events``; its bytes for a client of the same dialect.

        Raises BrokenStream.
        """

    @abstractmethod
    def done(self, events: list[Event]) -> None:
        """``[DONE]`` came; raises BrokenStream where that is no end."""

    @abstractmethod
    def end(self, events: list[Event]) -> None:
        """The connection ended in order; raises BrokenStream."""

    @abstractmethod
    def document(self, told: Json) -> bytes:
        """The stream that says what one JSON document says; raises BrokenStream for an error in it."""

    def note(self, path: str) -> None:
        """The field at ``path`` was bent in a way that its type does not show."""
        self._reader.bent[path] = None

    def prepared(self, told: Json) -> Json:
        """The data of an event that could not be read strictly, as far as a dialect mends it itself."""
        return told

    def kept(self, raw: bytes) -> bytes:
        """What a client of the same dialect gets of a comment or blank line."""
        return raw

    def release(self) -> None:
        """What was held back may go to the client."""
        self._raw += self.held or ()
        self.held = None

    def feed(self, data: bytes) -> Chunk:
        """What ``data`` completes."""
        if self._is_over:
            return Chunk(b"", [])
        try:
            found = self._parser.feed(data) if self._form == "stream" else self._begun(data)
        except EventTooLarge as error:
            self._is_over = True
            return Chunk(b"", [Failed(too_large(error))])
        return self._chunk(found)

    def finish(self) -> Chunk:
        """What the end completes: a document, or an event without its blank line; half an event is none."""
        if self._is_over:
            return Chunk(b"", [])
        if self._form == "document":
            chunk = self._whole_document()
        else:
            rest, left = self._parser.unread.strip(_BLANK), self._parser.finish()
            found = last_event(rest, left, self.bare)
            self._ends_amid = not found and begins_json(rest)
            chunk = self._chunk(found)
        raw, end = chunk.raw, b""
        if not self._is_over:
            self._raw = [raw]
            self._flush(chunk.events)
            self._guarded(self.end, chunk.events)
            raw = b"".join(self._raw)
            end = self.end_bytes if self._is_over and type(chunk.events[-1]) is Terminal else b""
        self._is_over = True
        return Chunk(separated(raw) + end, chunk.events)

    def _begun(self, data: bytes) -> list[SseEvent]:
        """The events of a stream's beginning; none while it may be a document. Raises EventTooLarge."""
        says_something = bool(data.strip(_BLANK))
        if self._form or says_something or self._unread_bytes < 65_536:  # a flood of blanks says nothing
            self._unread.append(data)
            self._unread_bytes += len(data)
        if not self._form and says_something:  # blanks alone are not joined: they may come one by one
            whole = b"".join(self._unread)
            self._unread = [whole]
            if whole.lstrip(_BLANK)[:1] not in JSON_BEGINS:
                self._form, self._unread = "stream", []
                return self._parser.feed(whole)
            self._form = "document"
        if self._unread_bytes > self._max_event_bytes:
            raise EventTooLarge(self._max_event_bytes)
        return []

    def _whole_document(self) -> Chunk:
        text = b"".join(self._unread).strip(_BLANK)
        try:
            if is_too_wide(text):
                raise BrokenStream(too_wide())
            told = objects_in(text, is_document=True)
            if not told:
                raise BrokenStream(garbage("upstream sent what is neither a stream nor a JSON object"))
            frames = [framed("", json_text(one)) for one in told]
            stream = self.document(told[0]) if len(told) == 1 else b"".join(frames)
        except BrokenStream as broken:
            self._is_over = True
            return Chunk(b"", [Failed(broken.failure)])
        return self._chunk(SseParser(len(stream) + 1).feed(stream))

    def _chunk(self, found: Iterable[SseEvent]) -> Chunk:
        self._raw = []
        events: list[Event] = []
        reader, read, take = self._reader, self._read, self._take
        for event in found:
            if not event.raw.isascii():
                event = as_text(event)
            data = event.data
            if data and len(data) > _LONG and is_too_wide(data):
                self._break(events, too_wide())
                break
            if data and data[0] == _BRACE and reader.waiting is None:
                try:
                    told = read(data)
                    # What the shape does not name was not looked at: bytes that are no text, endless numbers.
                    if len(data) > _LONG or may_be_deep(data):
                        _look_through(data)
                    if not data.isascii():
                        data.decode()
                except UNREADABLE:
                    self._patiently(event, events)
                else:
                    take(told, event, events)
            elif not data or says_nothing(event.name, data):
                self._nothing(event, events)
            elif is_done(data):
                self._flush(events)
                raw = event.raw if data == DONE else framed("", DONE)
                self._guarded(self.done, events, raw if self.passes_done else b"")
            else:
                self._patiently(event, events)
            if self._is_over:
                break
        is_finishing = self.is_finishing and not self._parser.is_amid
        return Chunk(b"".join(self._raw), events, is_finishing)

    def _nothing(self, event: SseEvent, events: list[Event]) -> None:
        """An event without data. An empty data line, or a name alone, breaks SDKs, so it is not passed on."""
        if event.data is None and not event.name and is_silence(event.raw):
            (self._raw if self.held is None else self.held).append(self.kept(event.raw))
        elif (told := meant(event, self.bare)) is not None:
            self._patiently(told, events)
            return
        if not events or events[-1] is not _HEARTBEAT:  # thousands that come together say no more than one
            events.append(_HEARTBEAT)

    def _patiently(self, event: SseEvent, events: list[Event], *, is_listed: bool = False) -> None:
        """An event that is not as it should be; ``is_listed``: it was one of several objects in one event."""
        try:
            ready = self._reader.patiently(event)
        except NoObject:
            self._flush(events)
            data = event.data or b""
            rest = without_done(data)
            listed = [] if is_listed else objects_in(rest) or objects_in(loose_data(event.raw))
            is_end = is_done(data) or (bool(listed) and rest != data)
            if not listed and not is_end and not self._is_over:
                self._break(events)
            for one in (json_text(one) for one in listed):
                if not self._is_over:
                    self._patiently(SseEvent("", one, framed("", one)), events, is_listed=True)
            if is_end:
                self._flush(events)
                self._guarded(self.done, events, framed("", DONE) if self.passes_done else b"")
            return
        for told, whole in ready:
            if not self._is_over:
                self._take(told, whole, events)

    def _flush(self, events: list[Event]) -> None:
        """What was held back for half a character: no other half is coming."""
        try:
            ready = self._reader.finish()
        except NoObject:
            self._break(events)
            return
        for told, event in ready:
            self._take(told, event, events)

    def _break(self, events: list[Event], failure: Failure | None = None) -> None:
        events.append(Failed(failure or garbage("upstream sent data that is no JSON object")))
        self._is_over = True

    def _take(self, told: Shape, event: SseEvent, events: list[Event]) -> None:
        before = len(events)
        try:
            raw = self.take(told, event, events)
        except BrokenStream as broken:
            events[before:] = [Failed(broken.failure)]
            self._is_over = True
            return
        (self._raw if self.held is None else self.held).append(raw)
        if events and type(events[-1]) in _ENDS:
            self._is_over = True

    def _guarded(self, end: Callable[[list[Event]], None], events: list[Event], raw: bytes = b"") -> None:
        """An end of the stream, whose bytes are ``raw``."""
        if self._is_over:
            return
        before = len(events)
        try:
            end(events)
        except BrokenStream as broken:
            events[before:] = [Failed(broken.failure)]
            self._is_over = True
            return
        (self._raw if self.held is None else self.held).append(raw)
        if events and type(events[-1]) in _ENDS:
            self._is_over = True
