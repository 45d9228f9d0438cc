"""The items of a Responses stream, as blocks. PURE.

Blocks are named by item and content index on the wire, and may in theory interleave; they open in the
order in which they are told of, and each closes once.
"""

import msgspec

from relay.dialects.interface import DecoderOptions
from relay.dialects.json_object import json_object
from relay.dialects.openai.responses.named_tools import plain_name
from relay.dialects.openai.responses.wire import StreamEvent, as_json, text_at
from relay.neutral.block import BlockKind
from relay.neutral.conversation import Json
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Citation,
    Event,
    Signature,
    TextDelta,
    ThinkingDelta,
)

_ITEM_KINDS: dict[str, BlockKind] = {"reasoning": "thinking", "function_call": "tool_call"}
_PART_KINDS: dict[str, BlockKind] = {"output_text": "text", "refusal": "refusal"}
_WHOLE = -1
"""The content index under which an item that is one block stands."""


class ProtocolBroken(Exception):
    """The stream speaks of a block that is not there, or ends a tool call that is not whole."""


class _Block(msgspec.Struct, gc=False):
    """A block under way. ``pieces`` are a tool call's arguments; ``has_text`` says that deltas came."""

    index: int
    kind: BlockKind
    name: str = ""
    has_text: bool = False
    is_open: bool = True
    pieces: list[str] = msgspec.field(default_factory=list)


