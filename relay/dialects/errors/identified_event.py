"""Upstream's own error event, as it is forwarded: with our request id beside upstream's.  PURE."""

from collections.abc import Callable

from relay.dialects.reading.half_characters import json_text, tolerant_object
from relay.neutral.conversation import Json
from relay.neutral.sse import SseParser, framed, without_last


def with_last_changed(raw: bytes, change: Callable[[Json], Json]) -> bytes:
    """Whole events, the last one's JSON object changed; all other bytes, its frame too, as they came.

    What is no JSON object stays as it is.
    """
    before, last = without_last(raw)
    parser = SseParser(len(last) + 1)
    events = [*parser.feed(last), *parser.finish()]
    data = events[-1].data if events else None
    told = tolerant_object(data) if data is not None else None
    if data is None or told is None:
        return raw
    changed = json_text(change(told))
    # Data of several lines does not stand there in one piece.
    return before + (last.replace(data, changed) if data in last else framed(events[-1].name, changed))
