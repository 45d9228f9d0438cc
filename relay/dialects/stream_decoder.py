"""What the decoders of all dialects do alike: cut the bytes into events, read them, keep those of whole ones.

PURE. Usually an event is read strictly, and its bytes travel along unchanged. What cannot be read so is
looked at patiently, and its bytes are mended. A body that is one JSON document in place of a stream is read
at its end, as the stream that says the same. After Terminal or Failed a decoder gives nothing more.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Generic

from relay.dialects.reading.at_once import shapes
from relay.dialects.reading.body_form import BLANK, BodyForm, frames
from relay.dialects.reading.broken_stream import BrokenStream, garbage
from relay.dialects.reading.half_characters import json_text
from relay.dialects.reading.loose_fields import last_event, loose_data, meant
from relay.dialects.reading.outside_json import (
    DONE,
    begins_json,
    is_done,
    is_silence,
    objects_in,
    says_nothing,
    without_done,
)  # fmt: skip
from relay.dialects.reading.tolerant_reader import UNREADABLE, Decoding, NoObject, Shape, TolerantReader
from relay.dialects.reading.too_much import look_through, too_large, too_wide
from relay.neutral.conversation import Json
from relay.neutral.events import Chunk, Event, Failed, Heartbeat, Terminal
from relay.neutral.failures import Failure
from relay.neutral.nesting import is_too_wide, may_be_deep
from relay.neutral.sse import EventTooLarge, Lines, SseEvent, SseParser, as_text, framed, separated

_HEARTBEAT = Heartbeat()
_ENDS = (Terminal, Failed)
_BRACE = ord("{")
_LONG = 4_000  # bytes: numbers of more digits are refused by most readers of JSON
_FEW_BYTES = 1_000  # an event or two: they are read one by one


class StreamDecoder(ABC, Generic[Shape]):
    """Bytes in, whole events out; a dialect adds ``take``, ``done``, ``end`` and ``document``.

    While ``held`` is a list, bytes of events are held back in it: a closed tool call's JSON does not parse,
    and the next event says why. ``is_finishing`` is the chunk's. ``decode_lines`` reads what came together.
    """

    bare: frozenset[str] = frozenset()  # the names that say all that their events do
    decode_lines: Callable[[bytes], list[Shape]] | None = None
    is_wrapped = False  # is each event's data in an envelope, which ``_one`` takes off?
    keeps_bytes = True  # may a client want the events' own bytes?
    passes_done = True  # may a client of the same dialect see ``[DONE]``?
    end_bytes = b""  # what it is told where an answer is whole without its last event

    def __init__(self, decoder: Decoding[Shape], max_event_bytes: int) -> None:
        """Nothing read yet; ``decoder`` knows the shape of an event's data."""
        self.held: list[bytes] | None = None
        self.is_finishing = False
        self._reader = TolerantReader(decoder)
        self._decode = self._reader.read
        self._parser = SseParser(max_event_bytes)
        self._raw: list[bytes] = []
        self._is_over = self._has_unheard = False
        self._ends_amid = False  # the connection ended inside of an event's data
        self._form = BodyForm(max_event_bytes)

    @property
    def bent(self) -> list[str]:
        """The paths of the fields that were not of their types, each once."""
        return list(self._reader.bent)

    @abstractmethod
    def take(self, told: Shape, event: SseEvent, events: list[Event]) -> bytes:
        """What one whole event means, into ``events``; its bytes for a client of the same dialect.

        Raises BrokenStream.
        """

    def take_words(self, told: list[Shape], at: int, events: list[Event]) -> int:
        """Tell what from ``at`` on is nothing but more words for the open block; up to where."""
        return at

    def read_over(self, events: list[Event]) -> None:
        """Behind the events of one read."""

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
            if not self._form.is_stream:
                data = self._form.feed(data)
            lines = None
            if len(data) > _FEW_BYTES and self.decode_lines is not None:
                lines = self._parser.lines(data)
            if lines is not None:
                return self._at_once(lines)
            found = self._parser.feed(data) if data else []
        except EventTooLarge as error:
            self._is_over = True
            return Chunk(b"", [Failed(too_large(error))])
        return self._chunk(found)

    def _at_once(self, lines: Lines) -> Chunk:
        """Many events that came together: read in one go, and told in as few as may be."""
        told = None
        if self.decode_lines is not None and self._reader.waiting is None and self.held is None:
            told = shapes(lines.data, self.decode_lines, _LONG)
        if told is None or any(map(may_be_deep, lines.data)):
            return self._chunk(lines.events())
        self._raw = []
        events: list[Event] = []
        at = 0
        while at < len(told) and not self._is_over:
            is_usual = self._reader.waiting is None
            begin, at = at, self.take_words(told, at, events) if is_usual else at
            if at > begin and self.keeps_bytes:
                self._raw.append(lines.raw(begin, at))
            if at < len(told):
                if is_usual and not self.is_wrapped:
                    self._take(told[at], lines.event(at), events)
                else:
                    self._one(lines.event(at), events)
                at += 1
        return self._read(events)

    def finish(self) -> Chunk:
        """What the end completes: a document, or an event without its blank line; half an event is none."""
        if self._is_over:
            return Chunk(b"", [])
        if self._form.is_document:
            chunk = self._whole_document()
        else:
            rest = self._parser.unread.strip(BLANK)
            found = last_event(rest, self._parser.finish(), self.bare) if rest else []
            self._ends_amid = bool(rest) and not found and begins_json(rest)
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

    def _whole_document(self) -> Chunk:
        try:
            told = self._form.objects()
            stream = self.document(told[0]) if len(told) == 1 else frames(told)
        except BrokenStream as broken:
            self._is_over = True
            return Chunk(b"", [Failed(broken.failure)])
        return self._chunk(SseParser(len(stream) + 1).feed(stream))

    def _chunk(self, found: Iterable[SseEvent]) -> Chunk:
        self._raw = []
        events: list[Event] = []
        for event in found:
            self._one(event, events)
            if self._is_over:
                break
        return self._read(events)

    def _read(self, events: list[Event]) -> Chunk:
        """What one read amounted to."""
        self.read_over(events)
        unheard, self._has_unheard = self._has_unheard, False
        return Chunk(b"".join(self._raw), events, self.is_finishing and not self._parser.is_amid, unheard)

    def _one(self, event: SseEvent, events: list[Event]) -> None:
        event = event if event.raw.isascii() else as_text(event)
        data = event.data
        if data and len(data) > _LONG and is_too_wide(data):
            self._break(events, too_wide())
        elif data and data[0] == _BRACE and self._reader.waiting is None:
            try:
                told = self._decode(data)
                # What the shape does not name was not looked at: bytes that are no text, endless numbers.
                if len(data) > _LONG or may_be_deep(data):
                    look_through(data)
                if not data.isascii():
                    data.decode()
            except UNREADABLE:
                self._patiently(event, events)
            else:
                self._take(told, event, events)
        elif not data or says_nothing(event.name, data):
            self._nothing(event, events)
        elif is_done(data):
            self._flush(events)
            raw = event.raw if data == DONE else framed("", DONE)
            self._guarded(self.done, events, raw if self.passes_done else b"")
        else:
            self._patiently(event, events)

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
            ready = self._reader.patiently(event, self.prepared)
        except NoObject:
            self._flush(events)
            data = event.data or b""
            rest = without_done(data)
            listed = [] if is_listed else objects_in(rest) or objects_in(loose_data(event.raw, data))
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
            for told, event in self._reader.finish(self.prepared):
                self._take(told, event, events)
        except NoObject:
            self._break(events)

    def _break(self, events: list[Event], failure: Failure | None = None) -> None:
        events.append(Failed(failure or garbage("upstream sent data that is no JSON object")))
        self._is_over = True

    def _take(self, told: Shape, event: SseEvent, events: list[Event]) -> None:
        before = len(events)
        try:
            raw = self.take(told, event, events)
        except BrokenStream as broken:
            self._break_off(broken, events, before)
            return
        self._has_unheard |= len(events) == before
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
            self._break_off(broken, events, before)
            return
        (self._raw if self.held is None else self.held).append(raw)
        if events and type(events[-1]) in _ENDS:
            self._is_over = True

    def _break_off(self, broken: BrokenStream, events: list[Event], before: int) -> None:
        events[before:] = [Failed(broken.failure)]
        self._is_over = True
