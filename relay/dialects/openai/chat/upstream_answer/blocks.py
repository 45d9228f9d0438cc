"""Blocks out of chat completion deltas: one open at a time, tool calls whole and valid. PURE.

Chat completions name no blocks: what a delta adds to tells which one is open. Tool call fragments may
interleave in theory, and servers differ in how they number them; a call that begins while another is
not yet a whole JSON object waits until it is, and one whose name was not told waits for that.
"""

from collections import deque
from typing import Any

import msgspec

from relay.dialects.json_object import json_object
from relay.dialects.openai.chat.client_answer.rewrites import GONE
from relay.dialects.openai.chat.upstream_answer.call_numbers import CallNumbers
from relay.dialects.openai.chat.upstream_answer.wire import CallFragment, Function
from relay.dialects.openai.requests.custom_tools import arguments_with
from relay.dialects.reading.call_arguments import CallArguments, unwrapped
from relay.neutral.block import BlockKind
from relay.neutral.events import ArgumentsDelta, BlockStart, BlockStop, Event, TextDelta, ThinkingDelta


class BrokenCall(Exception):
    """A tool call ended whose arguments are no JSON object, or that has no name."""


class ChatBlock(msgspec.Struct, gc=False):
    """A block under way. ``waiting`` is what came for it before it could open, ``position`` a call's.

    ``is_custom``: a call of a tool that takes text; its arguments are told when it closes.
    """

    kind: BlockKind
    id: str = ""
    name: str = ""
    payload: bytes = b""
    position: int = -1
    index: int = -1
    is_closed: bool = False
    is_custom: bool = False
    arguments: CallArguments = msgspec.field(default_factory=CallArguments)
    waiting: list[str] = msgspec.field(default_factory=list)

    @property
    def is_argued(self) -> bool:
        """Is it a call of which arguments were told?"""
        return self.is_custom or bool(self.arguments.pieces)

    @property
    def is_nameless(self) -> bool:
        """Is it a call whose name was not told yet?"""
        return self.kind == "tool_call" and not self.name

    @property
    def is_whole(self) -> bool:
        """May it be closed?"""
        return self.kind != "tool_call" or self.is_custom or self.arguments.is_whole

    def repeats(self, told: str) -> bool:
        """Is it a call that is whole, whose very arguments are told again?"""
        if self.is_custom or self.arguments.whole is None:
            return False
        return json_object(unwrapped(told)) == self.arguments.whole


