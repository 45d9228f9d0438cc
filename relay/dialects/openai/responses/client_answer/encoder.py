"""Events, as a Responses stream for the client.

PURE. response.created and in_progress; per item added, its parts and deltas, done; then completed, incomplete
or failed, with everything once more. Consecutive texts are parts of one message. Thinking is a
reasoning item whose ``encrypted_content`` carries the signature, or our handle for it.
"""

from relay.dialects.errors.identified import identified
from relay.dialects.interface import EncoderOptions, ErrorAnswer
from relay.dialects.openai.errors import KEEP_ALIVE, NO_ANSWER, error_in_stream
from relay.dialects.openai.responses.client_answer.answer_object import answer_object
from relay.dialects.openai.responses.client_answer.forwarded import (
    is_numbered,
    items_in,
    last_sequence_number,
)
from relay.dialects.openai.responses.client_answer.item_writer import ItemWriter
from relay.dialects.openai.responses.client_answer.output import Item, item_json
from relay.dialects.openai.usage import responses_usage
from relay.dialects.stream_encoder import CannotSay, StreamEncoder
from relay.neutral.conversation import Json
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Chunk,
    Citation,
    Event,
    MessageStart,
    Stop,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)

_INCOMPLETE = {
    "max_tokens": "max_output_tokens",
    "context_window": "max_output_tokens",
    "continuation": "max_output_tokens",
    "refusal": "content_filter",
}
"""Everything else is ``completed`` (docs/wire.md section 5)."""

_BEGINNINGS = (MessageStart, BlockStart, Terminal)


