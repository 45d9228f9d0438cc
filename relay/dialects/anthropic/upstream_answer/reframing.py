"""Events of an upstream's stream in bytes that a client's SDK can read. PURE."""

from collections.abc import Callable

from relay.dialects.anthropic.upstream_answer.wire import TOLD_IN, Delta, StreamEvent
from relay.dialects.json_object import json_object
from relay.dialects.reading.half_characters import json_text
from relay.neutral.conversation import Json
from relay.neutral.sse import SseEvent, framed

InOtherWords = Callable[[bytes], bytes]
"""The bytes of a delta as it came -> those that a client is to read."""
MESSAGE_STOP = framed("message_stop", b'{"type":"message_stop"}')


def reframed(event: SseEvent, told: StreamEvent, index: int | None = None) -> bytes:
    """The event's own bytes, if a client can read them: name and type agree, and its block is ``index``."""
    data, is_numbered = event.data or b"", index is None or told.index == index
    if event.name == told.type and is_numbered:
        return event.raw
    name = told.type or event.name
    if not told.type or not is_numbered:
        body = {"type": name} | (json_object(data) or {}) | {"type": name}
        if not is_numbered:
            body["index"] = index
        data = json_text(body)
    return framed(name, data.replace(b"\n", b" "))


def block_start(index: int, content: Json) -> bytes:
    """The event that begins a block which upstream did not begin."""
    told = {"type": "content_block_start", "index": index, "content_block": content}
    return framed("content_block_start", json_text(told))


def arguments_delta(index: int, piece: str) -> bytes:
    """The event that tells a ``piece`` of a call's arguments."""
    return _delta(index, {"type": "input_json_delta", "partial_json": piece})


def deltas_of(index: int, delta: Delta, *kinds: str) -> InOtherWords:
    """The events of ``kinds`` that tell what came in one ``delta``, as far as it has their words."""
    words = {kind: getattr(delta, TOLD_IN[kind]) for kind in kinds}
    told = b"".join(
        _delta(index, {"type": kind, TOLD_IN[kind]: word}) for kind, word in words.items() if word
    )
    return lambda _: told


def _delta(index: int, delta: Json) -> bytes:
    told = {"type": "content_block_delta", "index": index, "delta": delta}
    return framed("content_block_delta", json_text(told))


def block_stop(index: int) -> bytes:
    """The event that ends a block which upstream left open."""
    return framed("content_block_stop", json_text({"type": "content_block_stop", "index": index}))


def with_body(event: SseEvent, body: Json) -> SseEvent:
    """``event`` with ``body`` for its data."""
    data = json_text(body)
    return SseEvent(event.name, data, framed(event.name, data))
