"""A whole Responses stream, as the one JSON answer that the API gives without streaming.

PURE. The last event holds it whole; where an emulation leaves its output empty, the events before fill it.
"""

import msgspec

from relay.dialects.openai.responses.upstream_answer.grown_items import GrownItems
from relay.dialects.openai.responses.upstream_answer.wire import STREAM_EVENT, StreamEvent, as_json
from relay.neutral.sse import SseParser

_LAST = {"response.completed": "completed", "response.incomplete": "incomplete"}


def collect(stream: bytes) -> bytes:
    """The bytes of a stream -> ``response``."""
    parser = SseParser(max_event_bytes=len(stream) + 1)
    before: list[StreamEvent] = []
    for event in [*parser.feed(stream), *parser.finish()]:
        if event.data is None or event.data == b"[DONE]":
            continue
        told = STREAM_EVENT.decode(event.data)
        if told.type in _LAST:
            answer = as_json(told.response)
            items = [] if answer.get("output") else _items(before, _LAST[told.type])
            return msgspec.json.encode({**answer, "output": items}) if items else bytes(told.response)
        before.append(told)
    raise ValueError("the stream has no last event")


def _items(events: list[StreamEvent], status: str) -> list[object]:
    grown = GrownItems()
    for told in events:
        grown.take(told)
    return [*grown.whole(status)]
