"""Events to a Gemini client's bytes, as SSE or as one JSON array.

PURE. Every chunk is a whole GenerateContentResponse with at least one part: google-genai's chats drop a turn
that holds a chunk without. What arrives in one call leaves as one chunk. Arguments are collected, for a
function call is one part.
"""

from collections.abc import Iterable, Mapping

import msgspec

from relay.dialects.gemini.carried_signatures import redacted_to_client, to_client
from relay.dialects.gemini.citations import grounding_metadata
from relay.dialects.gemini.errors import error_event
from relay.dialects.gemini.fields import json_text
from relay.dialects.gemini.finish_reasons import finish_reason
from relay.dialects.gemini.framing import frame
from relay.dialects.gemini.usage import usage_metadata
from relay.dialects.interface import EncoderOptions, ErrorAnswer
from relay.neutral.block import OpenBlock
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
    StreamState,
    Terminal,
    TextDelta,
    ThinkingDelta,
)
from relay.neutral.failures import Failure
from relay.neutral.sse import SseParser

_OWN_PARTS = frozenset(
    {"executableCode", "codeExecutionResult", "toolCall", "toolResponse", "fileData", "audioTranscription"}
)


class GeminiEncoder:
    """See ``relay.dialects.interface.Encoder``."""

    def __init__(self, options: EncoderOptions) -> None:
        """Nothing was said yet."""
        self.state = StreamState()
        self.gap: Failure | None = None
        self.fault: Exception | None = None
        self._is_array = options.form == "array"
        self._reads_data_only = not self._is_array and _reads_data_only(options.headers)
        self._is_open = self._is_over = False
        self._id, self._model = options.message_id, options.model
        self._told_usage: Json = {}
        self._payloads: dict[int, bytes] = {}
        self._citations: list[Citation] = []
        self._extras: dict[str, bytes] = {}
        self._events = SseParser()

    def forward(self, chunk: Chunk) -> bytes:
        """Upstream's own chunks, unchanged; in the array form each is an element."""
        self.state.fold(chunk.events)
        self._id = self.state.message_id or self._id
        self._model = self.state.model or self._model
        if not self._is_array:
            return chunk.raw
        out = [self._framed(event.data) for event in self._events.feed(chunk.raw) if event.data is not None]
        if chunk.events and self._is_open and _ends(chunk.events[-1]):
            out.append(self._closed())
        return b"".join(out)

    def encode(self, events: Iterable[Event]) -> bytes:
        """One chunk for all that ``events`` say."""
        events = [event for event in events if not self._is_repeated(event)]
        if self._is_over:
            return b""
        self.state.fold(events)
        parts: list[str] = []
        texts: list[str] = []
        kind: type[TextDelta] | type[ThinkingDelta] = TextDelta
        for event in events:
            if type(event) is TextDelta or type(event) is ThinkingDelta:
                kind = type(event)  # one block's: the next begins with an event of another type
                texts.append(event.text)
                continue
            if texts:
                parts.append(_text(kind, texts))
                texts = []
            part = self._part(event)
            if part:
                parts.append(part)
        if texts:
            parts.append(_text(kind, texts))
        if self.state.terminal:
            return self._last(parts)
        return self._chunk(parts, "") if parts else b""

    def keep_alive(self) -> bytes:
        """A blank line: white space to both forms, where a comment would break google-genai.

        A client that reads nothing but data gets an object that says nothing.
        """
        return frame(b"{}") if self._reads_data_only else b"\r\n"

    def fail(self, answer: ErrorAnswer) -> bytes:
        """The error object, alone or as the array's last element.

        A client that reads nothing but data takes the error for an answer that says nothing; what it cannot
        read, behind it, keeps it from taking the broken answer for a whole one.
        """
        error = self._framed(error_event(answer))
        if self._reads_data_only:
            return error + b": the answer is incomplete\r\n\r\n"
        return error + self._closed() if self._is_array else error

    def _is_repeated(self, event: Event) -> bool:
        return type(event) is MessageStart and bool(self.state.message_id or self.state.model)

    def _part(self, event: Event) -> str:
        """The part that ``event`` completes, "" for none."""
        match event:
            case BlockStart(index, "redacted", _, _, payload):
                data = str(msgspec.json.decode(payload).get("data", ""))
                return json_text({"thought": True, "text": "", "thoughtSignature": redacted_to_client(data)})
            case BlockStart(index, _, _, _, payload):
                self._payloads[index] = payload
            case Signature(index, value):
                block = self.state.blocks[index]
                if block.kind in ("text", "thinking", "refusal"):
                    part: Json = {"thought": True} if block.kind == "thinking" else {}
                    return json_text({**part, "text": "", "thoughtSignature": to_client(value)})
            case BlockStop(index):
                return self._whole_part(self.state.blocks[index], self._payloads.pop(index, b""))
            case Citation():
                self._citations.append(event)
            case Extra("gemini.candidate", name, raw):
                self._extras[name] = raw
            case _:
                pass
        return ""

    def _whole_part(self, block: OpenBlock, payload: bytes) -> str:
        """The part of a block that is told at its end."""
        signed = f',"thoughtSignature":{json_text(to_client(block.signature))}' if block.signature else ""
        match block.kind:
            case "tool_call":
                arguments = block.text or "{}"
                if not _is_object(arguments):
                    return ""  # cut by the token limit: half a call cannot be said in this dialect
                identity = f'"id":{json_text(block.id)},' if block.id else ""
                name = json_text(block.name)
                return f'{{"functionCall":{{{identity}"name":{name},"args":{arguments}}}{signed}}}'
            case "media":
                media = msgspec.json.decode(payload)
                data = {"mimeType": media.get("media_type", ""), "data": media.get("data", "")}
                return f'{{"inlineData":{json_text(data)}{signed}}}'
            case "server_call" | "server_result" | "opaque" if _is_own_part(payload):
                return payload.decode().rstrip()[:-1] + signed + "}"
            case _:
                return ""

    def _last(self, parts: list[str]) -> bytes:
        self._is_over = True
        stop = self.state.stop
        fields = [f',"finishReason":"{finish_reason(stop) if stop else "STOP"}"']
        if stop and stop.explanation:
            fields.append(f',"finishMessage":{json_text(stop.explanation)}')
        if stop and stop.continuation_token:
            fields.append(f',"continuationToken":{json_text(stop.continuation_token)}')
        if self._citations and "groundingMetadata" not in self._extras:
            cited = [(self.state.blocks[citation.index].text, citation) for citation in self._citations]
            fields.append(f',"groundingMetadata":{json_text(grounding_metadata(cited))}')
        fields += [f',"{name}":{raw.decode()}' for name, raw in self._extras.items()]
        last = self._chunk(parts or ['{"text":""}'], "".join(fields))
        return last + self._closed() if self._is_array else last

    def _chunk(self, parts: list[str], fields: str) -> bytes:
        usage = usage_metadata(self.state.usage)
        counts = ""
        if usage and (fields or usage != self._told_usage):
            self._told_usage = usage
            counts = f',"usageMetadata":{json_text(usage)}'
        chunk = (
            f'{{"candidates":[{{"content":{{"parts":[{",".join(parts)}],"role":"model"}}{fields},"index":0}}]'
            f'{counts},"modelVersion":{json_text(self._model)},"responseId":{json_text(self._id)}}}'
        )
        return self._framed(chunk.encode())

    def _framed(self, data: bytes) -> bytes:
        if not self._is_array:
            return frame(data)
        before = b",\r\n" if self._is_open else b"["
        self._is_open = True
        return before + data

    def _closed(self) -> bytes:
        self._is_over = True
        return b"]"


def _reads_data_only(headers: Mapping[str, str]) -> bool:
    """Is it ``@google/generative-ai``, whose parser stops at the first line that is no data event?"""
    return "genai-js/" in headers.get("x-goog-api-client", "")


def _text(kind: type[TextDelta] | type[ThinkingDelta], texts: list[str]) -> str:
    said = json_text(texts[0] if len(texts) == 1 else "".join(texts))
    return f'{{"text":{said}}}' if kind is TextDelta else f'{{"thought":true,"text":{said}}}'


def _ends(event: Event) -> bool:
    """Is the answer over with ``event``, by upstream's own words that were forwarded?"""
    return isinstance(event, Terminal) or (isinstance(event, Failed) and event.failure.from_upstream_event)


def _is_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except msgspec.DecodeError:
        return False


def _is_own_part(payload: bytes) -> bool:
    return _is_object(payload.decode()) and not _OWN_PARTS.isdisjoint(msgspec.json.decode(payload))
