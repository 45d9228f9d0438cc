"""Events as an Anthropic client reads them.

PURE. Strict, for the SDKs' accumulators are: message_start once, with usage; blocks with rising indexes,
each opened and closed once; one signature_delta right before a thinking block closes; message_delta and
message_stop only when upstream's own terminal event came. What a Messages answer has no place for is
counted in ``dropped``. But an image or sound that the model made *is* the answer: to leave it out or to
describe it would be pretending, so there the stream ends with an explicit error (``state.failure``).
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from relay.dialects.anthropic.block_start import kind_of
from relay.dialects.anthropic.errors import KEEP_ALIVE, error_event
from relay.dialects.anthropic.inspection import hides_thinking
from relay.dialects.anthropic.stop_reasons import message_delta
from relay.dialects.anthropic.usage import write_usage
from relay.dialects.anthropic.wire import WHERE
from relay.dialects.interface import EncoderOptions, ErrorAnswer
from relay.dialects.json_object import json_object
from relay.neutral.block import BlockKind
from relay.neutral.conversation import Json
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Chunk,
    Citation,
    Event,
    Extra,
    MessageStart,
    Signature,
    StreamState,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.failures import Failure, Kind

_DELTA_FIELDS: dict[BlockKind, tuple[str, str]] = {
    "text": ("text_delta", "text"),
    "refusal": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_call": ("input_json_delta", "partial_json"),
    "server_call": ("input_json_delta", "partial_json"),
}
_MESSAGE_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_DELTA_END = b"}}\n\n"


class _WireBlock(msgspec.Struct, gc=False):
    """A block that the client knows: its index there, and what stands before the text of its deltas."""

    index: int
    kind: BlockKind
    delta_start: bytes
    signature: str = ""


class AnthropicEncoder:
    """One answer."""

    def __init__(self, options: EncoderOptions) -> None:
        """The client has been told nothing yet."""
        self.state = StreamState()
        self.gap: Failure | None = None
        self.fault: Exception | None = None
        self.dropped: Counter[str] = Counter()
        self._options = options
        self._shows_thinking = not hides_thinking(options.request)
        # By the index of the neutral block; None where the client never heard of it.
        self._blocks: list[_WireBlock | None] = []
        # Texts that began and said nothing yet. The API refuses an empty text when it comes back.
        self._silent: set[int] = set()
        self._next_index = 0
        self._has_started = False
        self._is_over = False

    def forward(self, chunk: Chunk) -> bytes:
        """Upstream's own bytes."""
        if chunk.raw:
            self._has_started = True
        self.state.fold(chunk.events)
        failure = self.state.failure
        if self.state.terminal or (failure is not None and failure.from_upstream_event):
            self._is_over = True
        return chunk.raw

    def encode(self, events: Iterable[Event]) -> bytes:
        """The client's bytes; message_start waits for the usage that comes together with it."""
        if self._is_over:
            return b""
        batch = list(events)
        for block in self.state.blocks[len(self._blocks) :]:  # those that were forwarded
            self._blocks.append(self._new_block(block.kind))
        self.state.fold(batch)
        out: list[bytes] = []
        for event in batch:
            kind = type(event)
            if kind is TextDelta or kind is ThinkingDelta:
                self._write_delta(event.index, event.text, out)  # type: ignore[union-attr]
            elif kind is ArgumentsDelta:
                self._write_delta(event.index, event.json, out)  # type: ignore[union-attr]
            elif kind is not Usage:  # told out of the state; some upstreams send one with every event
                self._write_rare(event, out)
                if self._is_over:
                    break
        if self.state.message_id and not self._is_over:
            self._start(out)
        return b"".join(out)

    def keep_alive(self) -> bytes:
        """A ping, which the SDKs take anywhere, even before message_start."""
        return KEEP_ALIVE

    def fail(self, answer: ErrorAnswer) -> bytes:
        """The error event; b"" when the answer has its end already."""
        if self._is_over:
            return b""
        self._is_over = True
        return error_event(answer)

    def _write_delta(self, index: int, text: str, out: list[bytes]) -> None:
        block = self._blocks[index] or self._spoken(index, out)
        if block is not None:
            out += (block.delta_start, msgspec.json.encode(text), _DELTA_END)

    def _spoken(self, index: int, out: list[bytes]) -> _WireBlock | None:
        """A text that waited for its first word opens; None for a block that the client never hears of."""
        if index not in self._silent:
            return None
        self._silent.discard(index)
        self._start(out)
        block = self._blocks[index] = self._new_block(self.state.blocks[index].kind)
        content = {"type": "text", "text": ""}
        body = {"type": "content_block_start", "index": block.index, "content_block": content}
        out.append(_event("content_block_start", body))
        return block

    def _write_rare(self, event: Event, out: list[bytes]) -> None:
        match event:
            case BlockStart():
                self._open_block(event, out)
            case BlockStop():
                self._close_block(event, out)
            case Signature():
                block = self._blocks[event.index]
                if block is not None:
                    block.signature = event.value
            case Citation():
                self._cite(event, out)
            case Extra():
                self._write_extra(event, out)
            case Terminal():
                self._end(out)
            case MessageStart() | _:
                pass  # told by message_start and message_delta, out of the state; or nothing for a client

    def _start(self, out: list[bytes]) -> None:
        if self._has_started:
            return
        self._has_started = True
        message: Json = {
            "id": f"msg_{self._options.message_id}",
            "type": "message",
            "role": "assistant",
            "model": self._options.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
            "usage": write_usage(self.state.usage),
        }
        out.append(_event("message_start", {"type": "message_start", "message": message}))

    def _new_block(self, kind: BlockKind) -> _WireBlock:
        index = self._next_index
        self._next_index += 1
        what, field = _DELTA_FIELDS.get(kind, ("", ""))
        delta_start = (
            'event: content_block_delta\ndata: {"type":"content_block_delta",'
            f'"index":{index},"delta":{{"type":"{what}","{field}":'
        )
        return _WireBlock(index, kind, delta_start.encode())

    def _open_block(self, start: BlockStart, out: list[bytes]) -> None:
        match start.kind:
            case "thinking" | "redacted" if not self._shows_thinking:
                self._blocks.append(None)
                return
            case "text" | "refusal":
                self._silent.add(start.index)
                self._blocks.append(None)
                return
            case "thinking":
                content: object = {"type": "thinking", "thinking": "", "signature": ""}
            case "redacted":
                content = {"type": "redacted_thinking", **(json_object(start.payload) or {})}
            case "tool_call":
                content = {"type": "tool_use", "id": start.id, "name": start.name, "input": {}}
            case "server_call" | "server_result" if _is_own(start):
                content = msgspec.Raw(start.payload)
            case "media":
                what = (json_object(start.payload) or {}).get("media_type", "media")
                self._give_up(f"the model answered with {what}, which a Messages answer cannot carry", out)
                return
            case _:
                self.dropped[start.kind] += 1
                self._blocks.append(None)
                return
        self._start(out)
        block = self._new_block(start.kind)
        self._blocks.append(block)
        body = {"type": "content_block_start", "index": block.index, "content_block": content}
        out.append(_event("content_block_start", body))

    def _close_block(self, stop: BlockStop, out: list[bytes]) -> None:
        block = self._blocks[stop.index]
        if block is None:
            self._silent.discard(stop.index)
            return
        if block.kind == "thinking":
            signature = block.signature or self._options.handle(stop.index)
            self._write_own_delta(block, {"type": "signature_delta", "signature": signature}, out)
        body = {"type": "content_block_stop", "index": block.index}
        out.append(_event("content_block_stop", body))

    def _cite(self, cited: Citation, out: list[bytes]) -> None:
        own = json_object(cited.raw) or {}
        is_said = bool(cited.url) or _is_location(own)
        block = (self._blocks[cited.index] or self._spoken(cited.index, out)) if is_said else None
        if block is None:
            self.dropped["citation"] += 1
            return
        # The index is an empty string: what upstream encrypted there only Anthropic itself can know.
        location = {
            "type": "web_search_result_location",
            "url": cited.url,
            "title": cited.title or None,
            "encrypted_index": "",
            "cited_text": cited.cited_text,
        }
        citation = own if _is_location(own) else location
        self._write_own_delta(block, {"type": "citations_delta", "citation": citation}, out)

    def _write_extra(self, extra: Extra, out: list[bytes]) -> None:
        """What only this dialect says: again as it came, a delta at the block that is open."""
        if extra.where != WHERE or not extra.raw:
            self.dropped[f"{extra.where}: {extra.name}"] += 1
        elif extra.name != "content_block_delta":
            out += (b"event: ", extra.name.encode(), b"\ndata: ", extra.raw, b"\n\n")
        elif self._blocks and (block := self._blocks[-1] or self._spoken(len(self._blocks) - 1, out)):
            self._write_own_delta(block, msgspec.Raw(extra.raw), out)

    def _write_own_delta(self, block: _WireBlock, delta: object, out: list[bytes]) -> None:
        body = {"type": "content_block_delta", "index": block.index, "delta": delta}
        out.append(_event("content_block_delta", body))

    def _end(self, out: list[bytes]) -> None:
        stop = self.state.stop
        body = message_delta(stop, has_content=self._next_index > 0) if stop is not None else None
        if body is None:
            said = (stop.explanation or stop.upstream_reason) if stop is not None else "no reason told"
            self._give_up(f"upstream gave up its own answer: {said}", out)
            return
        self._start(out)
        out.append(_event("message_delta", {**body, "usage": write_usage(self.state.usage)}))
        out.append(_MESSAGE_STOP)
        self._is_over = True

    def _give_up(self, why: str, out: list[bytes]) -> None:
        self.gap = self.state.failure = Failure(Kind.MALFORMED_ANSWER, why, status=500)
        self.state.terminal = False
        self._is_over = True
        out.append(error_event(ErrorAnswer(500, why, "")))


def _event(name: str, body: object) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(body) + b"\n\n"


def _is_own(start: BlockStart) -> bool:
    """Is the block's payload an Anthropic content block, and not another dialect's object?"""
    block_type = (json_object(start.payload) or {}).get("type")
    return isinstance(block_type, str) and kind_of(block_type) == start.kind


def _is_location(citation: dict[str, object]) -> bool:
    """Is this Anthropic's own citation? All five of its types end like that."""
    return str(citation.get("type", "")).endswith("_location")
