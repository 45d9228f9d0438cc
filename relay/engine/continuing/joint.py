"""Where a leg that continues an answer in its middle is joined to it: in the same open block.

PURE. The client is in the middle of a text, so the leg's first text continues it, without its echo; what the
model thought about continuing has no place there and is left out, and so is a signature, which is for words
that were never said in one piece. Everything behind that text is the leg's own.
"""

from collections.abc import Iterable

import msgspec

from relay.engine.continuing.echo import Echo
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Citation,
    Event,
    Extra,
    Failed,
    Signature,
    Stop,
    Terminal,
    TextDelta,
    ThinkingDelta,
)

INDEXED = (BlockStart, BlockStop, TextDelta, ThinkingDelta, ArgumentsDelta, Signature, Citation)
"""The events that speak of a block."""

_SILENT = ("thinking", "redacted")


class Joint:
    """Numbers a leg's blocks from the joint on: -1 is the block that was open there, 0 the next one."""

    def __init__(self, echo: Echo, *, is_open: bool) -> None:
        """``is_open``: the text to continue is in an open block; else what follows gets a new one."""
        self._echo = echo
        self._is_open = is_open
        self._is_joined = False  # the leg's first block that is no thinking has begun
        self._joining = -1  # the leg's number of the text that is continued, as long as it is
        self._has_block = is_open  # the client knows of that text's block
        self._skipped: set[int] = set()
        self._shift = 0

    def take(self, events: Iterable[Event]) -> list[Event]:
        """The leg's ``events``, numbered from the joint on."""
        out: list[Event] = []
        for event in events:
            if isinstance(event, INDEXED):
                self._take_indexed(event, out)
                continue
            if isinstance(event, Extra) and self._skipped and not self._is_joined:
                continue  # it is of a thought that is left out
            if isinstance(event, Stop | Terminal):
                self._close(out)
            elif isinstance(event, Failed):
                self._joining = -1  # what is held is not decided, and the next leg says it again
            out.append(event)
        return out

    def _take_indexed(self, event: Event, out: list[Event]) -> None:
        index: int = event.index  # type: ignore[union-attr]
        if isinstance(event, BlockStart) and not self._is_joined:
            if event.kind in _SILENT:
                self._skipped.add(index)
                self._shift -= 1
                return
            self._is_joined = True
            if event.kind == "text":
                self._joining = index
                self._shift -= self._is_open
                return
            self._close(out)
        if index in self._skipped:
            return
        if index == self._joining:
            self._take_joining(event, out)
        else:
            out.append(msgspec.structs.replace(event, index=index + self._shift))

    def _take_joining(self, event: Event, out: list[Event]) -> None:
        match event:
            case TextDelta(_, text):
                self._say(self._echo.take(text), out)
            case BlockStop(index):
                self._close(out)
                if not self._has_block:  # nothing of it was new: the client never hears of it
                    self._skipped.add(index)
                    self._shift -= 1
            case Citation(index) if self._has_block:
                out.append(msgspec.structs.replace(event, index=index + self._shift))
            case _:
                pass

    def _say(self, text: str, out: list[Event]) -> None:
        if not text:
            return
        at = self._joining + self._shift
        if not self._has_block:
            self._has_block = True
            out.append(BlockStart(at, "text"))
        out.append(TextDelta(at, text))

    def _close(self, out: list[Event]) -> None:
        """The continued text is whole; or there is none, and what was open ends here."""
        if self._joining >= 0:
            self._say(self._echo.finish(), out)
            if self._has_block:
                out.append(BlockStop(self._joining + self._shift))
            self._joining = -1
        elif self._is_open:
            out.append(BlockStop(-1))
        self._is_open = False


def spoken(events: Iterable[Event]) -> list[Event]:
    """Of a leg's ``events`` those that continue the answer: to think about it alone is to say nothing."""
    return [event for event in events if not _is_silent(event)]


def _is_silent(event: Event) -> bool:
    if isinstance(event, BlockStart):
        return event.kind in _SILENT
    return isinstance(event, ThinkingDelta | Signature)
