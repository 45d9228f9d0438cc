"""The items of a Responses stream, as events for the client. PURE.

Each item is added, filled by deltas and done, once and one after the other; the numbers rise.
"""

from functools import cached_property

import msgspec

from relay.dialects.interface import EncoderOptions
from relay.dialects.json_object import json_object
from relay.dialects.openai.citations import url_citation
from relay.dialects.openai.requests.custom_tools import text_of
from relay.dialects.openai.responses.client_answer.output import (
    Item,
    image_json,
    is_run,
    item_json,
    message_json,
    named,
    part_json,
    redacted_json,
    summary_json,
)
from relay.dialects.openai.responses.requests.named_tools import Called, called_as
from relay.dialects.openai.responses.server_runs import item_kind, steps
from relay.dialects.openai.responses.upstream_answer.documents import item_events
from relay.dialects.translation.media_note import media_note
from relay.neutral.block import BlockKind, OpenBlock
from relay.neutral.conversation import Json
from relay.neutral.events import BlockStart, Citation, StreamState, ThinkingDelta

_json = msgspec.json.encode

_DELTA_NAMES = {
    "text": "output_text",
    "refusal": "refusal",
    "thinking": "reasoning_summary_text",
    "tool_call": "function_call_arguments",
}


class ItemWriter:
    """Writes one answer's items. Each method adds the bytes it causes to ``out``.

    ``sequence`` is the next event's number, ``items`` are all items so far, ``open`` the one under way;
    ``left_out`` names what has no place.
    """

    def __init__(self, state: StreamState, options: EncoderOptions) -> None:
        """Nothing told yet; ``state`` knows all that came before what is written."""
        self.sequence = 0
        self.items: list[Item] = []
        self.open: Item | None = None
        self._state = state
        self._options = options
        self.left_out: list[str] = []
        self._deltas: dict[int, bytes] = {}  # block index -> how its deltas begin
        self._lengths: dict[int, tuple[int, int]] = {}  # block index -> pieces counted, and their characters

    @cached_property
    def _called_as(self) -> dict[str, Called]:
        return called_as(self._options.request)

    def tell(self, name: str, fields: Json, out: list[bytes]) -> None:
        """One event."""
        head = b"event: %b\ndata: " % name.encode()
        data = _json({"type": name, "sequence_number": self.sequence, **fields})
        self.sequence += 1
        out += (head, data, b"\n\n")

    def delta(self, index: int, text: str, out: list[bytes]) -> None:
        """More of a block: text, thinking or arguments; nothing where the client never heard of the block."""
        head = self._deltas.get(index)
        if head is None:
            return
        out += (head, _json(text), b',"sequence_number":%d}\n\n' % self.sequence)
        self.sequence += 1

    def think(self, event: ThinkingDelta, out: list[bytes]) -> None:
        """More thinking; the first opens the summary, for silent thinking has none."""
        item = self.open
        if event.index not in self._deltas and item is not None and event.index in item.blocks:
            place = {"summary_index": 0}
            part = {**_at(item), **place, "part": summary_json("")}
            self.tell("response.reasoning_summary_part.added", part, out)
            self.begin_deltas(item, event.index, "thinking", place)
        self.delta(event.index, event.text, out)

    def start_item(
        self, kind: str, prefix: str, start: BlockStart, out: list[bytes], called: Called | None = None
    ) -> None:
        """A new item of ``kind`` for the block that starts; what was open is closed."""
        self.close_item(out)
        number = len(self.items)
        identity = f"{prefix}_{self._options.message_id}{number}"
        item = Item(
            number, kind, identity, {start.index: 0}, call_id=start.id, name=start.name, called=called
        )
        self.items.append(item)
        self.open = item
        begun = {"output_index": number, "item": item_json(item, self._state.blocks, "in_progress")}
        self.tell("response.output_item.added", begun, out)
        if kind == "function_call":
            self.begin_deltas(item, start.index, "tool_call", {})

    def start_call(self, start: BlockStart, out: list[bytes]) -> None:
        """A tool call, in the form of the tool that the client offered."""
        called = self._called_as.get(start.name)
        if called is not None and called.is_custom:
            self.start_item("custom_tool_call", "ctc", start, out, called)
        else:
            self.start_item("function_call", "fc", start, out, called)

    def start_part(self, index: int, kind: BlockKind, out: list[bytes]) -> None:
        """A text or refusal: a part of the open message, or of a new one."""
        item = self.open
        if item is None or item.kind != "message":
            self.start_item("message", "msg", BlockStart(index, kind), out)
            item = self.items[-1]
        else:
            item.add(index)
        place = {"content_index": len(item.blocks) - 1}
        added = {**_at(item), **place, "part": part_json(item, index, kind, "")}
        self.tell("response.content_part.added", added, out)
        self.begin_deltas(item, index, kind, place | ({"logprobs": []} if kind == "text" else {}))

    def begin_deltas(self, item: Item, index: int, kind: BlockKind, place: Json) -> None:
        """Get ready what stands before each delta of the block at ``index``."""
        name = f"response.{_DELTA_NAMES[kind]}.delta"
        data = _json({"type": name, **_at(item), **place})
        self._deltas[index] = b"event: %b\ndata: %b" % (name.encode(), data[:-1] + b',"delta":')

    def whole_item(self, event: BlockStart, out: list[bytes]) -> None:
        """A block without deltas: redacted thinking, or an image; other media are named in a text."""
        payload = json_object(event.payload) or {}
        number = len(self.items)
        identity = f"{self._options.message_id}{number}"
        kind, data = str(payload.get("media_type") or ""), str(payload.get("data") or "")
        if event.kind == "redacted":
            whole = redacted_json(f"rs_{identity}", data)
        elif kind.startswith("image/") and data:
            whole = image_json(f"ig_{identity}", kind, data)
        else:
            note = media_note(event.payload)
            self.left_out.append(note)
            whole = message_json(f"msg_{identity}", f"[{note}]")
        self.close_item(out)
        self.items.append(Item(number, whole["type"], whole["id"], {event.index: 0}, finished=whole))
        for name, fields in item_events(number, whole):
            self.tell(name, fields, out)

    def start_run(self, start: BlockStart, out: list[bytes]) -> None:
        """A run of upstream's own tool, if there is a place for it; it ends when its result is known."""
        place = item_kind(start.name)
        if place is None:
            return
        kind, prefix = place
        self.start_item(kind, prefix, start, out)
        for step in steps(kind)[0]:
            self.tell(f"response.{kind}.{step}", _at(self.items[-1]), out)

    def run_result(self, start: BlockStart, out: list[bytes]) -> None:
        """What came of the run that is open."""
        if self.open is not None and is_run(self.open.kind):
            self.open.result = start.result

    def stop(self, block: OpenBlock, out: list[bytes]) -> None:
        """A block is whole."""
        item = self.open
        if item is None or block.index not in item.blocks or is_run(item.kind):
            return
        match item.kind:
            case "message":
                self._stop_part(item, block, out)
            case "reasoning":
                item.encrypted = block.signature or self._options.handle(block.index)
                self._stop_thinking(item, block, out)
                self.close_item(out)
            case "custom_tool_call":
                text = text_of(block.text)
                self.tell("response.custom_tool_call_input.delta", {**_at(item), "delta": text}, out)
                self.tell("response.custom_tool_call_input.done", {**_at(item), "input": text}, out)
                self.close_item(out)
            case _:
                arguments = block.text or "{}"
                if not block.pieces:
                    self.delta(block.index, arguments, out)
                if json_object(arguments) is not None:  # else its item says that it is incomplete
                    done = {**_at(item), **named(item), "arguments": arguments}
                    self.tell("response.function_call_arguments.done", done, out)
                self.close_item(out)

    def _stop_part(self, item: Item, block: OpenBlock, out: list[bytes]) -> None:
        place = {**_at(item), "content_index": item.blocks[block.index]}
        if block.kind == "refusal":
            self.tell("response.refusal.done", {**place, "refusal": block.text}, out)
        else:
            done = {**place, "text": block.text, "logprobs": []}
            self.tell("response.output_text.done", done, out)
        self.tell(
            "response.content_part.done",
            {**place, "part": part_json(item, block.index, block.kind, block.text)},
            out,
        )

    def _stop_thinking(self, item: Item, block: OpenBlock, out: list[bytes]) -> None:
        if not block.text:
            return
        place = {**_at(item), "summary_index": 0}
        self.tell("response.reasoning_summary_text.done", {**place, "text": block.text}, out)
        self.tell("response.reasoning_summary_part.done", {**place, "part": summary_json(block.text)}, out)

    def close_item(self, out: list[bytes]) -> None:
        """The open item is whole."""
        item, self.open = self.open, None
        if item is not None:
            whole = item_json(item, self._state.blocks, "completed")
            if is_run(item.kind):
                for step in steps(item.kind)[1]:
                    self.tell(f"response.{item.kind}.{step}", _at(item), out)
            done = {"output_index": item.output_index, "item": whole}
            self.tell("response.output_item.done", done, out)

    def cite(self, event: Citation, out: list[bytes]) -> None:
        """A citation of an open text."""
        item = self.open
        if item is None or event.index not in item.blocks:
            return
        annotation = {"type": "url_citation", **url_citation(event, 0, self._length(event.index))}
        told = item.annotations.setdefault(event.index, [])
        place = {"content_index": item.blocks[event.index], "annotation_index": len(told)}
        told.append(annotation)
        fields = {**_at(item), **place, "annotation": annotation}
        self.tell("response.output_text.annotation.added", fields, out)

    def _length(self, index: int) -> int:
        """The characters that a block has got; each of its pieces is counted once."""
        pieces = self._state.blocks[index].pieces
        seen, length = self._lengths.get(index, (0, 0))
        length += sum(map(len, pieces[seen:]))
        self._lengths[index] = len(pieces), length
        return length


def _at(item: Item) -> Json:
    return {"item_id": item.id, "output_index": item.output_index}
