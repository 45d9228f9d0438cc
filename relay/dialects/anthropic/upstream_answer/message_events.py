"""What message_start and message_delta say, and the same events as a client's SDK can read them. PURE.

A body that needs nothing comes back as the very same object.
"""

from collections.abc import Collection

from relay.dialects.anthropic.stop_reasons import fitting, stop_of
from relay.dialects.anthropic.upstream_answer.block_start import text_at
from relay.dialects.anthropic.usage import read_usage, told_miss, with_counts
from relay.dialects.stream_decoder import BrokenStream, garbage
from relay.neutral.block import BlockKind
from relay.neutral.conversation import Json
from relay.neutral.events import Event, MessageStart, Stop, merged


def begun(body: Json) -> tuple[list[Event], Json]:
    """The events of a message_start, and its body with content and counts; raises BrokenStream."""
    message = body.get("message")
    if not isinstance(message, dict):
        raise BrokenStream(garbage("message_start without a message"))
    events: list[Event] = [
        MessageStart(text_at(message, "id"), text_at(message, "model")),
        merged(read_usage(message.get("usage")), told_miss(message)),
    ]
    is_whole = isinstance(message.get("content"), list)
    whole: Json = message if is_whole else {**message, "content": []}
    counts = with_counts(whole.get("usage"), "input_tokens", "output_tokens")
    if counts is None and is_whole:
        return events, body
    return events, {**body, "message": {**whole, **(counts or {})}}


def stopped(body: Json, kinds: Collection[BlockKind]) -> tuple[Stop | None, dict[str, Json]]:
    """The end that a message_delta tells, of blocks of ``kinds``; the fields that it should have had."""
    fields = with_counts(body.get("usage"), "output_tokens") or {}
    delta = body.get("delta")
    if not isinstance(delta, dict):
        return None, fields
    stop = stop_of(delta)
    word = None if stop is None else fitting(stop, kinds)
    if word is None:
        return stop, fields
    mended = {**delta, "stop_reason": word}
    return stop_of(mended), {**fields, "delta": mended}
