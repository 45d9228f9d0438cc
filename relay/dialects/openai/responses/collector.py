"""A whole Responses stream, as the one JSON answer that the API gives without streaming.

PURE. The last event holds it whole; where an emulation leaves its output empty, the finished items fill it.
"""

import msgspec

from relay.dialects.openai.responses.wire import STREAM_EVENT, as_json
from relay.neutral.conversation import Json
from relay.neutral.sse import SseParser

_LAST = ("response.completed", "response.incomplete")


def collect(stream: bytes) -> bytes:
    """The bytes of a stream -> ``response``."""
    parser = SseParser(max_event_bytes=len(stream) + 1)
    items: dict[int, Json] = {}
    for event in [*parser.feed(stream), *parser.finish()]:
        if event.data is None or event.data == b"[DONE]":
            continue
        told = STREAM_EVENT.decode(event.data)
        if told.type == "response.output_item.done":
            items[told.output_index] = as_json(told.item)
        elif told.type in _LAST:
            answer = as_json(told.response)
            if answer.get("output") or not items:
                return bytes(told.response)
            return msgspec.json.encode({**answer, "output": [items[index] for index in sorted(items)]})
    raise ValueError("the stream has no last event")
