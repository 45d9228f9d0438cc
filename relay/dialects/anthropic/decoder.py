"""What an Anthropic upstream streams, as events.

PURE. Whole SSE events only, in one pass; their bytes travel along unchanged for a client of the same
dialect. Unknown events, blocks and fields never break anything; what breaks the protocol becomes
``Failed`` and not an exception. The order is that of the Messages API: message_start, per block
content_block_start, content_block_delta …, content_block_stop, then message_delta, message_stop.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from relay.dialects.anthropic.block_start import citation, start_events
from relay.dialects.anthropic.errors import failure_of_event
from relay.dialects.anthropic.stop_reasons import CUTS_ARGUMENTS, stop_of
from relay.dialects.anthropic.usage import read_usage
from relay.dialects.anthropic.wire import DELTA_EVENT, WHERE, Delta
from relay.dialects.interface import DecoderOptions
from relay.dialects.json_object import json_object
from relay.neutral.block import BlockKind
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Chunk,
    Event,
    Extra,
    Failed,
    Heartbeat,
    MessageStart,
    Signature,
    Terminal,
    TextDelta,
    ThinkingDelta,
)
from relay.neutral.failures import Failure, Kind
from relay.neutral.sse import EventTooLarge, SseEvent, SseParser

_HEARTBEAT = Heartbeat()


class _Broken(Exception):
    """The stream is broken here, and the client must not see this event; ``failure`` says how."""

    def __init__(self, message: str, failure: Failure | None = None) -> None:
        super().__init__(message)
        self.failure = failure or Failure(Kind.GARBAGE, message)


class _Block(msgspec.Struct, gc=False):
    """A block as upstream builds it: a tool call's arguments in ``pieces``, or all in ``first_input``."""

    kind: BlockKind
    first_input: Any
    pieces: list[str]
    is_open: bool = True


