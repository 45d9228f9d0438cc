"""What the decoders of both wire forms do alike: cut the bytes into events, keep those of whole ones.

PURE. After Terminal or Failed a decoder gives nothing more.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from relay.dialects.json_object import json_object
from relay.neutral.events import Chunk, Event, Failed, Heartbeat, Terminal
from relay.neutral.failures import Failure, Kind
from relay.neutral.sse import EventTooLarge, SseEvent, SseParser

_HEARTBEAT = Heartbeat()


class BrokenStream(Exception):
    """The stream is broken here, and the client must not see this event; ``failure`` says how."""

    def __init__(self, failure: Failure) -> None:
        """``failure`` ends the stream."""
        super().__init__(failure.message)
        self.failure = failure


def garbage(message: str) -> Failure:
    """Data that is no JSON object, or breaks the protocol."""
    return Failure(Kind.GARBAGE, message)


class StreamDecoder(ABC):
    """Bytes in, whole events out; a wire form adds ``take`` and ``end``.

    While ``held`` is a list, the bytes of events are held back in it: a tool call was closed whose JSON
    does not parse, and the next event says why. ``is_finishing`` is the chunk's.
    """

    def __init__(self) -> None:
        """Nothing read yet."""
        self.held: list[bytes] | None = None
        self.is_finishing = False
        self._parser = SseParser()
        self._raw: list[bytes] = []
        self._is_over = False

    @abstractmethod
    def take(self, data: bytes, events: list[Event]) -> None:
        """The data of one whole event, into ``events``; raises BrokenStream."""

    @abstractmethod
    def end(self, events: list[Event]) -> None:
        """The connection ended in order; raises BrokenStream."""

    def release(self) -> None:
        """What was held back may go to the client."""
        self._raw += self.held or ()
        self.held = None

    def feed(self, data: bytes) -> Chunk:
        """What ``data`` completes."""
        if self._is_over:
            return Chunk(b"", [])
        try:
            found = self._parser.feed(data)
        except EventTooLarge as error:
            self._is_over = True
            return Chunk(b"", [Failed(garbage(str(error)))])
        return self._chunk(found)

    def finish(self) -> Chunk:
        """An event that lacks only its last blank line, which is put behind it. Half an event is none."""
        if self._is_over:
            return Chunk(b"", [])
        chunk = self._chunk([event for event in self._parser.finish() if _is_whole(event.data)])
        if not self._is_over:
            self._is_over = True
            before = len(chunk.events)
            try:
                self.end(chunk.events)
            except BrokenStream as broken:
                chunk.events[before:] = [Failed(broken.failure)]
        if not chunk.raw:
            return chunk
        return Chunk(chunk.raw + (b"\n" if chunk.raw.endswith(b"\n") else b"\n\n"), chunk.events)

    def _chunk(self, found: Iterable[SseEvent]) -> Chunk:
        self._raw = []
        events: list[Event] = []
        for event in found:
            data = event.data
            if data is None:
                events.append(_HEARTBEAT)
            else:
                before = len(events)
                try:
                    self.take(data, events)
                except BrokenStream as broken:
                    events[before:] = [Failed(broken.failure)]
                    self._is_over = True
                    break
            (self._raw if self.held is None else self.held).append(event.raw)
            if events and type(events[-1]) in _ENDS:
                self._is_over = True
                break
        return Chunk(b"".join(self._raw), events, self.is_finishing)


_ENDS = (Terminal, Failed)


def _is_whole(data: bytes | None) -> bool:
    return data is not None and (data == b"[DONE]" or json_object(data) is not None)
