"""A whole Anthropic stream as the one JSON answer that the API would have given.

PURE. Works on the wire's own objects and not on neutral events, so that unknown fields, blocks and deltas
of the same dialect survive: this is what a client without ``stream`` gets.
"""

from typing import Any

import msgspec
from pydantic_core import from_json

from relay.dialects.json_object import json_object
from relay.neutral.conversation import Json
from relay.neutral.sse import SseParser

_ARGUMENTS = "input"
_WORDS = {"text": "text", "thinking": "thinking"}
"""What a block of a type says in which field: a text at least an empty one, for clients join them."""
_OWN_PLACE = frozenset({"type", "delta", "usage"})


class _Block:
    """A content block as it grows: the fields that came as pieces are joined once, at the end."""

    def __init__(self, content: Json) -> None:
        self._content = dict(content)
        self._pieces: dict[str, list[str]] = {}
        self._cited: list[Any] = []

    def grow(self, delta: Json) -> None:
        """Add a delta's fields: text to text, a citation to the citations, all else as it is."""
        for key, value in delta.items():
            if key == "type":
                continue
            if key == "partial_json" and isinstance(value, str):
                self._pieces.setdefault(_ARGUMENTS, []).append(value)
            elif key == "citation":
                self._cited.append(value)
            elif key != "signature" and isinstance(value, str) and isinstance(self._content.get(key), str):
                self._pieces.setdefault(key, [self._content[key]]).append(value)
            else:  # a signature overwrites, as in the SDKs: two are never merged
                self._content[key] = value

    def whole(self) -> Json:
        """The block as it stands in the answer."""
        for key, pieces in self._pieces.items():
            text = "".join(pieces)
            if key != _ARGUMENTS:
                self._content[key] = text
            elif text:  # a call without arguments keeps the {} it began with
                self._content[key] = _arguments(text)
        words = _WORDS.get(str(self._content.get("type")))
        if words is not None and self._content.get(words) is None:
            self._content[words] = ""
        if self._cited:
            told = self._content.get("citations")
            self._content["citations"] = [*(told if isinstance(told, list) else ()), *self._cited]
        return self._content


def collect(stream: bytes) -> bytes:
    """The JSON answer of a complete ``stream``; raises ValueError when it holds no message, or an error."""
    parser = SseParser(max_event_bytes=len(stream) + 1)
    message: Json | None = None
    blocks: list[_Block] = []
    for event in [*parser.feed(stream), *parser.finish()]:
        body = json_object(event.data) if event.data is not None else None
        match body:
            case {"type": "message_start", "message": dict(start)}:
                message = {**start}
            case {"type": "content_block_start", "content_block": dict(content)}:
                blocks.append(_Block(content))
            case {"type": "content_block_delta", "index": int(index), "delta": dict(delta)}:
                if 0 <= index < len(blocks):
                    blocks[index].grow(delta)
            case {"type": "message_delta"} if message is not None and body is not None:
                _finish(message, body)
            case {"type": "error", "error": {"message": str(words)}}:
                raise ValueError(f"the stream holds no answer but an error: {words}")
            case _:
                pass  # message_stop, ping, and what has no place in an answer
    if message is None:
        raise ValueError("the stream holds no message")
    message["content"] = [block.whole() for block in blocks]
    return msgspec.json.encode(message)


def _finish(message: Json, body: Json) -> None:
    """Lay what message_delta tells over ``message``; a null count means that message_start's stands."""
    delta, usage = body.get("delta"), body.get("usage")
    if isinstance(delta, dict):
        message.update(delta)
    if isinstance(usage, dict):
        told = {key: value for key, value in usage.items() if value is not None}
        message["usage"] = {**(message.get("usage") or {}), **told}
    message.update({key: value for key, value in body.items() if key not in _OWN_PLACE})


def _arguments(text: str) -> Any:
    """A tool call's arguments. Cut by max_tokens, they hold what was whole, as the SDKs give them."""
    whole = json_object(text)
    if whole is not None:
        return whole
    try:
        partial = from_json(text, allow_partial=True)
    except ValueError:
        return {}
    return partial if isinstance(partial, dict) else {}
