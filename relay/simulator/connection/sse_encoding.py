"""Stream events as bytes: server-sent events, or the elements of Gemini's JSON array."""

from dataclasses import dataclass

import msgspec

from relay.simulator.dialect import SimulatedEvent


@dataclass(slots=True)
class SseEncoding:
    """Server-sent events with lines that end in ``line_end``."""

    line_end: bytes
    multi_line: bool = False
    data_head: bytes = b"data: "
    has_names: bool = True
    has_empty_frames: bool = False

    content_type = "text/event-stream; charset=utf-8"
    opening = b""
    closing = b""

    def encode(self, event: SimulatedEvent) -> bytes:
        """One whole event with its blank line."""
        end = self.line_end
        head = b"event: " + event.name.encode() + end if event.name and self.has_names else b""
        data = event.data
        if self.multi_line and data.startswith(b"{"):
            data = (end + b"data: ").join(msgspec.json.format(data, indent=1).split(b"\n"))
        tail = self.data_head + end + end if self.has_empty_frames else b""
        return head + self.data_head + data + end + end + tail

    def heartbeat(self, of_dialect: bytes) -> bytes:
        """What the dialect sends while it has nothing to say."""
        return of_dialect

    def comment(self) -> bytes:
        """A comment line."""
        return b": nothing yet" + self.line_end * 2


@dataclass(slots=True)
class ArrayEncoding:
    """A JSON array that grows; an event brings the comma before it."""

    began: bool = False

    content_type = "application/json; charset=UTF-8"
    opening = b"["
    closing = b"\n]"

    def encode(self, event: SimulatedEvent) -> bytes:
        """One element."""
        separator, self.began = (b",\r\n" if self.began else b""), True
        return separator + event.data

    def heartbeat(self, of_dialect: bytes) -> bytes:
        """White space, the only thing that means nothing here."""
        return b" \r\n"

    def comment(self) -> bytes:
        """White space again."""
        return b" \r\n"


Encoding = SseEncoding | ArrayEncoding
