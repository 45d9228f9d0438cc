"""A whole answer in one event of a stream, taken as the stream that says the same. PURE."""

from collections.abc import Callable
from typing import TypeVar

from relay.neutral.events import Event
from relay.neutral.sse import SseEvent, SseParser

Shape = TypeVar("Shape")
Take = Callable[[Shape, SseEvent, list[Event]], bytes]


def told_again(
    take: Take[Shape], read: Callable[[bytes], Shape], stream: bytes, events: list[Event]
) -> bytes:
    """What ``take`` makes of each event of ``stream``, into ``events``; their bytes for the client."""
    found = SseParser(len(stream) + 1).feed(stream)
    return b"".join(take(read(event.data), event, events) for event in found if event.data)
