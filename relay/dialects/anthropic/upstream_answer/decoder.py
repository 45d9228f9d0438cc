"""What an Anthropic upstream streams, as events.

PURE. Whole SSE events only, in one pass; their bytes travel along unchanged for a client of the same
dialect, but for what its SDK could not read: events without their name, numbers of blocks that leave gaps,
blocks that nobody opened or closed, text and thoughts in the block of something else. Unknown events,
blocks and fields never break anything; what breaks the protocol becomes ``Failed`` and not an exception.
"""

from relay.dialects.anthropic.errors import failure_in_document
from relay.dialects.anthropic.stop_reasons import CUTS_ARGUMENTS
from relay.dialects.anthropic.upstream_answer.bent_blocks import input_at_end, whole_content
from relay.dialects.anthropic.upstream_answer.bent_deltas import with_texts, with_usual_kind
from relay.dialects.anthropic.upstream_answer.block_start import citation
from relay.dialects.anthropic.upstream_answer.documents import begins_message, stream_of_document, whole_in
from relay.dialects.anthropic.upstream_answer.message_events import begun, end_in, stopped
from relay.dialects.anthropic.upstream_answer.own_errors import own_error
from relay.dialects.anthropic.upstream_answer.rare_deltas import rare_events
from relay.dialects.anthropic.upstream_answer.reframing import (
    MESSAGE_STOP,
    InOtherWords,
    block_start,
    block_stop,
    deltas_of,
    reframed,
    with_body,
)
from relay.dialects.anthropic.upstream_answer.silent_deltas import says_nothing
from relay.dialects.anthropic.upstream_answer.upstream_blocks import UpstreamBlock, UpstreamBlocks
from relay.dialects.anthropic.upstream_answer.wire import (
    BEGINS,
    ENDS,
    NEEDS_A_MESSAGE,
    STREAM_EVENT,
    WHERE,
    Delta,
    StreamEvent,
)
from relay.dialects.interface import DecoderOptions
from relay.dialects.json_object import json_object
from relay.dialects.reading.broken_stream import BrokenStream, garbage
from relay.dialects.reading.told_again import told_again
from relay.dialects.stream_decoder import StreamDecoder
from relay.neutral.conversation import Json
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStop,
    Event,
    Extra,
    Heartbeat,
    Signature,
    Terminal,
    TextDelta,
    ThinkingDelta,
)
from relay.neutral.failures import Failure, Kind
from relay.neutral.sse import SseEvent


