"""Events, as a Responses stream for the client.

PURE. response.created and in_progress; per item added, its parts and deltas, done; then completed or
incomplete, with everything once more. Consecutive texts are parts of one message. Thinking is a
reasoning item whose ``encrypted_content`` carries the signature, or our handle for it.
"""

from collections.abc import Iterable

import msgspec

from relay.conversation import Json
from relay.dialects.interface import EncoderOptions, ErrorAnswer
from relay.dialects.openai.citations import url_citation
from relay.dialects.openai.errors import KEEP_ALIVE, error_object
from relay.dialects.openai.responses.answer_object import answer_object
from relay.dialects.openai.responses.forwarded import items_in, last_sequence_number
from relay.dialects.openai.responses.output import (
    Item,
    image_json,
    item_json,
    part_json,
    redacted_json,
    summary_json,
)
from relay.dialects.openai.usage import responses_usage
from relay.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Chunk,
    Citation,
    Event,
    MessageStart,
    OpenBlock,
    Stop,
    StreamState,
    Terminal,
    TextDelta,
    ThinkingDelta,
)

_json = msgspec.json.encode

_INCOMPLETE = {
    "max_tokens": "max_output_tokens",
    "context_window": "max_output_tokens",
    "continuation": "max_output_tokens",
    "refusal": "content_filter",
}
"""Everything else is ``completed`` (wire.md section 5)."""

_DELTA_NAMES = {
    "text": "output_text",
    "refusal": "refusal",
    "thinking": "reasoning_summary_text",
    "tool_call": "function_call_arguments",
}
_BEGINNINGS = (MessageStart, BlockStart, Terminal)


