"""The neutral stream events, and the state that they fold into.

PURE. A decoder of any dialect turns upstream bytes into these; an encoder of any dialect turns these
into client bytes; the engine looks at nothing else. ``gc=False`` keeps a stream of thousands of small
objects away from the garbage collector (events hold no cycles).
"""

from collections.abc import Iterable
from typing import Literal, assert_never

import msgspec

from relay.neutral.block import BlockKind, OpenBlock
from relay.neutral.failures import Failure, Phase
from relay.neutral.server_tools import ServerResult
from relay.neutral.usage import Usage as Usage
from relay.neutral.usage import merged as merged

HiddenThinking = Literal["", "silent", "all"]  # what a client is not told: thinking without words, or all
StopReason = Literal[
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "refusal",  # refused, blocked, or stopped by a safety rule: an answer, never retried
    "pause_turn",
    "context_window",
    "continuation",  # Gemini's CONTINUATION: ask again with the token
    "malformed",  # MALFORMED_FUNCTION_CALL and its kin: no answer
    "missing_signature",  # MISSING_THOUGHT_SIGNATURE: to be healed
    "other",  # over, for a reason that says nothing of an answer
    "unknown",  # a word that is newer than this server: upstream's answer, whatever it means
]


LONGEST_CHARACTERS = 8_192
"""Of a delta that a stream is told in: some clients read lines of 64 KiB at most, and JSON may take six bytes
for a character."""


class MessageStart(msgspec.Struct, frozen=True, gc=False):
    """Upstream began an answer. Alone it is not valid data."""

    id: str
    model: str


class BlockStart(msgspec.Struct, frozen=True, gc=False):
    """A block opens. ``index`` rises from 0 without gaps, in the order of the starts.

    ``id`` and ``name`` are those of a tool call, or of a server tool's run (``server_tools.py``), whose
    ``server_result`` has the id of its call, and what came of it in ``result``. ``payload`` is what kinds
    without deltas carry whole, as JSON: redacted ``{"data": …}``, media ``{"media_type": …}`` with ``data``
    (base64) or ``url``; server_call, server_result and opaque blocks carry their own dialect's object.
    """

    index: int
    kind: BlockKind
    id: str = ""
    name: str = ""
    payload: bytes = b""
    result: ServerResult | None = None


class TextDelta(msgspec.Struct, frozen=True, gc=False):
    """More text of a text or refusal block."""

    index: int
    text: str


class ThinkingDelta(msgspec.Struct, frozen=True, gc=False):
    """More text of a thinking block."""

    index: int
    text: str


class ArgumentsDelta(msgspec.Struct, frozen=True, gc=False):
    """More of a tool call's arguments, the client's or upstream's own: a fragment of a JSON object's text."""

    index: int
    json: str


class Signature(msgspec.Struct, frozen=True, gc=False):
    """The signature of a block, never split or merged: a thinking block or a tool call has one at its end.

    A text goes on behind its signature, and may have several. ``family`` is the model family that can read
    it (``claude``, ``gemini-3`` …).
    """

    index: int
    value: str
    family: str


class Citation(msgspec.Struct, frozen=True, gc=False):
    """A citation of a text block: url and title where there are such, and the dialect's own object."""

    index: int
    raw: bytes
    url: str = ""
    title: str = ""
    cited_text: str = ""


class BlockStop(msgspec.Struct, frozen=True, gc=False):
    """A block is whole."""

    index: int


class Stop(msgspec.Struct, frozen=True, gc=False):
    """Why the model stopped: our word, and upstream's own."""

    reason: StopReason
    upstream_reason: str
    stop_sequence: str | None = None
    category: str | None = None
    explanation: str | None = None
    continuation_token: str | None = None


class Terminal(msgspec.Struct, frozen=True, gc=False):
    """The protocol's own last event: the answer is complete. Nothing follows it."""


class Failed(msgspec.Struct, frozen=True, gc=False):
    """An error object in the stream, or data that breaks the protocol. Nothing follows it."""

    failure: Failure


class Heartbeat(msgspec.Struct, frozen=True, gc=False):
    """A ping or comment: upstream is there, and says nothing."""


class Extra(msgspec.Struct, frozen=True, gc=False):
    """What only its own dialect can say: re-emitted there, counted as dropped elsewhere."""

    where: str
    name: str
    raw: bytes = b""


_Rare = (
    MessageStart
    | BlockStart
    | Signature
    | Citation
    | BlockStop
    | Stop
    | Terminal
    | Failed
    | Heartbeat
    | Extra
)
Event = TextDelta | ThinkingDelta | ArgumentsDelta | Usage | _Rare