class Blocks:
    """The blocks of one answer. Each method adds the events it causes to ``events``."""

    def __init__(self, call_id_seed: str) -> None:
        """Nothing said yet; ``call_id_seed`` makes ids for calls that come without, or with a used one."""
        self._seed = call_id_seed
        self._count = 0
        self._open: ChatBlock | None = None
        self.calls: list[ChatBlock] = []
        self._queue: deque[ChatBlock] = deque()  # they wait for the open call to be whole, or for a name
        self._nameless = 0  # of those that wait
        self.numbers = CallNumbers()
        self._ids: set[str] = set()
        self.kinds: set[BlockKind] = set()
        self.owed: list[tuple[int, str]] = []
        """Arguments that were kept back, by the call's position, and that no client has seen yet."""
        self._argued: set[int] = set()  # positions, since the end was told last
        self._kept_at = -1  # the call of the last fragment, where that was kept back; it may be closed since
        self.resumed: list[tuple[int, bool]] = []
        """Calls of which more came than was kept back, by position, and whether it was another object."""

    @property
    def is_half(self) -> bool:
        """Is a tool call under way that has no name, or arguments that are no whole object yet?"""
        if self._nameless:
            return True
        return self._open is not None and bool(self._open.arguments.pieces) and not self._open.is_whole

    @property
    def open_text(self) -> int:
        """The index of the text that is open; -1 without."""
        block = self._open
        return block.index if block is not None and block.kind == "text" and not self._queue else -1

    def say(self, kind: BlockKind, text: str, events: list[Event]) -> None:
        """More text, thinking or refusal."""
        block = self._queue[-1] if self._queue else self._open
        if block is None or block.kind != kind:
            block = self._begin(ChatBlock(kind), events)
        self._add(block, text, events)

    def put(self, kind: BlockKind, name: str, payload: bytes, events: list[Event]) -> None:
        """A block that is whole as it begins."""
        self._begin(ChatBlock(kind, "", name, payload), events)

    def call(self, fragment: CallFragment, behind: int, events: list[Event]) -> dict[str, Any]:
        """A fragment of a tool call, with ``behind`` others in its delta.

        The fields as they should have been, where a client could not put the fragments together as they came.
        """
        self._kept_at = -1
        function, custom = fragment.function, fragment.custom
        name = (function.name or "") if function else ""
        arguments = function.arguments if function else None
        if custom is not None:
            name, arguments = custom.name or "", custom.input
        given = arguments
        if isinstance(arguments, dict | list):
            arguments = msgspec.json.encode(arguments).decode()
        told_id = fragment.id or ""
        position, begins = self.numbers.place(fragment.index, told_id, name, behind)
        if not begins and name and arguments and self.calls[position].is_whole:
            is_told_again = told_id and self.calls[position].repeats(arguments)
            if not is_told_again:
                position, begins = self.numbers.begin(fragment.index, told_id)
        if begins:
            self.calls.append(ChatBlock("tool_call", position=position, is_custom=custom is not None))
        block = self.calls[position]
        amended: dict[str, Any] = {} if fragment.index == position else {"index": position}
        takes_name, takes_id = bool(name) and not block.name, not block.id and bool(told_id or name)
        if takes_id:
            block.id = self._unique(told_id, position)
        if takes_id and block.id != told_id:
            amended["id"] = block.id
        elif told_id and not takes_id:
            amended["id"] = GONE
        if takes_name:
            block.name = name
            self._nameless -= not begins
        elif name and custom is None:
            amended["name"] = GONE
        if begins:
            self._begin(block, events)
        elif takes_name:
            self._advance(events)
        if arguments is not given:
            amended["arguments"] = arguments
        if arguments:
            if block.is_closed and not arguments.strip():
                return amended
            if arguments[0] in '{"' and block.repeats(arguments):
                return {**amended, "arguments": ""}
            if block.is_closed:
                raise BrokenCall(f"more arguments came for the call of {block.name}, which was whole")
            said = self._argue(block, arguments, events)
            if block.arguments.is_kept:
                self._kept_at = block.position
            if said != arguments:
                amended["arguments"] = said
            if self._queue and (block is self._open or block is self._queue[0]):
                self._advance(events)
        return amended

    def function_call(self, function: Function, events: list[Event]) -> dict[str, Any]:
        """A fragment of the one call of the older ``functions``, without index and id; as ``call``."""
        amended = self.call(CallFragment(0, None, function), 0, events)
        return {name: value for name, value in amended.items() if name not in ("index", "id")}

    def is_kept(self, position: int) -> bool:
        """Is what was told last of the call at ``position`` kept back: an empty object, or half of one?"""
        return position == self._kept_at or self.calls[position].arguments.is_kept

    def arguments_at(self, position: int) -> str:
        """What the arguments of the call at ``position`` are so far, put right."""
        return self.calls[position].arguments.text

    def settle(self, events: list[Event], *, is_last: bool) -> None:
        """The answer has told its end: what was kept back of calls that are whole is told.

        An empty object behind the end, in a delta that is not itself the last, waits for the end of all.
        """
        # Some tell the end again and again: only calls of which more came since are looked at.
        for block in [self.calls[position] for position in sorted(self._argued)]:
            if not block.is_closed and block.is_whole and (is_last or not block.arguments.is_kept):
                self._pay(block, events)
        self._argued.clear()

    def close(self, is_cut: bool, events: list[Event]) -> None:
        """The answer stops: every block closes; with ``is_cut`` a call may stay half, or unknown."""
        while self._open is not None or self._queue:
            if self._open is not None:
                self._stop(self._open, events, is_cut)
            if self._queue:
                block = self._queue.popleft()
                if not block.is_nameless:
                    self._start(block, events)
                elif not is_cut:
                    raise BrokenCall("a tool call came without a name")

    def _begin(self, block: ChatBlock, events: list[Event]) -> ChatBlock:
        self._queue.append(block)
        self._nameless += block.is_nameless
        self._advance(events)
        return block

    def _advance(self, events: list[Event]) -> None:
        """Let those that wait open, as far as they are known and the blocks before them are whole."""
        while self._queue and not self._queue[0].is_nameless:
            if self._open is not None:
                if not self._open.is_whole or self._may_go_on(self._open, self._queue[0]):
                    return
                self._stop(self._open, events, is_cut=False)
            self._start(self._queue.popleft(), events)

    def _may_go_on(self, block: ChatBlock, following: ChatBlock) -> bool:
        """Was only an empty object told of a call, and no more of the one that follows?"""
        is_call = following.kind == "tool_call" and not following.is_custom
        return is_call and block.arguments.is_kept and following.arguments.is_unsure

    def _start(self, block: ChatBlock, events: list[Event]) -> None:
        block.index = self._count
        self._count += 1
        self._open = block
        self.kinds.add(block.kind)
        events.append(BlockStart(block.index, block.kind, block.id, block.name, block.payload))
        for piece in block.waiting:
            self._add(block, piece, events)

    def _argue(self, block: ChatBlock, arguments: str, events: list[Event]) -> str:
        """More of a call's arguments; what of it is said now."""
        if block.is_custom:
            block.arguments.pieces.append(arguments)
            return arguments
        self._argued.add(block.position)
        was_kept = block.arguments.is_kept
        said = block.arguments.take(arguments)
        if was_kept and (block.arguments.has_dropped or not block.arguments.is_kept):
            self.resumed.append((block.position, block.arguments.has_dropped))
        if said:
            self._add(block, said, events)
        return said

    def _pay(self, block: ChatBlock, events: list[Event]) -> None:
        """What was kept back of a call's arguments, which are over."""
        kept = block.arguments.rest()
        if kept:
            self._add(block, kept, events)
            self.owed.append((block.position, kept))

    def _add(self, block: ChatBlock, piece: str, events: list[Event]) -> None:
        if block is not self._open:
            block.waiting.append(piece)
        elif block.kind == "tool_call":
            events.append(ArgumentsDelta(block.index, piece))
        elif block.kind == "thinking":
            events.append(ThinkingDelta(block.index, piece))
        else:
            events.append(TextDelta(block.index, piece))

    def _stop(self, block: ChatBlock, events: list[Event], is_cut: bool) -> None:
        if block.is_custom:
            events.append(ArgumentsDelta(block.index, arguments_with(block.arguments.text)))
        elif block.kind == "tool_call":
            self._pay(block, events)
            if not block.arguments.pieces:
                self._add(block, "{}", events)  # how some servers call a function without parameters
            elif not is_cut and not block.is_whole:
                raise BrokenCall(f"the arguments of the call of {block.name} are no JSON object")
        block.is_closed = True
        events.append(BlockStop(block.index))
        self._open = None

    def _unique(self, told: str, position: int) -> str:
        call_id = told if told and told not in self._ids else f"call_{self._seed}{position}"
        self._ids.add(call_id)
        return call_id
