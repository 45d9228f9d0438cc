"""Blocks out of chat completion deltas: one open at a time, tool calls whole and valid. PURE.

Chat completions name no blocks: what a delta adds to tells which one is open. Tool call fragments may
interleave in theory, and servers differ in how they number them; a call that begins while another is
not yet a whole JSON object waits until it is.
"""

from typing import Any

import msgspec

from relay.dialects.json_object import json_object
from relay.dialects.openai.chat.wire import CallFragment, Function
from relay.neutral.block import BlockKind
from relay.neutral.events import ArgumentsDelta, BlockStart, BlockStop, Event, TextDelta, ThinkingDelta


class BrokenCall(Exception):
    """A tool call ended whose arguments are no JSON object."""


class _Block(msgspec.Struct, gc=False):
    """A block under way. ``waiting`` is what came for it before it could open."""

    kind: BlockKind
    id: str = ""
    name: str = ""
    index: int = -1
    is_closed: bool = False
    pieces: list[str] = msgspec.field(default_factory=list)
    waiting: list[str] = msgspec.field(default_factory=list)


class CallNumbers:
    """Which call a fragment belongs to, however the server numbers them.

    A fragment with an unknown index begins a call. So does one that repeats the index of another call
    under a new id and a name (servers that call everything 0), and one without index but with a new id.
    A fragment without index and id belongs to the latest call.
    """

    def __init__(self) -> None:
        """No call yet."""
        self._by_index: dict[int, int] = {}
        self._ids: list[str] = []

    def place(self, index: int | None, call_id: str, name: str) -> tuple[int, bool]:
        """The call's position in the answer, and whether it begins here."""
        if index is None:
            if call_id in self._ids and call_id:
                return self._ids.index(call_id), False
            if self._ids and not (call_id or name):
                return len(self._ids) - 1, False
            return self._begin(len(self._ids), call_id)
        position = self._by_index.get(index)
        if position is None or (name and call_id and call_id != self._ids[position]):
            return self._begin(index, call_id)
        return position, False

    def _begin(self, index: int, call_id: str) -> tuple[int, bool]:
        position = len(self._ids)
        self._by_index[index] = position
        self._ids.append(call_id)
        return position, True


class Blocks:
    """The blocks of one answer. Each method adds the events it causes to ``events``."""

    def __init__(self, call_id_seed: str) -> None:
        """Nothing said yet; ``call_id_seed`` makes ids for calls that come without, or with a used one."""
        self._seed = call_id_seed
        self._count = 0
        self._open: _Block | None = None
        self._calls: list[_Block] = []
        self._queue: list[_Block] = []  # what waits for the open tool call to be whole
        self._numbers = CallNumbers()
        self._ids: set[str] = set()
        self.kinds: set[BlockKind] = set()

    @property
    def is_half(self) -> bool:
        """Is a tool call open whose arguments are no whole object yet?"""
        return self._open is not None and bool(self._open.pieces) and not self._is_whole(self._open)

    @property
    def open_index(self) -> int:
        """The index of the open block; -1 without."""
        return self._open.index if self._open is not None else -1

    def say(self, kind: BlockKind, text: str, events: list[Event]) -> None:
        """More text, thinking or refusal."""
        block = self._open
        if block is None or block.kind != kind:
            last = self._queue[-1] if self._queue else None
            block = last if last is not None and last.kind == kind else self._begin(_Block(kind), events)
        self._add(block, text, events)

    def call(self, fragment: CallFragment, events: list[Event]) -> None:
        """A fragment of a tool call."""
        function = fragment.function
        name = (function.name or "") if function else ""
        position, begins = self._numbers.place(fragment.index, fragment.id or "", name)
        if begins:
            if not name:
                raise BrokenCall("a tool call began without a name")
            block = _Block("tool_call", self._unique(fragment.id or "", position), name)
            self._calls.append(block)
            self._begin(block, events)
        block = self._calls[position]
        arguments = function.arguments if function else None
        if isinstance(arguments, dict):
            arguments = msgspec.json.encode(arguments).decode()
        if arguments:
            if block.is_closed:
                raise BrokenCall(f"more arguments came for the call of {block.name}, which was whole")
            self._add(block, arguments, events)
            if self._queue and block is self._open:
                self._advance(events)

    def function_call(self, function: Function, events: list[Event]) -> None:
        """A fragment of the one call of the older ``functions``, which has neither index nor id."""
        self.call(CallFragment(0, None, function), events)

    def close(self, is_cut: bool, events: list[Event]) -> None:
        """The answer stops: every block closes; with ``is_cut`` a call may stay half."""
        while self._open is not None:
            self._stop(self._open, events, is_cut)
            if self._queue:
                self._start(self._queue.pop(0), events)

    def _begin(self, block: _Block, events: list[Event]) -> _Block:
        if self._queue or (self._open is not None and not self._is_whole(self._open)):
            self._queue.append(block)
            return block
        if self._open is not None:
            self._stop(self._open, events, is_cut=False)
        self._start(block, events)
        return block

    def _advance(self, events: list[Event]) -> None:
        """Let those that wait open, as far as the blocks before them are whole."""
        while self._queue and self._open is not None and self._is_whole(self._open):
            self._stop(self._open, events, is_cut=False)
            self._start(self._queue.pop(0), events)

    def _start(self, block: _Block, events: list[Event]) -> None:
        block.index = self._count
        self._count += 1
        self._open = block
        self.kinds.add(block.kind)
        events.append(BlockStart(block.index, block.kind, block.id, block.name))
        for piece in block.waiting:
            self._add(block, piece, events)

    def _add(self, block: _Block, piece: str, events: list[Event]) -> None:
        if block is not self._open:
            block.waiting.append(piece)
        elif block.kind == "tool_call":
            block.pieces.append(piece)
            events.append(ArgumentsDelta(block.index, piece))
        elif block.kind == "thinking":
            events.append(ThinkingDelta(block.index, piece))
        else:
            events.append(TextDelta(block.index, piece))

    def _stop(self, block: _Block, events: list[Event], is_cut: bool) -> None:
        if block.kind == "tool_call":
            if not block.pieces:
                self._add(block, "{}", events)  # how some servers call a function without parameters
            elif not is_cut and not self._is_whole(block):
                raise BrokenCall(f"the arguments of the call of {block.name} are no JSON object")
        block.is_closed = True
        events.append(BlockStop(block.index))
        self._open = None

    @staticmethod
    def _is_whole(block: _Block) -> bool:
        return block.kind != "tool_call" or json_object("".join(block.pieces)) is not None

    def _unique(self, told: str, position: int) -> str:
        call_id = told if told and told not in self._ids else f"call_{self._seed}{position}"
        self._ids.add(call_id)
        return call_id


def reasoning_text(reasoning: Any) -> str:
    """The text of ``reasoning`` or ``reasoning_details``: what is encrypted or signed has none."""
    if isinstance(reasoning, str):
        return reasoning
    if isinstance(reasoning, dict):
        reasoning = [reasoning]
    if not isinstance(reasoning, list):
        return ""
    found = [part.get("text") or part.get("summary") for part in reasoning if isinstance(part, dict)]
    return "".join(text for text in found if isinstance(text, str))