class Chunk(msgspec.Struct, frozen=True, gc=False):
    """What one network read amounted to: whole SSE events only.

    ``raw`` is those events' bytes in upstream's dialect, unchanged, ready for a client of the same
    dialect; ``events`` is what they mean. Both may be empty. ``is_finishing``: a finish reason was told, and
    nothing behind it; whether it is the end, the end of the body says. ``has_unheard``: a whole event was
    there that means nothing here, as one that only tells again what was told; it is no heartbeat.
    """

    raw: bytes
    events: list[Event]
    is_finishing: bool = False
    has_unheard: bool = False


class StreamState:
    """What a stream of events amounts to so far. ``fold`` is the only way in."""

    __slots__ = ("blocks", "failure", "message_id", "model", "stop", "terminal", "usage")

    def __init__(self) -> None:
        """An answer of which nothing is known yet."""
        self.message_id = self.model = ""
        self.blocks: list[OpenBlock] = []
        self.usage = Usage()
        self.stop: Stop | None = None
        self.terminal = False
        self.failure: Failure | None = None

    def fold(self, events: Iterable[Event]) -> None:
        """Take ``events`` in; raises IndexError when a block is spoken of that was never started."""
        blocks = self.blocks
        for event in events:
            # By type and not isinstance, which is three times slower for msgspec's classes.
            if type(event) is TextDelta or type(event) is ThinkingDelta:
                blocks[event.index].pieces.append(event.text)
            elif type(event) is ArgumentsDelta:
                blocks[event.index].pieces.append(event.json)
            elif type(event) is Usage:
                self.usage = merged(self.usage, event)
            else:
                self._fold_rare(event)  # type: ignore[arg-type]

    def _fold_rare(self, event: _Rare) -> None:
        match event:
            case BlockStart():
                self.blocks.append(OpenBlock(event.index, event.kind, event.id, event.name))
            case BlockStop():
                self.blocks[event.index].is_open = False
            case Signature():
                block = self.blocks[event.index]
                block.signature = event.value
                block.signature_count += 1
            case Stop():
                self.stop = event
            case MessageStart():
                self.message_id, self.model = event.id, event.model
            case Terminal():
                self.terminal = True
            case Failed():
                self.failure = event.failure
            case Citation() | Heartbeat() | Extra():
                pass
            case _:
                assert_never(event)

    @property
    def open_block(self) -> OpenBlock | None:
        """The youngest block that is still open."""
        if self.blocks and self.blocks[-1].is_open:  # as it nearly always is
            return self.blocks[-1]
        return next((block for block in reversed(self.blocks) if block.is_open), None)

    @property
    def is_thinking(self) -> bool:
        """Is a thinking block open now?"""
        block = self.open_block
        return block is not None and block.kind == "thinking"

    @property
    def is_empty_turn(self) -> bool:
        """Did the model end its turn without a word?"""
        return self.stop is not None and self.stop.reason == "end_turn" and not self.blocks

    @property
    def is_thinking_only(self) -> bool:
        """Did the answer come to a normal end, with nothing but thinking in it?"""
        kinds = {block.kind for block in self.blocks if block.pieces or block.kind != "text"}
        is_normal = self.stop is not None and self.stop.reason in ("end_turn", "stop_sequence")
        return is_normal and bool(kinds) and kinds <= {"thinking", "redacted"}

    @property
    def phase(self) -> Phase:
        """Where in the answer the stream stands."""
        if self.stop is not None or self.terminal:
            return Phase.AFTER_STOP
        block = self.open_block or (self.blocks[-1] if self.blocks else None)
        if block is None:
            return Phase.PEEK
        if block.kind in ("thinking", "redacted"):
            return Phase.THINKING
        return Phase.TOOL_CALL if block.kind in ("tool_call", "server_call") else Phase.TEXT

    @property
    def text(self) -> str:
        """The plain text said so far, over all text blocks."""
        return "".join(block.text for block in self.blocks if block.kind == "text")


def joined_words(pieces: Iterable[str]) -> list[str]:
    """``pieces`` of one block's words that came together, in as few as ``LONGEST_CHARACTERS`` allows."""
    told: list[str] = []
    together: list[str] = []
    characters = 0
    for piece in pieces:
        characters += len(piece)
        if characters > LONGEST_CHARACTERS and together:
            told.append("".join(together))
            together, characters = [], len(piece)
        together.append(piece)
    return [*told, "".join(together)] if together else told