class AnthropicDecoder(StreamDecoder[StreamEvent]):
    """One upstream stream."""

    bare, passes_done = ENDS, False

    def __init__(self, options: DecoderOptions) -> None:
        """Nothing read yet."""
        super().__init__(STREAM_EVENT, options.max_event_bytes)
        self._options, self._blocks = options, UpstreamBlocks(options)
        self._has_started, self._message_id = False, object()
        self._stop_reason: str | None = None
        self._counted: object = None  # the usage as it was told last
        self._instead: InOtherWords | None = None  # of a delta, where a client's SDK would not hear it
        self._held_block = -1  # a tool call that was closed, and whose JSON does not parse

    def take(self, told: StreamEvent, event: SseEvent, events: list[Event]) -> bytes:
        """One event; raises BrokenStream."""
        name, delta = told.type or event.name, told.delta
        if name == "content_block_delta" and delta is not None and self.held is None:
            block = self._blocks.find(told.index)
            if block is not None and self._take_usual(block, delta, events):
                if event.name == told.type and told.index == block.index and self._instead is None:
                    return event.raw
                return self._in_other_words(self._reframed(event, told, block.index))
        return self._take_rare(name, told, event, events)

    def done(self, events: list[Event]) -> None:
        """``[DONE]`` is an end where the stop reason was told: gateways end every stream with it."""
        if self._stop_reason is not None:
            self._raw.append(self._end(events) + MESSAGE_STOP)
            return
        kind = Kind.CUT if self._has_started else Kind.EMPTY
        raise BrokenStream(Failure(kind, "upstream ended its stream without message_stop"))

    def end(self, events: list[Event]) -> None:
        """Without message_stop the answer is not over."""

    def document(self, told: Json) -> bytes:
        """A whole message, as the stream that says the same."""
        return stream_of_document(told)

    def prepared(self, told: Json) -> Json:
        """Pieces of arguments, and mere texts, as what they are."""
        return with_texts(told) or told

    def _take_usual(self, block: UpstreamBlock, delta: Delta, events: list[Event]) -> bool:
        """One of the three deltas that make up nearly all of a stream; False when it is none of them."""
        index = block.index
        match delta.type, block.kind:
            case "text_delta", "text" if delta.text is not None:
                if delta.text:
                    events.append(TextDelta(index, delta.text))
                if delta.citation is not None:
                    events.append(citation(index, delta.citation))
                    self.note("delta.citation")
                    self._instead = deltas_of(index, delta, "text_delta", "citations_delta")
            case "thinking_delta", "thinking" if delta.thinking is not None:
                if delta.thinking:
                    events.append(ThinkingDelta(index, delta.thinking))
                if delta.signature:
                    events.append(Signature(index, delta.signature, self._options.family))
                    self.note("delta.signature")
                    self._instead = deltas_of(index, delta, "thinking_delta", "signature_delta")
            case "input_json_delta", "tool_call" | "server_call" if delta.partial_json is not None:
                if delta.partial_json:
                    said = block.arguments.take(delta.partial_json)
                    if said:
                        events.append(ArgumentsDelta(index, said))
                    if said != delta.partial_json:
                        self._instead = block.in_other_words(delta.partial_json, said)
            case _:
                return False
        return True

    def _take_rare(self, name: str, told: StreamEvent, event: SseEvent, events: list[Event]) -> bytes:
        body = json_object(event.data or b"") or {}
        if name == "ping":
            events.append(Heartbeat())
            return self._reframed(event, told)
        if name == "error" or (not told.type and told.error is not None):
            self.held = None
            events.append(own_error(event, body))
            return event.raw
        if name == "content_block_delta" and self._has_started:
            block = self._blocks.find(told.index)
            kind = block.kind if block is not None else None
            if told.delta is not None and (named := with_usual_kind(body, told.delta, kind)):
                event = self._mended(event, "delta.type", named)
                return self.take(STREAM_EVENT.decode(event.data or b""), event, events)
            if says_nothing(told.delta, kind):
                events.append(Heartbeat())
                return b""
        if self.held is not None:
            self._release(name, body, events)
        if not self._has_started and name in NEEDS_A_MESSAGE:
            raise BrokenStream(garbage(f"{name} came before message_start"))
        match name:
            case "content_block_delta" if told.delta is not None:
                return self._take_delta(told.delta, told, event, body, events)
            case "content_block_start":
                return self._start_block(told, event, body, events)
            case "content_block_stop":
                return self._stop_block(told, event, body, events)
            case "message_start" if self._has_started and begins_message(body, self._message_id):
                return self._passed_over(name, events)
            case "message_start":
                event = self._start(event, body, events)
            case "message_delta":
                return self._stop(event, body, told, events)
            case "message_stop":
                late = end_in(body, self._counted) if self._stop_reason is None else b""
                before = told_again(self, STREAM_EVENT, late, events)
                return before + self._end(events) + self._reframed(event, told)
            case "message" | "" if stream := whole_in(body, has_started=self._has_started):
                return told_again(self, STREAM_EVENT, stream, events)
            case "" if (failure := failure_in_document(body)) is not None:
                raise BrokenStream(failure)
            case _:
                events.append(Extra(WHERE, name, event.data or b""))
        return self._reframed(event, told)

    def _passed_over(self, name: str, events: list[Event]) -> bytes:
        events.append(Heartbeat())
        self.note(name)
        return b""

    def _start(self, event: SseEvent, body: Json, events: list[Event]) -> SseEvent:
        if self._has_started:
            raise BrokenStream(garbage("a second message_start"))
        told, whole = begun(body)
        self._has_started, self._message_id = True, whole["message"].get("id")
        events += told
        return event if whole is body else self._mended(event, "message.usage", whole)

    def _mended(self, event: SseEvent, path: str, body: Json) -> SseEvent:
        """``event`` with ``body``, in which what stands at ``path`` was put right."""
        self.note(path)
        return with_body(event, body)

    def _start_block(self, told: StreamEvent, event: SseEvent, body: Json, events: list[Event]) -> bytes:
        content = body.get("content_block")
        if not isinstance(content, dict):  # text and thoughts begin one by themselves
            return self._passed_over("content_block", events)
        stops = b""
        before = self._blocks.find(told.index) if told.index is not None else None
        if before is not None:  # the number of another block, which is over then
            stops = self._close([before], events)
        whole, bent = whole_content(content, self._blocks.next_call_id)
        for path in bent:
            event = self._mended(event, path, {**body, "content_block": whole})
        block = self._blocks.start(told.index, whole, events)
        if isinstance(text := content.get("input"), str):
            block.first_input = block.first_input or text
        return stops + self._reframed(event, told, block.index)

    def _take_delta(
        self, delta: Delta, told: StreamEvent, event: SseEvent, body: Json, events: list[Event]
    ) -> bytes:
        """A delta that is not one of the usual three, or that came behind a call's end."""
        begun, block = self._block_for(delta, told.index, events)
        if not self._take_usual(block, delta, events):
            events += rare_events(delta, block, body, self._options.family)
        return begun + self._in_other_words(self._reframed(event, told, block.index))

    def _in_other_words(self, raw: bytes) -> bytes:
        instead, self._instead = self._instead, None
        return raw if instead is None else instead(raw)

    def _block_for(
        self, delta: Delta, number: int | None, events: list[Event]
    ) -> tuple[bytes, UpstreamBlock]:
        """The block that ``delta`` belongs into, and the bytes that open it, where upstream did not.

        Text or thoughts in the block of something else end that. Raises BrokenStream.
        """
        block, content = self._blocks.find(number), BEGINS.get(delta.type)
        if content is None or (block is not None and block.kind in (content["type"], "opaque")):
            if block is None:
                raise BrokenStream(garbage(f"content block {number} is not open"))
            return b"", block
        self.note("content_block")
        stops = self._close([block], events) if block is not None else b""
        block = self._blocks.start(number, content, events)
        return stops + block_start(block.index, content), block

    def _stop_block(self, told: StreamEvent, event: SseEvent, body: Json, events: list[Event]) -> bytes:
        block = self._blocks.ended(told.index)
        if block is None:  # a block that never began, or is over, or nobody knows which
            return self._passed_over("content_block_stop", events)
        if block.kind == "tool_call" and not block.first_input:
            block.first_input = input_at_end(body)
        rest = self._blocks.settle(block, events)
        if self._blocks.finish(block, events) or self._options.takes_partial_arguments:
            events.append(BlockStop(block.index))
        else:
            self.held, self._held_block = [], block.index
        return rest + self._reframed(event, told, block.index)

    def _release(self, name: str, body: Json, events: list[Event]) -> None:
        """Let the held end of a tool call go: its JSON is cut, but so is the answer, and upstream says it."""
        delta = body.get("delta")
        stop_reason = delta.get("stop_reason") if isinstance(delta, dict) else None
        if name != "message_delta" or str(stop_reason) not in CUTS_ARGUMENTS:
            raise BrokenStream(garbage("a tool call ended with arguments that are no JSON object"))
        self.release()
        events.append(BlockStop(self._held_block))

    def _stop(self, event: SseEvent, body: Json, told: StreamEvent, events: list[Event]) -> bytes:
        stop, usage, fields = stopped(body, self._blocks.kinds, self._stop_reason)
        if stop is not None:
            self._stop_reason = stop.upstream_reason
        stops = self._close(self._blocks.all_open, events) if stop is not None else b""
        whole, self._counted = {**body, **fields}, body.get("usage")
        events += [usage, *([stop] if stop is not None else [])]
        for path in fields:
            event = self._mended(event, path, whole)
        return stops + self._reframed(event, told)

    def _end(self, events: list[Event]) -> bytes:
        if self._stop_reason is None:
            raise BrokenStream(garbage("message_stop came before the answer was whole"))
        stops = self._close(self._blocks.all_open, events)
        events.append(Terminal())
        return stops

    def _close(self, blocks: list[UpstreamBlock], events: list[Event]) -> bytes:
        """Close what upstream left open; the bytes that tell a client so."""
        is_cut = self._options.takes_partial_arguments or self._stop_reason in CUTS_ARGUMENTS
        told = []
        for block in blocks:
            told.append(self._blocks.settle(block, events))
            if not self._blocks.finish(block, events) and not is_cut:
                raise BrokenStream(garbage("a tool call ended with arguments that are no JSON object"))
            events.append(BlockStop(block.index))
            told.append(block_stop(block.index))
        return b"".join(told)

    def _reframed(self, event: SseEvent, told: StreamEvent, index: int | None = None) -> bytes:
        if index is not None and told.index != index:
            self.note("index")
        return reframed(event, told, index)
