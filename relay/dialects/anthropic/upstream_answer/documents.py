"""A whole message as the stream that says the same. PURE."""

from typing import Any

from relay.dialects.anthropic.errors import failure_in_document
from relay.dialects.anthropic.upstream_answer.bent_blocks import whole_content
from relay.dialects.anthropic.upstream_answer.block_start import kind_of
from relay.dialects.anthropic.upstream_answer.wire import NEEDS_A_MESSAGE
from relay.dialects.reading.broken_stream import BrokenStream, garbage
from relay.dialects.reading.envelopes import inside
from relay.dialects.reading.half_characters import json_text
from relay.neutral.conversation import Json
from relay.neutral.sse import framed

_AT_THE_END = ("stop_reason", "stop_sequence", "stop_details", "container")
_BESIDE = ("id", "model", "usage")
"""What gateways also write beside the message in their envelope."""


def is_message(told: Json) -> bool:
    """Is the document a message?"""
    return told.get("type") == "message" or ("content" in told and "stop_reason" in told)


def stream_of_document(told: Json) -> bytes:
    """A whole message, also in an envelope, as the stream that says the same; raises BrokenStream."""
    if stream := whole_in(told, has_started=False):
        return stream
    words = "upstream sent a JSON document that is no message"
    raise BrokenStream(failure_in_document(told) or garbage(words))


def whole_in(body: Json, *, has_started: bool) -> bytes:
    """The events in one that is none: those of a whole message, and the one in an envelope; else nothing."""
    message = body if is_message(body) else inside(body, is_message, _BESIDE)
    if message is not None and not has_started:
        return stream_of(message)
    inner = inside(body, _is_event, ("usage",))
    return b"" if inner is None else framed(inner["type"], json_text(inner))


def _is_event(told: Json) -> bool:
    name = told.get("type")
    return isinstance(name, str) and (name in NEEDS_A_MESSAGE or name in ("message_start", "ping", "error"))


def stream_of(message: Json) -> bytes:
    """The message as events."""
    content = message.get("content")
    listed = content if isinstance(content, list) else [content]
    texts = [{"type": "text", "text": block} if isinstance(block, str) else block for block in listed]
    blocks = [whole_content(block, "")[0] for block in texts if isinstance(block, dict)]
    begun = {**message, "content": [], **dict.fromkeys(("stop_reason", "stop_sequence"))}
    events: list[tuple[str, Json]] = [("message_start", {"message": begun})]
    for index, block in enumerate(blocks):
        empty, deltas = _parted(block)
        events.append(("content_block_start", {"index": index, "content_block": empty}))
        events += [("content_block_delta", {"index": index, "delta": delta}) for delta in deltas]
        events.append(("content_block_stop", {"index": index}))
    end = {key: message[key] for key in _AT_THE_END if key in message}
    events += [("message_delta", {"delta": end, "usage": message.get("usage") or {}}), ("message_stop", {})]
    return b"".join(framed(name, json_text({"type": name, **fields})) for name, fields in events)


def _parted(block: Json) -> tuple[Json, list[Json]]:
    """A block as it opens, and what makes it whole."""
    match kind_of(str(block.get("type"))):
        case "text":
            deltas = [{"type": "text_delta", "text": block.get("text")}]
            cited = _objects(block.get("citations"))
            deltas += [{"type": "citations_delta", "citation": one} for one in cited]
            return {**block, "text": "", **({"citations": []} if "citations" in block else {})}, deltas
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": block.get("thinking")}]
            if block.get("signature"):
                deltas.append({"type": "signature_delta", "signature": block["signature"]})
            return {**block, "thinking": "", "signature": ""}, deltas
        case "tool_call" | "server_call":
            told = block.get("input")
            arguments = told if isinstance(told, str) else json_text(told or {}).decode()
            return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": arguments}]
        case _:
            return block, []


def _objects(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def begins_message(body: Json, identity: object) -> bool:
    """Does ``body``, a message_start, begin the message of that ``identity``?"""
    message = body.get("message")
    return isinstance(message, dict) and message.get("id") == identity