class AnthropicDecoder:
    """One upstream stream."""

    def __init__(self, options: DecoderOptions) -> None:
        """Nothing read yet."""
        self.bent: list[str] = []
        self._options = options
        self._parser = SseParser()
        self._blocks: list[_Block] = []
        self._has_started = False
        self._has_stopped = False
        self._is_over = False
        self._raw: list[bytes] = []
        # The bytes since a tool call was closed whose JSON does not parse: the next event says why.
        self._held: list[bytes] | None = None
        self._held_block = -1

    def feed(self, data: bytes) -> Chunk:
        """What ``data`` completes."""
        if self._is_over:
            return Chunk(b"", [])
        try:
            found = self._parser.feed(data)
        except EventTooLarge as error:
            self._is_over = True
            return Chunk(b"", [Failed(Failure(Kind.GARBAGE, str(error)))])
        return self._chunk(found)

    def finish(self) -> Chunk:
        """An event that lacks only its blank line, which is put behind its bytes. Half an event is none."""
        if self._is_over:
            return Chunk(b"", [])
        whole = [event for event in self._parser.finish() if json_object(event.data or b"") is not None]
        chunk = self._chunk(whole)
        self._is_over = True
        if not chunk.raw:
            return chunk
        return Chunk(chunk.raw + (b"\n" if chunk.raw.endswith(b"\n") else b"\n\n"), chunk.events)

    def _chunk(self, found: Iterable[SseEvent]) -> Chunk:
        self._raw = []
        events: list[Event] = []
        for event in found:
            try:
                self._take(event, events)
            except _Broken as broken:
                events.append(Failed(broken.failure))
                self._is_over = True
                break
            (self._raw if self._held is None else self._held).append(event.raw)
            if self._is_over:
                break
        return Chunk(b"".join(self._raw), events)

    def _take(self, event: SseEvent, events: list[Event]) -> None:
        data = event.data
        if not data:  # a comment, a blank line, or an empty data line, which the SDKs skip as well
            events.append(_HEARTBEAT)
            return
        if event.name == "content_block_delta" and self._held is None:
            try:
                told = DELTA_EVENT.decode(data)
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                pass  # a delta of a new shape, or no JSON: looked at more patiently below
            else:
                if told.type == "content_block_delta" and self._take_usual(told.index, told.delta, events):
                    return
        body = json_object(data)
        if body is None:
            raise _Broken("upstream sent data that is no JSON object")
        self._take_rare(event, body, events)

    def _take_usual(self, index: int, delta: Delta, events: list[Event]) -> bool:
        """One of the three deltas that make up nearly all of a stream; False when it is none of them."""
        block = self._open_block(index)
        match delta.type, block.kind:
            case "text_delta", "text" if delta.text is not None:
                if delta.text:
                    events.append(TextDelta(index, delta.text))
            case "thinking_delta", "thinking" if delta.thinking is not None:
                if delta.thinking:
                    events.append(ThinkingDelta(index, delta.thinking))
            case "input_json_delta", "tool_call" | "server_call" if delta.partial_json is not None:
                if delta.partial_json:
                    block.pieces.append(delta.partial_json)
                    events.append(ArgumentsDelta(index, delta.partial_json))
            case _:
                return False
        return True

    def _take_rare(self, event: SseEvent, body: dict[str, Any], events: list[Event]) -> None:
        name = body.get("type")
        if name == "ping":
            events.append(_HEARTBEAT)
            return
        if name == "error" or (isinstance(body.get("error"), dict) and name is None):
            self._held = None
            self._fail(event, body, events)
            return
        if self._held is not None:
            self._release(body, events)
        if not self._has_started and name in _AFTER_MESSAGE_START:
            raise _Broken(f"{name} came before message_start")
        match name:
            case "content_block_delta":
                self._take_delta(body, events)
            case "content_block_start":
                self._start_block(body, events)
            case "content_block_stop":
                self._stop_block(body, events)
            case "message_start":
                self._start(body, events)
            case "message_delta":
                self._stop(body, events)
            case "message_stop":
                self._end(events)
            case _:
                events.append(Extra(WHERE, name if isinstance(name, str) else event.name, event.data or b""))

    def _start(self, body: dict[str, Any], events: list[Event]) -> None:
        message = body.get("message")
        if self._has_started:
            raise _Broken("a second message_start")
        if not isinstance(message, dict):
            raise _Broken("message_start without a message")
        self._has_started = True
        identity, model = message.get("id"), message.get("model")
        events.append(
            MessageStart(
                identity if isinstance(identity, str) else "", model if isinstance(model, str) else ""
            )
        )
        events.append(read_usage(message.get("usage")))

    def _start_block(self, body: dict[str, Any], events: list[Event]) -> None:
        index, content = body.get("index"), body.get("content_block")
        if type(index) is not int or index != len(self._blocks) or not isinstance(content, dict):
            raise _Broken(f"content block {index} began out of order or without content")
        opening = start_events(index, content, self._options.family, self._options.call_id_seed)
        start = opening[0]
        assert isinstance(start, BlockStart)
        self._blocks.append(_Block(start.kind, content.get("input"), []))
        events += opening

    def _take_delta(self, body: dict[str, Any], events: list[Event]) -> None:
        """A delta that is not one of the usual three, or whose JSON needed patience."""
        index, delta = body.get("index"), body.get("delta")
        if type(index) is not int or not isinstance(delta, dict):
            raise _Broken("content_block_delta without index or delta")
        block = self._open_block(index)
        try:
            if self._take_usual(index, msgspec.convert(delta, Delta), events):
                return
        except msgspec.ValidationError:
            pass
        match delta.get("type"), block.kind:
            case "signature_delta", "thinking" if isinstance(delta.get("signature"), str):
                if delta["signature"]:
                    events.append(Signature(index, delta["signature"], self._options.family))
            case "citations_delta", "text" if isinstance(delta.get("citation"), dict):
                events.append(citation(index, delta["citation"]))
            case "text_delta" | "thinking_delta" | "input_json_delta" | "signature_delta", _ if (
                block.kind != "opaque"
            ):
                raise _Broken(f"{delta['type']} does not fit into the {block.kind} block {index}")
            case _:
                events.append(Extra(WHERE, "content_block_delta", msgspec.json.encode(delta)))

    def _stop_block(self, body: dict[str, Any], events: list[Event]) -> None:
        index = body.get("index")
        if type(index) is not int:
            raise _Broken("content_block_stop without index")
        block = self._open_block(index)
        block.is_open = False
        if block.kind in ("tool_call", "server_call") and not block.pieces and block.first_input:
            piece = msgspec.json.encode(block.first_input).decode()
            block.pieces.append(piece)
            events.append(ArgumentsDelta(index, piece))
        if block.kind == "tool_call" and not self._options.takes_partial_arguments:
            arguments = "".join(block.pieces)
            if arguments and json_object(arguments) is None:
                self._held, self._held_block = [], index
                return
        events.append(BlockStop(index))

    def _release(self, body: dict[str, Any], events: list[Event]) -> None:
        """Let the held end of a tool call go: its JSON is cut, but so is the answer, and upstream says it."""
        delta = body.get("delta")
        stop_reason = delta.get("stop_reason") if isinstance(delta, dict) else None
        held, self._held = self._held or [], None
        if body.get("type") != "message_delta" or stop_reason not in CUTS_ARGUMENTS:
            raise _Broken("a tool call ended with arguments that are no JSON object")
        self._raw += held
        events.append(BlockStop(self._held_block))

    def _stop(self, body: dict[str, Any], events: list[Event]) -> None:
        delta = body.get("delta")
        events.append(read_usage(body.get("usage")))
        stop = stop_of(delta) if isinstance(delta, dict) else None
        if stop is not None:
            self._has_stopped = True
            events.append(stop)

    def _end(self, events: list[Event]) -> None:
        if not self._has_stopped or any(block.is_open for block in self._blocks):
            raise _Broken("message_stop came before the answer was whole")
        self._is_over = True
        events.append(Terminal())

    def _fail(self, event: SseEvent, body: dict[str, Any], events: list[Event]) -> None:
        """Upstream's own error: the client sees it as it came, if its SDK would know it for one."""
        is_forwarded = event.name == "error" and body.get("type") == "error"
        failure = failure_of_event(body, event.data or b"", is_forwarded)
        if not is_forwarded:
            raise _Broken(failure.message, failure)
        self._is_over = True
        events.append(Failed(failure))

    def _open_block(self, index: int) -> _Block:
        if not 0 <= index < len(self._blocks) or not self._blocks[index].is_open:
            raise _Broken(f"content block {index} is not open")
        return self._blocks[index]


_AFTER_MESSAGE_START = frozenset(
    {"content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"}
)
