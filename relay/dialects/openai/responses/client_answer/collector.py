"""A whole Responses stream, as the one JSON answer that the API gives without streaming.

PURE. The last event holds it whole; where an emulation leaves its output empty, the events before fill it.
"""

import msgspec

from relay.dialects.openai.no_arguments import NO_ARGUMENTS
from relay.dialects.openai.responses.upstream_answer.grown_items import GrownItems
from relay.dialects.openai.responses.upstream_answer.wire import STREAM_EVENT, StreamEvent, as_json
from relay.neutral.conversation import Json
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
            items = _argued(answer) if answer.get("output") else _items(before, _LAST[told.type])
            return msgspec.json.encode({**answer, "output": items}) if items else bytes(told.response)
        before.append(told)
    raise ValueError("the stream has no last event")


def _argued(answer: Json) -> list[object]:
    """The items of a whole answer, if any of them is a call that has no arguments; else none."""
    output = answer["output"]
    if answer.get("status") == "incomplete" or not isinstance(output, list):
        return []
    items = [{**item, "arguments": NO_ARGUMENTS} if _lacks_arguments(item) else item for item in output]
    return items if any(map(_lacks_arguments, output)) else []


def _lacks_arguments(item: object) -> bool:
    return isinstance(item, dict) and item.get("type") == "function_call" and not item.get("arguments")


def _items(events: list[StreamEvent], status: str) -> list[object]:
    grown = GrownItems()
    for told in events:
        grown.take(told)
    return [*grown.whole(status)]
