"""Events, as a chat completions stream for the client.

PURE. The first chunk has the role, then deltas, a chunk with ``finish_reason``, the usage where it was
asked for, ``[DONE]``. Thinking goes out as ``reasoning_content``, and images as ``images``: vendors'
extensions that OpenAI's own types leave room for. Signatures have no place here: the cache keeps them. Other
media than images and sound are named in the text. A custom tool gets its text in one piece.
"""

from functools import cached_property

import msgspec

from relay.dialects.errors.identified import identified
from relay.dialects.interface import EncoderOptions, ErrorAnswer
from relay.dialects.json_object import json_object
from relay.dialects.openai.chat.requests.client_shapes import CallForm, custom_tools
from relay.dialects.openai.citations import url_citation
from relay.dialects.openai.errors import KEEP_ALIVE, NO_ANSWER, error_in_stream
from relay.dialects.openai.requests.custom_tools import text_of
from relay.dialects.openai.usage import chat_usage
from relay.dialects.reading.half_characters import any_object
from relay.dialects.stream_encoder import CannotSay, StreamEncoder
from relay.dialects.translation.media_note import media_note
from relay.neutral.block import OpenBlock
from relay.neutral.conversation import Json
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Chunk,
    Citation,
    Event,
    MessageStart,
    StopReason,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.sse import SseParser

_json = msgspec.json.encode

