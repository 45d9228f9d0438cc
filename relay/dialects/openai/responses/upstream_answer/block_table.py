"""The blocks of a Responses stream, each opened and closed once. PURE."""

import msgspec

from relay.dialects.openai.text_in_pieces import TextInPieces
from relay.dialects.reading.call_arguments import CallArguments
from relay.neutral.block import BlockKind
from relay.neutral.events import ArgumentsDelta, BlockStart, BlockStop, Event
from relay.neutral.sse import SseEvent

Key = tuple[int, int]
"""The index of the item, and of the part in it."""

WHOLE = -1
"""The content index under which an item that is one block stands."""


class ProtocolBroken(Exception):
    """The stream speaks of a block that is not there, or ends a tool call that is not whole."""


class TableBlock(msgspec.Struct, gc=False):
    """A block under way.

    ``has_text`` says that deltas came, ``cited`` counts the sources that were told of a text, ``kept`` are
    the events whose pieces of arguments nobody was told of yet.
    """

    index: int
    kind: BlockKind
    name: str = ""
    has_text: bool = False
    text: TextInPieces = msgspec.field(default_factory=TextInPieces)
    cited: int = 0
    is_open: bool = True
    arguments: CallArguments = msgspec.field(default_factory=CallArguments)
    kept: list[SseEvent] = msgspec.field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Are the arguments a JSON object, or none yet?"""
        return not self.arguments.pieces or self.arguments.is_whole


class BlockTable:
    """The blocks by their places on the wire. Each method adds the events it causes to ``events``.

    ``is_cut``: a tool call was closed whose JSON does not parse, so its end is not told yet.
    """

    def __init__(self, *, takes_partial_arguments: bool) -> None:
        """Nothing said yet."""
        self.count = 0
        self.kinds: set[BlockKind] = set()
        self.is_cut = False
        self.owed: list[tuple[TableBlock, str]] = []
        """Arguments that were kept back, and are told now."""
        self._takes_partial_arguments = takes_partial_arguments
        self._blocks: dict[Key, TableBlock] = {}
        self._items: dict[
            int, dict[int, TableBlock]
        ] = {}  # those that may be open, by item and content index
        self._cut_block = -1

    def find(self, key: Key) -> TableBlock | None:
        """The block at ``key``, open or not."""
        return self._blocks.get(key)

    def open_at(self, key: Key) -> TableBlock:
        """The open block at ``key``; raises ProtocolBroken."""
        block = self._blocks.get(key)
        if block is None or not block.is_open:
            raise ProtocolBroken(f"output {key[0]}, content {key[1]} is not open")
        return block

    def with_text(self, output_index: int) -> set[int]:
        """The content indexes of an item's parts that have text; none once it is whole."""
        parts = self._items.get(output_index, {})
        return {number for number, block in parts.items() if number != WHOLE and block.has_text}

    def open(
        self,
        key: Key,
        kind: BlockKind,
        events: list[Event],
        identity: str = "",
        name: str = "",
        payload: bytes = b"",
    ) -> TableBlock:
        """A block begins; raises ProtocolBroken where it did before."""
        if key in self._blocks:
            raise ProtocolBroken(f"output {key[0]} began twice")
        block = self._blocks[key] = TableBlock(self.count, kind, name)
        self._items.setdefault(key[0], {})[key[1]] = block
        self.kinds.add(kind)
        events.append(BlockStart(self.count, kind, identity, name, payload))
        self.count += 1
        return block

    def put(self, start: BlockStart, events: list[Event]) -> None:
        """A block that is whole as it begins, and stands nowhere on the wire."""
        self.kinds.add(start.kind)
        self.count += 1
        events += (start, BlockStop(start.index))

    def argue(self, block: TableBlock, piece: str, events: list[Event]) -> str:
        """More of a call's arguments; what of them is told now."""
        if not piece:
            return ""
        block.has_text = True
        said = block.arguments.take(piece)
        if said:
            events.append(ArgumentsDelta(block.index, said))
        return said

    def settle(self, block: TableBlock, events: list[Event]) -> None:
        """A call's arguments are over: what was kept back of them is told."""
        if rest := block.arguments.rest():
            events.append(ArgumentsDelta(block.index, rest))
            self.owed.append((block, rest))

    def close(self, block: TableBlock, events: list[Event]) -> None:
        """A block is whole."""
        block.is_open = False
        self.settle(block, events)
        if block.kind == "tool_call" and not self._takes_partial_arguments:
            if not block.arguments.pieces:
                events.append(ArgumentsDelta(block.index, "{}"))
            elif not block.is_whole:
                self.is_cut, self._cut_block = True, block.index
                return
        events.append(BlockStop(block.index))

    def close_item(self, output_index: int, events: list[Event]) -> None:
        """All blocks of an item are whole."""
        blocks = self._items.get(output_index)
        if blocks:
            self._items[output_index] = {}
            for block in blocks.values():
                if block.is_open:
                    self.close(block, events)

    def close_all(self, events: list[Event]) -> None:
        """The answer is over; raises ProtocolBroken where a call is cut."""
        for block in self._blocks.values():
            if block.is_open:
                self.close(block, events)
        self.refuse_cut()

    def refuse_cut(self) -> None:
        """More comes, or the answer is over; raises ProtocolBroken where a call is cut."""
        if self.is_cut:
            raise ProtocolBroken("a tool call ended with arguments that are no JSON object")

    def accept_cut(self, events: list[Event]) -> None:
        """The answer was cut short, and the last call with it."""
        self.is_cut = False
        events.append(BlockStop(self._cut_block))
