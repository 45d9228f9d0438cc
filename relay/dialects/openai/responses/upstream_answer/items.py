"""The items of a Responses stream, as blocks. PURE.

Blocks are named by item and content index on the wire, and may in theory interleave; they open in the
order in which they are told of, and each closes once. Emulations leave steps out: a part, an item or a call's
name that was not told when it began is known when it speaks, or at its end.
"""

import msgspec

from relay.dialects.interface import DecoderOptions
from relay.dialects.json_object import json_object
from relay.dialects.openai.responses.requests.named_tools import plain_name
from relay.dialects.openai.responses.server_runs import arguments_of, result_of, tool_of
from relay.dialects.openai.responses.upstream_answer.block_table import (
    WHOLE,
    BlockTable,
    ProtocolBroken,
    TableBlock,
)
from relay.dialects.openai.responses.upstream_answer.found_pages import FoundPages
from relay.dialects.openai.responses.upstream_answer.item_texts import thought
from relay.dialects.openai.responses.upstream_answer.message_texts import MessageTexts
from relay.dialects.openai.responses.upstream_answer.told_items import ToldItems, identities_of
from relay.dialects.openai.responses.upstream_answer.wire import StreamEvent, as_json, text_at
from relay.neutral.block import BlockKind
from relay.neutral.conversation import Json
from relay.neutral.events import BlockStart, Event, Signature, ThinkingDelta
from relay.neutral.server_tools import WEB_SEARCH, ServerResult

_ITEM_KINDS: dict[str, BlockKind] = {"reasoning": "thinking", "function_call": "tool_call"}
_NAMELESS = "a tool call came without a name"