class ItemBlocks:
    """The blocks of one answer. Each method adds the events it causes to ``events``."""

    def __init__(self, options: DecoderOptions) -> None:
        """Nothing said yet."""
        self.count = 0
        self.kinds: set[BlockKind] = set()
        self.is_cut = False  # a tool call was closed whose JSON does not parse
        self._options = options
        self._blocks: dict[tuple[int, int], _Block] = {}
        self._cut_block = -1

    def delta(self, name: str, told: StreamEvent, text: str, events: list[Event]) -> bool:
        """One of the deltas that make up nearly all of a stream; False when it is none of them."""
        match name:
            case "response.output_text.delta" | "response.refusal.delta":
                block = self._block(told.output_index, told.content_index)
                if text:
                    events.append(TextDelta(block.index, text))
            case "response.function_call_arguments.delta":
                block = self._block(told.output_index, _WHOLE)
                if text:
                    block.pieces.append(text)
                    events.append(ArgumentsDelta(block.index, text))
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                block = self._block(told.output_index, _WHOLE)
                if text:
                    events.append(ThinkingDelta(block.index, text))
            case _:
                return False
        block.has_text = block.has_text or bool(text)
        return True

    def add_item(self, told: StreamEvent, events: list[Event]) -> None:
        """An item begins; a message's parts tell their own beginning."""
        item = as_json(told.item)
        kind = text_at(item, "type")
        if kind == "message" or not kind:
            return
        key = (told.output_index, _WHOLE)
        match _ITEM_KINDS.get(kind, "opaque"):
            case "tool_call":
                call_id = text_at(item, "call_id") or text_at(item, "id")
                call_id = call_id or f"call_{self._options.call_id_seed}{self.count}"
                self._open(key, "tool_call", events, call_id, plain_name(item))
            case "thinking":
                self._open(key, "thinking", events)
            case _:
                is_server = kind.endswith("_call") and kind != "custom_tool_call"
                payload = bytes(told.item)
                self._open(
                    key, "server_call" if is_server else "opaque", events, text_at(item, "id"), kind, payload
                )

    def add_part(self, told: StreamEvent, events: list[Event]) -> None:
        """A message's content part begins. A reasoning item's parts belong to its one block."""
        kind = _PART_KINDS.get(text_at(as_json(told.part), "type"))
        if kind is not None:
            self._open((told.output_index, told.content_index), kind, events)

    def add_summary(self, told: StreamEvent, events: list[Event]) -> None:
        """The next paragraph of the thinking's summary."""
        block = self._block(told.output_index, _WHOLE)
        if block.has_text:
            events.append(ThinkingDelta(block.index, "\n\n"))

    def annotate(self, told: StreamEvent, events: list[Event]) -> None:
        """A citation of a text."""
        block = self._block(told.output_index, told.content_index)
        annotation = as_json(told.annotation)
        url, title = text_at(annotation, "url"), text_at(annotation, "title")
        events.append(Citation(block.index, bytes(told.annotation), url, title))

    def finish_part(self, told: StreamEvent, events: list[Event]) -> None:
        """A content part is whole; an emulation may have sent it in one piece."""
        block = self._blocks.get((told.output_index, told.content_index))
        if block is None or not block.is_open:
            return
        part = as_json(told.part)
        text = text_at(part, "text") or text_at(part, "refusal")
        if text and not block.has_text:
            events.append(TextDelta(block.index, text))
        self._close(block, events)

    def finish_item(self, told: StreamEvent, events: list[Event]) -> None:
        """An item is whole: the final form of what its deltas told."""
        item = as_json(told.item)
        block = self._blocks.get((told.output_index, _WHOLE))
        if block is not None and block.is_open:
            self._fill(block, item, events)
        for (output_index, _), part in self._blocks.items():
            if output_index == told.output_index and part.is_open:
                self._close(part, events)

    def is_half(self, told: StreamEvent) -> bool:
        """Are the arguments of a call no JSON object, now that they are said to be whole?"""
        block = self._blocks.get((told.output_index, _WHOLE))
        if block is None or block.kind != "tool_call" or self._options.takes_partial_arguments:
            return False
        told_whole = told.arguments if isinstance(told.arguments, str) else ""
        return any(text and json_object(text) is None for text in ("".join(block.pieces), told_whole))

    def close_all(self, events: list[Event]) -> None:
        """The answer is over."""
        for block in self._blocks.values():
            if block.is_open:
                self._close(block, events)
        if self.is_cut:
            raise ProtocolBroken("a tool call ended with arguments that are no JSON object")

    def accept_cut(self, events: list[Event]) -> None:
        """The answer was cut short, and the last call with it."""
        self.is_cut = False
        events.append(BlockStop(self._cut_block))

    def _fill(self, block: _Block, item: Json, events: list[Event]) -> None:
        """What came with the finished item only: all of it, where a server streams items whole."""
        if block.kind == "thinking":
            if not block.has_text and (thought := _thought(item)):
                events.append(ThinkingDelta(block.index, thought))
            if signature := text_at(item, "encrypted_content"):
                events.append(Signature(block.index, signature, self._options.family))
        elif block.kind == "tool_call" and not block.has_text:
            arguments = text_at(item, "arguments") or "{}"
            block.pieces.append(arguments)
            events.append(ArgumentsDelta(block.index, arguments))

    def _open(
        self,
        key: tuple[int, int],
        kind: BlockKind,
        events: list[Event],
        identity: str = "",
        name: str = "",
        payload: bytes = b"",
    ) -> None:
        if key in self._blocks:
            raise ProtocolBroken(f"output {key[0]} began twice")
        if kind == "tool_call" and not name:
            raise ProtocolBroken("a tool call began without a name")
        self._blocks[key] = _Block(self.count, kind, name)
        self.kinds.add(kind)
        events.append(BlockStart(self.count, kind, identity, name, payload))
        self.count += 1

    def _close(self, block: _Block, events: list[Event]) -> None:
        block.is_open = False
        if block.kind == "tool_call" and not self._options.takes_partial_arguments:
            if not block.pieces:
                events.append(ArgumentsDelta(block.index, "{}"))
            elif json_object("".join(block.pieces)) is None:
                self.is_cut, self._cut_block = True, block.index
                return
        events.append(BlockStop(block.index))

    def _block(self, output_index: int, content_index: int) -> _Block:
        block = self._blocks.get((output_index, content_index))
        if block is None or not block.is_open:
            raise ProtocolBroken(f"output {output_index}, content {content_index} is not open")
        return block


def _thought(item: Json) -> str:
    """The text of a reasoning item: its summary, else its content."""
    for key in ("summary", "content"):
        parts = item.get(key)
        if isinstance(parts, list):
            texts = [text_at(part, "text") for part in parts if isinstance(part, dict)]
            if any(texts):
                return "\n\n".join(text for text in texts if text)
    return ""
