"""The content blocks of an upstream's message, by the numbers that upstream gives them. PURE.

Some servers begin at 1, leave gaps, or give every block the same number; a client's SDK needs them in a row.
"""

from typing import Any

import msgspec

from relay.dialects.anthropic.upstream_answer.block_start import start_events
from relay.dialects.anthropic.upstream_answer.reframing import InOtherWords, arguments_delta
from relay.dialects.interface import DecoderOptions
from relay.dialects.json_object import json_object
from relay.dialects.reading.call_arguments import CallArguments, bare
from relay.neutral.block import BlockKind
from relay.neutral.conversation import Json
from relay.neutral.events import ArgumentsDelta, BlockStart, Event


class UpstreamBlock(msgspec.Struct, gc=False):
    """A block as upstream builds it: a tool call's arguments in pieces, or all in ``first_input``.

    That is the text in its place where the client was shown an empty object.
    """

    index: int
    kind: BlockKind
    first_input: Any
    arguments: CallArguments
    is_open: bool = True
    kept: list[tuple[bytes, str]] = msgspec.field(default_factory=list)
    """The deltas of an empty object, or of half of one, which no client has seen yet, and their pieces."""

    def in_other_words(self, told: str, said: str) -> InOtherWords:
        """The delta whose piece ``told`` amounts to ``said``; an empty object waits for what follows."""
        return lambda raw: self._argued(raw, told, said)

    def shown(self, said: str) -> bytes:
        """The bytes of what was kept back, of which ``said`` is told: its own where they say the same."""
        kept, self.kept = self.kept, []
        if kept and bare("".join(piece for _, piece in kept)) == bare(said):
            return b"".join(raw for raw, _ in kept)
        return arguments_delta(self.index, said)

    def _argued(self, raw: bytes, told: str, said: str) -> bytes:
        if self.arguments.has_dropped:
            self.kept.clear()
        if self.arguments.is_kept or self.kept:
            self.kept.append((raw, told))
        return b"" if self.arguments.is_kept else self.shown(said)


class UpstreamBlocks:
    """The blocks of one message. ``None`` for a number means the latest one."""

    def __init__(self, options: DecoderOptions) -> None:
        """No block yet."""
        self._options = options
        self._count = 0
        self._by_number: dict[int | None, UpstreamBlock] = {}
        self._open: dict[int, UpstreamBlock] = {}  # by index
        self.kinds: set[BlockKind] = set()

    @property
    def next_call_id(self) -> str:
        """An id for a tool call that begins now without one."""
        return f"toolu_{self._options.call_id_seed}{self._count}"

    def start(self, number: int | None, content: Json, events: list[Event]) -> UpstreamBlock:
        """A block begins with ``content``, into ``events``."""
        index = self._count
        opening = start_events(index, content, self._options.family)
        start = opening[0]
        assert isinstance(start, BlockStart)
        events += opening
        block = UpstreamBlock(index, start.kind, content.get("input"), CallArguments())
        self._count += 1
        self.kinds.add(start.kind)
        self._by_number[number] = self._by_number[None] = self._open[index] = block
        return block

    def find(self, number: int | None) -> UpstreamBlock | None:
        """The open block with ``number``."""
        block = self._by_number.get(number)
        return block if block is not None and block.is_open else None

    def ended(self, number: int | None) -> UpstreamBlock | None:
        """The open block that an end with ``number`` ends; without one it is the only open block's."""
        if number is not None:
            return self.find(number)
        return next(iter(self._open.values())) if len(self._open) == 1 else None

    @property
    def all_open(self) -> list[UpstreamBlock]:
        """Those that nobody closed, in order."""
        return list(self._open.values())

    def settle(self, block: UpstreamBlock, events: list[Event]) -> bytes:
        """No more comes of a call's arguments: what was kept back, and the bytes that tell a client so."""
        kept = ""
        if isinstance(block.first_input, str) and not block.arguments.pieces:
            kept, block.first_input = block.arguments.take(block.first_input), None
        kept += block.arguments.rest()
        if not kept:
            return b""
        events.append(ArgumentsDelta(block.index, kept))
        return block.shown(kept)

    def finish(self, block: UpstreamBlock, events: list[Event]) -> bool:
        """A block is over; False for a tool call whose arguments are no JSON object."""
        block.is_open = False
        del self._open[block.index]
        pieces = block.arguments.pieces
        if block.kind in ("tool_call", "server_call") and not pieces and block.first_input:
            piece = msgspec.json.encode(block.first_input).decode()
            pieces.append(piece)
            events.append(ArgumentsDelta(block.index, piece))
        if block.kind != "tool_call":
            return True
        arguments = block.arguments.text
        return not arguments or json_object(arguments) is not None