class ItemBlocks:
    """The blocks of one answer. Each method adds the events it causes to ``events``."""

    def __init__(self, options: DecoderOptions) -> None:
        """Nothing said yet."""
        self.table = BlockTable(takes_partial_arguments=options.takes_partial_arguments)
        self.told = ToldItems()
        self._options = options
        self._found = FoundPages()
        self.texts = MessageTexts(self.table, self.told, self._found)
        self.amended: tuple[TableBlock, str] | None = None
        """Whose arguments an event told otherwise than it should have, and what it should have."""
        self._nameless: dict[int, tuple[str, list[str]]] = {}  # calls: their ids, and what came so far

    def delta(self, name: str, told: StreamEvent, text: str, events: list[Event]) -> bool:
        """One of the deltas that make up nearly all of a stream; False when it is none of them."""
        match name:
            case "response.output_text.delta" | "response.refusal.delta":
                self.texts.delta(name, told, text, events)
            case "response.function_call_arguments.delta":
                if told.output_index in self._nameless:
                    self._nameless[told.output_index][1].append(text)
                else:
                    self._argue(self.table.open_at((told.output_index, WHOLE)), text, events)
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                block = self.table.open_at((told.output_index, WHOLE))
                if text:
                    block.has_text = True
                    events.append(ThinkingDelta(block.index, text))
            case _:
                return False
        return True

    def add_item(self, told: StreamEvent, events: list[Event]) -> None:
        """An item begins; a message's parts tell their own beginning."""
        item = as_json(told.item)
        kind = text_at(item, "type")
        self.told.begin(told.output_index, kind, *identities_of(item))
        if kind == "message" or not kind:
            return
        key = (told.output_index, WHOLE)
        match _ITEM_KINDS.get(kind, "opaque"):
            case "tool_call":
                call_id = text_at(item, "call_id") or text_at(item, "id")
                if name := plain_name(item):
                    self._call(told.output_index, call_id, name, events)
                else:
                    self._nameless[told.output_index] = (call_id, [])
            case "thinking":
                self.table.open(key, "thinking", events)
            case _:
                is_server = kind.endswith("_call") and kind != "custom_tool_call"
                block_kind: BlockKind = "server_call" if is_server else "opaque"
                name = tool_of(kind) if is_server else kind
                self.table.open(key, block_kind, events, text_at(item, "id"), name, bytes(told.item))

    def add_summary(self, told: StreamEvent, events: list[Event]) -> None:
        """The next paragraph of the thinking's summary, of thinking that is under way."""
        block = self.table.find((told.output_index, WHOLE))
        if block is not None and block.is_open and block.has_text:
            events.append(ThinkingDelta(block.index, "\n\n"))

    def finish_item(self, told: StreamEvent, events: list[Event]) -> None:
        """An item is whole: the final form of what its deltas told, or all of it."""
        item = as_json(told.item)
        at, has_begun = self.told.finish(told.output_index, item)
        if at in self._nameless:
            self._named(at, item, events)
        elif text_at(item, "type") == "message":
            self.texts.finish_message(at, item, has_begun, events)
        elif not has_begun:
            told.output_index = at
            self.add_item(told, events)
        block = self.table.find((at, WHOLE)) if text_at(item, "type") != "message" else None
        is_open = block is not None and block.is_open
        if block is not None and is_open:
            self._fill(block, item, events)
        self.table.close_item(at, events)
        if block is not None and is_open and block.kind == "server_call":
            self._outcome(block, item, events)

    def settle(self, told: StreamEvent, events: list[Event]) -> None:
        """The arguments of a call are said to be whole."""
        block = self.table.find((told.output_index, WHOLE))
        if block is not None and block.is_open and block.kind == "tool_call":
            self.table.settle(block, events)

    def is_half(self, told: StreamEvent) -> bool:
        """Are the arguments of a call no JSON object, now that they are said to be whole?"""
        block = self.table.find((told.output_index, WHOLE))
        if self._options.takes_partial_arguments or (block is not None and block.kind != "tool_call"):
            return False
        whole = told.arguments if isinstance(told.arguments, str) else ""
        return (block is not None and not block.is_whole) or (whole != "" and json_object(whole) is None)

    def close_all(self, response: Json, events: list[Event]) -> None:
        """The answer is over, as ``response`` tells it; raises ProtocolBroken where a call is not whole."""
        if self._nameless:
            raise ProtocolBroken(_NAMELESS)
        self.table.close_all(events)
        for run, result in self._found.results(response):
            self._result(run, WEB_SEARCH, result, events)

    def _argue(self, block: TableBlock, text: str, events: list[Event]) -> None:
        said = self.table.argue(block, text, events)
        if text and (said != text or block.kept):
            self.amended = (block, said)

    def _call(self, output_index: int, call_id: str, name: str, events: list[Event]) -> TableBlock:
        call_id = call_id or f"call_{self._options.call_id_seed}{self.table.count}"
        return self.table.open((output_index, WHOLE), "tool_call", events, call_id, name)

    def _named(self, at: int, item: Json, events: list[Event]) -> None:
        """A call whose name comes at its end, if it does."""
        call_id, pieces = self._nameless.pop(at)
        name = plain_name(item)
        if not name:
            raise ProtocolBroken(_NAMELESS)
        block = self._call(at, call_id or text_at(item, "call_id") or text_at(item, "id"), name, events)
        for piece in pieces:
            self.table.argue(block, piece, events)

    def _fill(self, block: TableBlock, item: Json, events: list[Event]) -> None:
        """What came with the finished item only: all of it, where a server streams items whole."""
        if block.kind == "thinking":
            if not block.has_text and (text := thought(item)):
                events.append(ThinkingDelta(block.index, text))
            if signature := text_at(item, "encrypted_content"):
                events.append(Signature(block.index, signature, self._options.family))
        elif block.kind == "tool_call" and not block.has_text:
            self.table.argue(block, text_at(item, "arguments") or "{}", events)
        elif block.kind == "server_call":
            self.table.argue(block, arguments_of(item), events)

    def _outcome(self, block: TableBlock, item: Json, events: list[Event]) -> None:
        """What came of a run of upstream's own tool: its result, or the picture that it made."""
        if text_at(item, "type") == "image_generation_call":
            if data := text_at(item, "result"):
                media_type = f"image/{text_at(item, 'output_format') or 'png'}"
                payload = msgspec.json.encode({"media_type": media_type, "data": data})
                self.table.put(BlockStart(self.table.count, "media", payload=payload), events)
            return
        result, run = result_of(item), text_at(item, "id")
        if result is None:
            return
        if block.name == WEB_SEARCH and not (result.sources or result.error):
            self._found.wait(run)
        else:
            self._result(run, block.name, result, events)

    def _result(self, run: str, tool: str, result: ServerResult, events: list[Event]) -> None:
        start = BlockStart(self.table.count, "server_result", run, tool, result=result)
        self.table.put(start, events)