class ResponsesEncoder(StreamEncoder):
    """One answer."""

    def __init__(self, options: EncoderOptions) -> None:
        """Nothing told yet."""
        super().__init__(options.message_id)
        self._options = options
        self._writer = ItemWriter(self.state, options)
        self.left_out = self._writer.left_out
        self._has_started = self._is_forwarding = False
        self._forwarded: dict[int, Item] = {}  # by the index that upstream gives them
        self._last_raw: bytes | None = None  # of what was forwarded, with a number where it has one

    def passed(self, chunk: Chunk) -> bytes:
        """Upstream's own bytes."""
        if chunk.raw:
            self._has_started = self._is_forwarding = True
            if self._last_raw is None or is_numbered(chunk.raw):
                self._last_raw = chunk.raw
            if any(isinstance(event, BlockStart | BlockStop) for event in chunk.events):
                items_in(chunk, self._writer.items, self._forwarded)
                last = self._writer.items[-1] if self._writer.items else None
                self._writer.open = last if last is not None and last.finished is None else None
        return chunk.raw

    def begin(self) -> None:
        """Continue where the forwarded bytes ended."""
        if self._last_raw is None:
            return
        self._writer.sequence = last_sequence_number(self._last_raw) + 1
        self._last_raw = None
        item = self._writer.open
        if item is not None and item.kind == "message" and item.blocks:
            kind = self.state.blocks[item.last].kind
            self._writer.begin_deltas(item, item.last, kind, {"content_index": len(item.blocks) - 1})

    def write(self, event: Event, out: list[bytes]) -> None:
        """The client's bytes for ``event``; raises CannotSay."""
        kind = type(event)
        if kind is TextDelta:
            self._writer.delta(event.index, event.text, out)  # type: ignore[union-attr]
        elif kind is ThinkingDelta:
            self._writer.think(event, out)  # type: ignore[arg-type]
        elif kind is ArgumentsDelta:
            self._writer.delta(event.index, event.json, out)  # type: ignore[union-attr]
        elif kind is not Usage:  # told out of the state; some upstreams send one with every event
            self._rare(event, out)

    def keep_alive(self) -> bytes:
        """A comment line."""
        return KEEP_ALIVE

    def error(self, answer: ErrorAnswer) -> bytes:
        """How a broken answer ends: ``response.failed``, which Codex reads, and the error event behind it.

        The event's documented form is flat; the SDKs raise on a key ``error`` only, so it has both.
        """
        self.begin()
        out: list[bytes] = []
        self._create(out)
        error = error_in_stream(answer)
        code = error.get("code")
        told = {"code": code if isinstance(code, str) else "server_error", "message": error.get("message")}
        told |= {key: error[key] for key in ("request_id", "upstream_request_id") if key in error}
        known = range(len(self.state.blocks))
        whole = [
            item
            for item in self._writer.items
            if item is not self._writer.open and item.blocks and all(index in known for index in item.blocks)
        ]
        output = [item_json(item, self.state.blocks, "completed") for item in whole]
        failed = {**self._answer(), "status": "failed", "error": told, "output": output}
        self._writer.tell("response.failed", {"response": failed}, out)
        flat = {key: error.get(key) for key in ("code", "message", "param")}
        self._writer.tell("error", {**flat, "error": error}, out)
        return b"".join(out)

    def identified(self, told: Json, upstreams_id: str) -> Json:
        """Upstream's error with our request id, where the event has it: in the answer, beside it, or flat."""
        answer, error = told.get("response"), told.get("error")
        if told.get("type") == "response.failed" and isinstance(answer, dict):
            return {**told, "response": self._with_identified(answer, upstreams_id)}
        if isinstance(error, dict):
            return self._with_identified(told, upstreams_id)
        return identified(told, self._request_id, upstreams_id)

    def _with_identified(self, holder: Json, upstreams_id: str) -> Json:
        error = holder.get("error")
        if not isinstance(error, dict):
            return holder
        return {**holder, "error": identified(error, self._request_id, upstreams_id)}

    def _create(self, out: list[bytes]) -> None:
        if not self._has_started:
            self._has_started = True
            for name in ("response.created", "response.in_progress"):
                self._writer.tell(name, {"response": self._answer()}, out)

    def _rare(self, event: Event, out: list[bytes]) -> None:
        if isinstance(event, _BEGINNINGS):
            self._create(out)
        match event:
            case BlockStart(kind="text" | "refusal"):
                self._writer.start_part(event.index, event.kind, out)
            case BlockStart(kind="thinking"):
                self._writer.start_item("reasoning", "rs", event, out)
            case BlockStart(kind="tool_call"):
                self._writer.start_call(event, out)
            case BlockStart(kind="redacted" | "media"):
                self._writer.whole_item(event, out)
            case BlockStart(kind="server_call"):
                self._writer.start_run(event, out)
            case BlockStart(kind="server_result"):
                self._writer.run_result(event, out)
            case BlockStop():
                self._writer.stop(self.state.blocks[event.index], out)
            case Citation() if event.url:
                self._writer.cite(event, out)
            case Terminal():
                self._finish(out)
            case _:
                pass

    def _finish(self, out: list[bytes]) -> None:
        stop = self.state.stop or Stop("end_turn", "")
        if stop.reason in NO_ANSWER:
            raise CannotSay(f"upstream gave up its own answer: {stop.upstream_reason}")
        why = _INCOMPLETE.get(stop.reason)
        if stop.reason == "refusal":
            if any(block.kind == "refusal" for block in self.state.blocks):
                why = None  # OpenAI completes a refusal in words
            elif stop.explanation:
                self._refuse(stop.explanation, out)
        self._writer.close_item(out)
        status = "incomplete" if why else "completed"
        whole = {
            **self._answer(),
            "status": status,
            "incomplete_details": {"reason": why} if why else None,
            "output": [item_json(item, self.state.blocks, "completed") for item in self._writer.items],
            "usage": responses_usage(self.state.usage),
        }
        self._writer.tell(f"response.{status}", {"response": whole}, out)

    def _refuse(self, explanation: str, out: list[bytes]) -> None:
        """Say upstream's explanation of a refusal, as the refusal that it is."""
        index = len(self.state.blocks)
        events: list[Event] = [
            BlockStart(index, "refusal"),
            TextDelta(index, explanation),
            BlockStop(index),
        ]
        for event in events:
            self.write(event, out)
            self.state.fold((event,))

    def _answer(self) -> Json:
        """An answer that upstream began keeps upstream's id and model."""
        options = self._options
        identity, model = f"resp_{options.message_id}", options.model
        if self._is_forwarding:
            identity, model = self.state.message_id, self.state.model
        return answer_object(identity, model, options.created_at, options.request)
