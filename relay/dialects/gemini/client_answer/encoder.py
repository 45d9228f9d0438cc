"""Events to a Gemini client's bytes, as SSE or as one JSON array.

PURE. Every chunk is a whole GenerateContentResponse with at least one part: google-genai's chats drop a turn
that holds a chunk without. What arrives in one call leaves as one chunk. Arguments are collected, for a
function call is one part.
"""

import sys
from collections.abc import Mapping

import msgspec

from relay.dialects.gemini.client_answer.consulted import Consulted
from relay.dialects.gemini.client_answer.framing import frame
from relay.dialects.gemini.client_answer.whole_parts import redacted_part, signature_part, whole_part
from relay.dialects.gemini.errors import error_event, identified
from relay.dialects.gemini.fields import json_text
from relay.dialects.gemini.finish_reasons import finish_reason
from relay.dialects.gemini.usage import usage_metadata
from relay.dialects.interface import EncoderOptions, ErrorAnswer
from relay.dialects.stream_encoder import StreamEncoder
from relay.neutral.conversation import Json
from relay.neutral.events import (
    BlockStart,
    BlockStop,
    Chunk,
    Citation,
    Event,
    Extra,
    Failed,
    MessageStart,
    Signature,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.sse import SseParser

_TEXT, _THOUGHT = b'{"text":"', b'{"thought":true,"text":"'
_NOTHING_SAID = b'{"text":""}'


class GeminiEncoder(StreamEncoder):
    """See ``relay.dialects.interface.Encoder``."""

    def __init__(self, options: EncoderOptions) -> None:
        """Nothing was said yet."""
        super().__init__(options.message_id)
        self._is_array = options.form == "array"
        self._reads_data_only = not self._is_array and _reads_data_only(options.headers)
        self._is_open = self._has_identity = False
        self._id, self._model = options.message_id, options.model
        self._told_usage: Json = {}
        self._starts: dict[int, BlockStart] = {}
        self._consulted = Consulted()
        self._extras: dict[str, bytes] = {}
        # What makes up the next chunk: whole parts, and a text's pieces in JSON's own letters.
        self._parts: list[bytes] = []
        self._head = _TEXT
        self._letters: list[bytes] = []
        self._events = SseParser(sys.maxsize)  # what was decoded within its limit

    def passed(self, chunk: Chunk) -> bytes:
        """Upstream's own chunks, unchanged; in the array form each is an element."""
        if not self._has_identity:
            self._take_identity(chunk)
        last = chunk.events[-1] if chunk.events else None
        is_own_error = isinstance(last, Failed) and last.failure.from_upstream_event
        if not self._is_array:
            self._is_over = self._is_over or is_own_error
            return chunk.raw
        out = [self._framed(event.data) for event in self._events.feed(chunk.raw) if event.data is not None]
        if self._is_open and (is_own_error or isinstance(last, Terminal)):
            out.append(b"]")
            self._is_over = True
        return b"".join(out)

    def write(self, event: Event, out: list[bytes]) -> None:
        """Put ``event`` into the chunk that leaves behind the last event."""
        if type(event) is TextDelta:
            self._say(_TEXT, event.text)
        elif type(event) is ThinkingDelta:
            self._say(_THOUGHT, event.text)
        elif type(event) is not Usage:  # told out of the state
            self._write_rare(event)

    def flush(self, out: list[bytes]) -> None:
        """One chunk for all that was written."""
        self._end_text()
        if self.state.terminal:
            out.append(self._last())
        elif self._parts:
            out.append(self._chunk(self._parts, ""))
        self._parts = []

    def keep_alive(self) -> bytes:
        """A blank line: white space to both forms, where a comment would break google-genai.

        A client that reads nothing but data gets an object that says nothing.
        """
        return frame(b"{}") if self._reads_data_only else b"\r\n"

    def error(self, answer: ErrorAnswer) -> bytes:
        """The error object, alone or as the array's last element, behind what was written before.

        A client that reads nothing but data takes the error for an answer that says nothing; what it cannot
        read, behind it, keeps it from taking the broken answer for a whole one.
        """
        self._end_text()
        said = self._chunk(self._parts, "") if self._parts else b""
        error = said + self._framed(error_event(answer))
        self._parts = []
        if self._reads_data_only:
            return error + b": the answer is incomplete\r\n\r\n"
        return error + b"]" if self._is_array else error

    def identified(self, told: Json, upstreams_id: str) -> Json:
        """Upstream's error with our request id among its details."""
        return identified(told, self._request_id, upstreams_id)

    def _take_identity(self, chunk: Chunk) -> None:
        for event in chunk.events:
            if isinstance(event, MessageStart):
                self._has_identity = True
                self._id, self._model = event.id or self._id, event.model or self._model

    def _say(self, head: bytes, text: str) -> None:
        letters = msgspec.json.encode(text)[1:-1]
        if self._letters and head is not self._head:
            self._end_text()
        self._head = head
        self._letters.append(letters)

    def _end_text(self) -> None:
        if self._letters:
            self._parts.append(self._head + b"".join(self._letters) + b'"}')
            self._letters = []

    def _write_rare(self, event: Event) -> None:
        part = b""
        match event:
            case BlockStart(kind="redacted"):
                part = redacted_part(event)
            case BlockStart(index):
                self._starts[index] = event
            case Signature(index, value):
                part = signature_part(self.state.blocks[index], value)
            case BlockStop(index) if index in self._starts:
                block, start = self.state.blocks[index], self._starts[index]
                part = whole_part(block, start)
                self._consulted.ran(block, start)
                del self._starts[index]
            case Citation():
                self._consulted.cited(event)
            case Extra("gemini.candidate", name, raw):
                self._extras[name] = raw
            case _:
                pass
        self._end_text()
        if part:
            self._parts.append(part)

    def _last(self) -> bytes:
        stop = self.state.stop
        fields = [f',"finishReason":"{finish_reason(stop) if stop else "STOP"}"']
        if stop and stop.explanation:
            fields.append(f',"finishMessage":{json_text(stop.explanation)}')
        if stop and stop.continuation_token:
            fields.append(f',"continuationToken":{json_text(stop.continuation_token)}')
        metadata = self._consulted.metadata(self.state.blocks)
        if metadata and "groundingMetadata" not in self._extras:
            fields.append(f',"groundingMetadata":{json_text(metadata)}')
        fields += [f',"{name}":{raw.decode()}' for name, raw in self._extras.items()]
        last = self._chunk(self._parts or [_NOTHING_SAID], "".join(fields))
        return last + b"]" if self._is_array else last

    def _chunk(self, parts: list[bytes], fields: str) -> bytes:
        usage = usage_metadata(self.state.usage)
        counts = ""
        if usage and (fields or usage != self._told_usage):
            self._told_usage = usage
            counts = f',"usageMetadata":{json_text(usage)}'
        return self._framed(
            b'{"candidates":[{"content":{"parts":['
            + b",".join(parts)
            + (
                f'],"role":"model"}}{fields},"index":0}}]{counts},'
                f'"modelVersion":{json_text(self._model)},"responseId":{json_text(self._id)}}}'
            ).encode()
        )

    def _framed(self, data: bytes) -> bytes:
        if not self._is_array:
            return frame(data)
        before = b",\r\n" if self._is_open else b"["
        self._is_open = True
        return before + data


def _reads_data_only(headers: Mapping[str, str]) -> bool:
    """Is it ``@google/generative-ai``, whose parser stops at the first line that is no data event?"""
    return "genai-js/" in headers.get("x-goog-api-client", "")
