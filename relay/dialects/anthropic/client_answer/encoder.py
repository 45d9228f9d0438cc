"""Events as an Anthropic client reads them.

PURE. Strict, for the SDKs' accumulators are: message_start once, with usage; the blocks
(``block_writer.py``); message_delta and message_stop only when upstream's own terminal event came.
"""

from relay.dialects.anthropic.client_answer.block_writer import BlockWriter, sse_event
from relay.dialects.anthropic.errors import KEEP_ALIVE, error_event
from relay.dialects.anthropic.inspection import hides_thinking
from relay.dialects.anthropic.stop_reasons import message_delta
from relay.dialects.anthropic.upstream_answer.wire import WHERE
from relay.dialects.anthropic.usage import write_usage
from relay.dialects.errors.identified import identified
from relay.dialects.interface import EncoderOptions, ErrorAnswer
from relay.dialects.stream_encoder import CannotSay, StreamEncoder
from relay.neutral.conversation import Json
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Chunk,
    Citation,
    Event,
    Extra,
    Failed,
    Signature,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.server_tools import WEB_SEARCH, runs_of

_MESSAGE_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


class AnthropicEncoder(StreamEncoder):
    """One answer."""

    def __init__(self, options: EncoderOptions) -> None:
        """The client has been told nothing yet."""
        super().__init__(options.message_id)
        self._options = options
        self._blocks = BlockWriter(options, shows_thinking=not hides_thinking(options.request))
        self.left_out = self._blocks.left_out
        self._has_started = False

    def passed(self, chunk: Chunk) -> bytes:
        """Upstream's own bytes; behind its own error event there is nothing to tell."""
        self._has_started = self._has_started or bool(chunk.raw)
        last = chunk.events[-1] if chunk.events else None
        if type(last) is Failed and last.failure.from_upstream_event:
            self._is_over = True
        return chunk.raw

    def begin(self) -> None:
        """Blocks may have been forwarded before."""
        if len(self.state.blocks) > self._blocks.known:
            self._blocks.forwarded([block.kind for block in self.state.blocks])

    def write(self, event: Event, out: list[bytes]) -> None:
        """The client's bytes for ``event``; raises CannotSay."""
        kind = type(event)
        if kind is TextDelta or kind is ThinkingDelta:
            self._blocks.delta(event.index, event.text, out)  # type: ignore[union-attr]
        elif kind is ArgumentsDelta:
            self._blocks.delta(event.index, event.json, out)  # type: ignore[union-attr]
        elif kind is not Usage:  # told out of the state; some upstreams send one with every event
            self._write_rare(event, out)

    def flush(self, out: list[bytes]) -> None:
        """An answer that has begun is told so."""
        if self.state.message_id:
            self._start(out)

    def keep_alive(self) -> bytes:
        """A ping, which the SDKs take anywhere, even before message_start."""
        return KEEP_ALIVE

    def error(self, answer: ErrorAnswer) -> bytes:
        """The error event."""
        return error_event(answer)

    def identified(self, told: Json, upstreams_id: str) -> Json:
        """Upstream's error under our request id, beside its own."""
        return identified(told, self._request_id, upstreams_id)

    def _write_rare(self, event: Event, out: list[bytes]) -> None:
        match event:
            case BlockStart():
                self._start(out)
                self._blocks.open(event, out)
            case BlockStop(index):
                self._blocks.close(index, out)
            case Signature(index, value):
                self._blocks.sign(index, value)
            case Citation():
                self._blocks.cite(event, out)
            case Extra(where, name, raw) if where == WHERE and raw:
                # What only this dialect says: again as it came, a delta at the block that is open.
                if name == "content_block_delta":
                    self._blocks.extra_delta(raw, out)
                else:
                    out += (b"event: ", name.encode(), b"\ndata: ", raw, b"\n\n")
            case Terminal():
                self._end(out)
            case _:
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
        out.append(sse_event("message_start", {"type": "message_start", "message": message}))

    def _end(self, out: list[bytes]) -> None:
        stop = self.state.stop
        body = message_delta(stop, has_content=self._blocks.count > 0) if stop is not None else None
        if body is None:
            said = (stop.explanation or stop.upstream_reason) if stop is not None else "no reason told"
            raise CannotSay(f"upstream gave up its own answer: {said}")
        self._start(out)
        self._blocks.end_text(out)
        searches = runs_of(WEB_SEARCH, self.state.blocks) or self.state.usage.server_tools or 0
        out.append(sse_event("message_delta", {**body, "usage": write_usage(self.state.usage, searches)}))
        out.append(_MESSAGE_STOP)