_FINISH_REASONS: dict[StopReason, str] = {
    "max_tokens": "length",
    "context_window": "length",
    "continuation": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""Everything else is ``stop`` (docs/wire.md section 5)."""


class ChatEncoder(StreamEncoder):
    """One answer."""

    def __init__(self, options: EncoderOptions) -> None:
        """Nothing told yet."""
        super().__init__(options.message_id)
        self._options = options
        self._is_forwarding = False
        self._head = b""
        self._tail = b',"finish_reason":null}]' + self._no_usage + b"}\n\n"
        self._has_role = self._has_text = False
        self._calls: dict[int, int] = {}  # block index -> position among the tool calls
        self._custom: dict[int, tuple[int, CallForm]] = {}  # the same of custom tools, and how each is read
        self._images = 0
        self._citations: list[Citation] = []

    def passed(self, chunk: Chunk) -> bytes:
        """Upstream's own bytes; the usage chunk, which we always ask for, only for who asked for it too."""
        self._is_forwarding = self._has_role = True
        self._has_text = self._has_text or any(type(event) is TextDelta for event in chunk.events)
        if not self._options.include_usage and any(type(event) is Usage for event in chunk.events):
            return _without_usage(chunk.raw)
        return chunk.raw

    def begin(self) -> None:
        """How each chunk begins is the same for all of them."""
        if not self._head:
            self._head = self._opening() + b'"choices":[{"index":0,"delta":'

    def write(self, event: Event, out: list[bytes]) -> None:
        """The client's bytes for ``event``; raises CannotSay."""
        kind = type(event)
        if kind is TextDelta:
            self._text(event, out)  # type: ignore[arg-type]
        elif kind is ThinkingDelta:
            self._put(b'{"reasoning_content":' + _json(event.text) + b"}", out)  # type: ignore[union-attr]
        elif kind is ArgumentsDelta:
            self._arguments(event.index, event.json, out)  # type: ignore[union-attr]
        elif kind is not Usage:  # told out of the state; some upstreams send one with every event
            self._rare(event, out)

    def error(self, answer: ErrorAnswer) -> bytes:
        """The one error event that ends a broken answer, without ``[DONE]``."""
        return b"data: " + _json({"error": error_in_stream(answer)}) + b"\n\n"

    def identified(self, told: Json, upstreams_id: str) -> Json:
        """Upstream's error with our request id."""
        error = told.get("error")
        if not isinstance(error, dict):
            return told
        return {**told, "error": identified(error, self._request_id, upstreams_id)}

    def keep_alive(self) -> bytes:
        """A comment line."""
        return KEEP_ALIVE

    @property
    def _no_usage(self) -> bytes:
        return b',"usage":null' if self._options.include_usage else b""

    def _opening(self) -> bytes:
        """How each chunk begins; an answer that upstream began keeps upstream's id and model."""
        options = self._options
        identity, model = f"chatcmpl-{options.message_id}", options.model
        if self._is_forwarding:
            identity, model = self.state.message_id, self.state.model
        head = {
            "id": identity,
            "object": "chat.completion.chunk",
            "created": options.created_at,
            "model": model,
        }
        return b"data: " + _json(head)[:-1] + b","

    def _put(self, delta: bytes, out: list[bytes]) -> None:
        if not self._has_role:
            self._has_role = True
            out += (self._head, b'{"role":"assistant","content":null}', self._tail)
        out += (self._head, delta, self._tail)

    def _text(self, event: TextDelta, out: list[bytes]) -> None:
        is_refusal = self.state.blocks[event.index].kind == "refusal"
        name = b'{"refusal":' if is_refusal else b'{"content":'
        self._has_text = self._has_text or not is_refusal
        self._put(name + _json(event.text) + b"}", out)

    def _arguments(self, index: int, fragment: str, out: list[bytes]) -> None:
        position = self._calls.get(index)
        if position is not None:
            head = b'{"tool_calls":[{"index":%d,"function":{"arguments":' % position
            self._put(head + _json(fragment) + b"}}]}", out)

    def _rare(self, event: Event, out: list[bytes]) -> None:
        match event:
            case MessageStart() if not self._has_role:
                self._has_role = True
                out += (self._head, b'{"role":"assistant","content":null}', self._tail)
            case BlockStart(kind="tool_call"):
                self._start_call(event, out)
            case BlockStart(kind="media"):
                self._media(event.payload, out)
            case BlockStop():
                block = self.state.blocks[event.index]
                if block.kind == "tool_call" and event.index in self._custom:
                    self._input(event.index, text_of(block.text), out)
                elif block.kind == "tool_call" and not block.pieces:
                    self._arguments(event.index, "{}", out)
            case Citation() if event.url:
                self._citations.append(event)
            case Terminal():
                self._finish(out)
            case _:
                pass

    def _start_call(self, event: BlockStart, out: list[bytes]) -> None:
        position = len(self._calls) + len(self._custom)
        form = self._custom_tools.get(event.name)
        if form is None:
            self._calls[event.index] = position
        else:
            self._custom[event.index] = position, form
        kind, holder = (form, "input") if form == "custom" else ("function", "arguments")
        call = {"index": position, "id": event.id, "type": kind, kind: {"name": event.name, holder: ""}}
        self._put(_json({"tool_calls": [call]}), out)

    def _input(self, index: int, text: str, out: list[bytes]) -> None:
        position, form = self._custom[index]
        told = {form: {"input" if form == "custom" else "arguments": text}}
        self._put(_json({"tool_calls": [{"index": position, **told}]}), out)

    @cached_property
    def _custom_tools(self) -> dict[str, CallForm]:
        return custom_tools(self._options.request)

    def _media(self, payload: bytes, out: list[bytes]) -> None:
        media = json_object(payload) or {}
        kind, data = str(media.get("media_type") or ""), str(media.get("data") or "")
        if kind.startswith("image/"):
            url = media.get("url") or f"data:{kind};base64,{data}"
            image = {"index": self._images, "type": "image_url", "image_url": {"url": url}}
            self._images += 1
            self._put(_json({"images": [image]}), out)
        elif kind.startswith("audio/") and data:
            identity = f"audio_{self._options.message_id}"
            sound = {"id": identity, "data": data, "expires_at": self._options.created_at, "transcript": ""}
            self._put(_json({"audio": sound}), out)
        else:
            note = media_note(payload)
            self.left_out.append(note)
            apart = "\n\n" if self._has_text else ""
            self._has_text = True
            self._put(b'{"content":' + _json(f"{apart}[{note}]") + b"}", out)

    def _finish(self, out: list[bytes]) -> None:
        """The end. Citations go out in one piece: the SDK cannot join a list that comes in two."""
        stop, reason = self.state.stop, "stop"
        if stop is not None:
            if stop.reason in NO_ANSWER:
                raise CannotSay(f"upstream gave up its own answer: {stop.upstream_reason}")
            reason = _FINISH_REASONS.get(stop.reason, "stop")
            if stop.reason == "refusal":
                if any(block.kind == "refusal" for block in self.state.blocks):
                    reason = "stop"  # how OpenAI ends a refusal in words
                elif stop.explanation:
                    self._put(_json({"refusal": stop.explanation}), out)
        if self._citations:
            places = _places(self.state.blocks)
            annotations = [
                {"type": "url_citation", "url_citation": url_citation(citation, *places[citation.index])}
                for citation in self._citations
            ]
            self._put(_json({"annotations": annotations}), out)
        out += (self._head, b'{},"finish_reason":', _json(reason), b"}]", self._no_usage, b"}\n\n")
        if self._options.include_usage:
            usage = {"choices": [], "usage": chat_usage(self.state.usage)}
            out += (self._opening(), _json(usage)[1:], b"\n\n")
        out.append(b"data: [DONE]\n\n")


def _places(blocks: list[OpenBlock]) -> list[tuple[int, int]]:
    """Where each block stands in the text, and how long it is: what a citation cites, for none tells more."""
    places: list[tuple[int, int]] = []
    before = 0
    for block in blocks:
        length = sum(map(len, block.pieces))
        places.append((before, length))
        before += length if block.kind == "text" else 0
    return places


def _without_usage(raw: bytes) -> bytes:
    """``raw`` without its event that has usage and no choice; usage beside a choice stays."""
    kept = []
    for event in SseParser(len(raw) + 1).feed(raw):
        data = event.data
        if data is None or data == b"[DONE]" or (any_object(data) or {}).get("choices"):
            kept.append(event.raw)
    return b"".join(kept)
