"""What message_start and message_delta say, and the same events as a client's SDK can read them. PURE.

A body that needs nothing comes back as the very same object.
"""

from collections.abc import Collection

from relay.dialects.anthropic.stop_reasons import fitting, stop_of
from relay.dialects.anthropic.upstream_answer.block_start import text_at
from relay.dialects.anthropic.usage import read_usage, told_miss, with_counts
from relay.dialects.reading.bent_fields import word_in
from relay.dialects.reading.broken_stream import BrokenStream, garbage
from relay.dialects.reading.half_characters import json_text
from relay.neutral.block import BlockKind
from relay.neutral.conversation import Json
from relay.neutral.events import Event, MessageStart, Stop, merged
from relay.neutral.sse import framed
from relay.neutral.usage import Usage

_OF_THE_END = ("stop_reason", "stop_sequence", "stop_details")


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


def end_in(body: Json, counted: object) -> bytes:
    """The message_delta that a message_stop should have had before it, where it tells of the end itself.

    ``counted`` is the usage that was told before.
    """
    for told in (body, body.get("delta"), body.get("message")):
        if isinstance(told, dict) and word_in(told.get("stop_reason")):
            end = {key: told[key] for key in _OF_THE_END if key in told}
            usage = told.get("usage") or body.get("usage") or counted or {}
            delta = {"type": "message_delta", "delta": end, "usage": usage}
            return framed("message_delta", json_text(delta))
    return b""


def stopped(
    body: Json, kinds: Collection[BlockKind], known: str | None
) -> tuple[Stop | None, Usage, dict[str, Json]]:
    """The end that a message_delta of blocks of ``kinds`` tells; its usage; the fields that it lacks.

    Some servers tell it beside the delta, and the usage in it. One that tells neither takes the stop reason
    that was ``known`` before from the SDK.
    """
    told = body.get("delta")
    delta = told if isinstance(told, dict) else {}
    usage, inside = body.get("usage"), delta.get("usage")
    fields: dict[str, Json] = {}
    if not isinstance(usage, dict) and isinstance(inside, dict):
        usage, fields = inside, {"usage": inside}
    counted = read_usage(usage)  # what the SDKs are told in a count's place is nothing that upstream counted
    fields |= with_counts(usage, "output_tokens") or {}
    beside = {key: body[key] for key in _OF_THE_END if key in body and key not in delta}
    reason = {**delta, **beside}.get("stop_reason")
    if reason and not isinstance(reason, str):
        beside["stop_reason"] = word_in(reason)
    stop = stop_of({**delta, **beside})
    word = fitting(stop, kinds) if stop is not None else known
    mended = {**delta, **beside, **({"stop_reason": word} if word is not None else {})}
    if mended == told:
        return stop, counted, fields
    return (stop_of(mended) if stop is not None else None), counted, {**fields, "delta": mended}