class ResponsesEncoder:
    """One answer."""

    def __init__(self, options: EncoderOptions) -> None:
        """Nothing told yet."""
        self.state = StreamState()
        self._options = options
        self._sequence = 0
        self._has_started = self._is_forwarding = False
        self._items: list[Item] = []
        self._open: Item | None = None
        self._deltas: dict[int, bytes] = {}  # block index -> how its deltas begin
        self._last_raw: bytes | None = None  # of what was forwarded

    def forward(self, chunk: Chunk) -> bytes:
        """Upstream's own bytes."""
        self.state.fold(chunk.events)
        if chunk.raw:
            self._has_started = self._is_forwarding = True
            self._last_raw = chunk.raw
            if any(isinstance(event, BlockStart | BlockStop) for event in chunk.events):
                items_in(chunk, self._items)
                last = self._items[-1] if self._items else None
                self._open = last if last is not None and last.finished is None else None
        return chunk.raw

    def encode(self, events: Iterable[Event]) -> bytes:
        """The client's bytes for ``events``, in one piece."""
        if self.state.terminal:
            return b""
        events = list(events)
        self.state.fold(events)
        self._take_over()
        out: list[bytes] = []
        for event in events:
            kind = type(event)
            if kind is TextDelta:
                self._delta(event.index, event.text, out)  # type: ignore[union-attr]
            elif kind is ThinkingDelta:
                self._think(event, out)  # type: ignore[arg-type]
            elif kind is ArgumentsDelta:
                self._delta(event.index, event.json, out)  # type: ignore[union-attr]
            else:
                self._rare(event, out)
        return b"".join(out)

    def keep_alive(self) -> bytes:
        """A comment line."""
        return KEEP_ALIVE

    def fail(self, answer: ErrorAnswer) -> bytes:
        """The one error event that ends a broken answer.

        The documented form is flat; the SDKs raise on a key ``error`` only, so it has both.
        """
        self._take_over()
        error = error_object(answer)
        flat = {key: error.get(key) for key in ("code", "message", "param")}
        out: list[bytes] = []
        self._tell("error", {**flat, "error": error}, out)
        return b"".join(out)

    def _take_over(self) -> None:
        """Go on where the forwarded bytes ended."""
        if self._last_raw is None:
            return
        self._sequence = last_sequence_number(self._last_raw) + 1
        self._last_raw = None
        item = self._open
        if item is not None and item.kind == "message" and item.blocks:
            self._begin_deltas(item, item.blocks[-1], {"content_index": len(item.blocks) - 1})

    def _tell(self, name: str, fields: Json, out: list[bytes]) -> None:
        head = b"event: %b\ndata: " % name.encode()
        data = _json({"type": name, "sequence_number": self._sequence, **fields})
        self._sequence += 1
        out += (head, data, b"\n\n")

    def _delta(self, index: int, text: str, out: list[bytes]) -> None:
        head = self._deltas.get(index)
        if head is None:
            return
        out += (head, _json(text), b',"sequence_number":%d}\n\n' % self._sequence)
        self._sequence += 1

    def _think(self, event: ThinkingDelta, out: list[bytes]) -> None:
        item = self._open
        if event.index not in self._deltas and item is not None and event.index in item.blocks:
            place = {"summary_index": 0}
            part = {**_at(item), **place, "part": summary_json("")}
            self._tell("response.reasoning_summary_part.added", part, out)
            self._begin_deltas(item, event.index, place)
        self._delta(event.index, event.text, out)

    def _rare(self, event: Event, out: list[bytes]) -> None:
        if not self._has_started and isinstance(event, _BEGINNINGS):
            self._has_started = True
            for name in ("response.created", "response.in_progress"):
                self._tell(name, {"response": self._answer()}, out)
        match event:
            case BlockStart(kind="text" | "refusal"):
                self._start_part(event.index, out)
            case BlockStart(kind="thinking"):
                self._start_item("reasoning", "rs", event.index, out)
            case BlockStart(kind="tool_call"):
                self._start_item("function_call", "fc", event.index, out)
            case BlockStart(kind="redacted" | "media"):
                self._whole_item(event, out)
            case BlockStop():
                self._stop(self.state.blocks[event.index], out)
            case Citation() if event.url:
                self._cite(event, out)
            case Terminal():
                self._finish(out)
            case _:
                pass

    def _start_item(self, kind: str, prefix: str, index: int, out: list[bytes]) -> None:
        self._close_item(out)
        number = len(self._items)
        item = Item(number, kind, f"{prefix}_{self._options.message_id}{number}", [index])
        self._items.append(item)
        self._open = item
        self._tell(
            "response.output_item.added",
            {"output_index": number, "item": item_json(item, self.state.blocks, "in_progress")},
            out,
        )
        if kind == "function_call":
            self._begin_deltas(item, index, {})

    def _start_part(self, index: int, out: list[bytes]) -> None:
        item = self._open
        if item is None or item.kind != "message":
            self._start_item("message", "msg", index, out)
            item = self._items[-1]
        else:
            item.blocks.append(index)
        block = self.state.blocks[index]
        place = {"content_index": len(item.blocks) - 1}
        part = part_json(item, block, is_begun=False)
        self._tell("response.content_part.added", {**_at(item), **place, "part": part}, out)
        self._begin_deltas(item, index, place | ({"logprobs": []} if block.kind == "text" else {}))

    def _begin_deltas(self, item: Item, index: int, place: Json) -> None:
        name = f"response.{_DELTA_NAMES[self.state.blocks[index].kind]}.delta"
        data = _json({"type": name, **_at(item), **place})
        self._deltas[index] = b"event: %b\ndata: %b" % (name.encode(), data[:-1] + b',"delta":')

    def _whole_item(self, event: BlockStart, out: list[bytes]) -> None:
        """A block without deltas: redacted thinking, or an image."""
        payload = msgspec.json.decode(event.payload)
        number = len(self._items)
        identity = f"{self._options.message_id}{number}"
        if event.kind == "redacted":
            whole = redacted_json(f"rs_{identity}", payload["data"])
        elif payload["media_type"].startswith("image/"):
            whole = image_json(f"ig_{identity}", payload["media_type"], payload["data"])
        else:
            return
        self._close_item(out)
        item = Item(number, whole["type"], whole["id"], [event.index], finished=whole)
        self._items.append(item)
        begun = {**whole, "result": None, "status": "in_progress"} if event.kind == "media" else whole
        self._tell("response.output_item.added", {"output_index": number, "item": begun}, out)
        self._tell("response.output_item.done", {"output_index": number, "item": whole}, out)

    def _stop(self, block: OpenBlock, out: list[bytes]) -> None:
        item = self._open
        if item is None or block.index not in item.blocks:
            return
        match item.kind:
            case "message":
                self._stop_part(item, block, out)
            case "reasoning":
                item.encrypted = block.signature or self._options.handle(block.index)
                self._stop_thinking(item, block, out)
                self._close_item(out)
            case _:
                if not block.pieces:
                    block.pieces.append("{}")
                    self._delta(block.index, "{}", out)
                done = {**_at(item), "name": block.name, "arguments": block.text}
                self._tell("response.function_call_arguments.done", done, out)
                self._close_item(out)

    def _stop_part(self, item: Item, block: OpenBlock, out: list[bytes]) -> None:
        place = {**_at(item), "content_index": item.blocks.index(block.index)}
        if block.kind == "refusal":
            self._tell("response.refusal.done", {**place, "refusal": block.text}, out)
        else:
            done = {**place, "text": block.text, "logprobs": []}
            self._tell("response.output_text.done", done, out)
        self._tell("response.content_part.done", {**place, "part": part_json(item, block)}, out)

    def _stop_thinking(self, item: Item, block: OpenBlock, out: list[bytes]) -> None:
        if not block.text:
            return
        place = {**_at(item), "summary_index": 0}
        self._tell("response.reasoning_summary_text.done", {**place, "text": block.text}, out)
        self._tell("response.reasoning_summary_part.done", {**place, "part": summary_json(block.text)}, out)

    def _close_item(self, out: list[bytes]) -> None:
        item, self._open = self._open, None
        if item is not None:
            whole = item_json(item, self.state.blocks, "completed")
            done = {"output_index": item.output_index, "item": whole}
            self._tell("response.output_item.done", done, out)

    def _cite(self, event: Citation, out: list[bytes]) -> None:
        item = self._open
        if item is None or event.index not in item.blocks:
            return
        length = len(self.state.blocks[event.index].text)
        annotation = {"type": "url_citation", **url_citation(event, 0, length)}
        told = item.annotations.setdefault(event.index, [])
        place = {"content_index": item.blocks.index(event.index), "annotation_index": len(told)}
        told.append(annotation)
        fields = {**_at(item), **place, "annotation": annotation}
        self._tell("response.output_text.annotation.added", fields, out)

    def _finish(self, out: list[bytes]) -> None:
        stop = self.state.stop or Stop("end_turn", "")
        why = _INCOMPLETE.get(stop.reason)
        if stop.reason == "refusal":
            if any(block.kind == "refusal" for block in self.state.blocks):
                why = None  # OpenAI completes a refusal in words
            elif stop.explanation:
                self._refuse(stop.explanation, out)
        self._close_item(out)
        status = "incomplete" if why else "completed"
        whole = {
            **self._answer(),
            "status": status,
            "incomplete_details": {"reason": why} if why else None,
            "output": [item_json(item, self.state.blocks, "completed") for item in self._items],
            "usage": responses_usage(self.state.usage),
        }
        self._tell(f"response.{status}", {"response": whole}, out)

    def _refuse(self, explanation: str, out: list[bytes]) -> None:
        """Say upstream's explanation of a refusal, as the refusal that it is."""
        index = len(self.state.blocks)
        self.state.fold([BlockStart(index, "refusal"), TextDelta(index, explanation), BlockStop(index)])
        self._start_part(index, out)
        self._delta(index, explanation, out)
        self._stop(self.state.blocks[index], out)

    def _answer(self) -> Json:
        """An answer that upstream began keeps upstream's id and model."""
        options = self._options
        identity, model = f"resp_{options.message_id}", options.model
        if self._is_forwarding:
            identity, model = self.state.message_id, self.state.model
        return answer_object(identity, model, options.created_at, options.request)


def _at(item: Item) -> Json:
    return {"item_id": item.id, "output_index": item.output_index}
