"""One answer out of several upstream legs: indexes go on, nothing is said twice, usage is summed.

PURE. The client sees one message: the later leg's start is left out, its blocks follow the earlier ones.
"""

from collections.abc import Iterable

import msgspec

from relay.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Citation,
    Event,
    MessageStart,
    Signature,
    Stop,
    StreamState,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
    merged,
)

_INDEXED = (BlockStart, BlockStop, TextDelta, ThinkingDelta, ArgumentsDelta, Signature, Citation)


class Splice:
    """Fits one leg's events behind what ``state`` holds when the leg begins."""

    def __init__(self, state: StreamState) -> None:
        """``state`` is the answer so far, all legs."""
        self._offset = len(state.blocks)
        self._usage_before = state.usage
        self._usage = Usage()

    def take(self, events: Iterable[Event]) -> list[Event]:
        """The leg's ``events`` as events of the whole answer."""
        out: list[Event] = []
        for event in events:
            if isinstance(event, MessageStart):
                continue
            if isinstance(event, Usage):
                self._usage = merged(self._usage, event)
                out.append(_total(self._usage_before, self._usage))
            elif isinstance(event, _INDEXED):
                out.append(msgspec.structs.replace(event, index=event.index + self._offset))
            else:
                out.append(event)
        return out


def _total(before: Usage, leg: Usage) -> Usage:
    return merged(before, msgspec.structs.replace(leg, is_cumulative=False))


def without_end(events: Iterable[Event]) -> list[Event]:
    """``events`` without the stop and the terminal event: this leg's end is not the answer's."""
    return [event for event in events if not isinstance(event, Stop | Terminal)]
