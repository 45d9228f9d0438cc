"""An error that upstream tells in its stream: forwarded where a client's SDK knows it for one. PURE."""

from relay.dialects.anthropic.errors import failure_in_document, failure_of_event
from relay.dialects.reading.broken_stream import BrokenStream
from relay.neutral.conversation import Json
from relay.neutral.events import Failed
from relay.neutral.sse import SseEvent


def own_error(event: SseEvent, body: Json) -> Failed:
    """The end that ``event`` with ``body`` tells; raises BrokenStream where it must be told in our words."""
    is_forwarded = event.name == "error" and body.get("type") == "error"
    if not is_forwarded:
        raise BrokenStream(failure_in_document(body) or failure_of_event(body, b"", is_forwarded))
    return Failed(failure_of_event(body, event.data or b"", is_forwarded))
