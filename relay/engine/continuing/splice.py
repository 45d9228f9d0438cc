"""One answer out of several upstream legs: indexes are continued, nothing is said twice, usage is summed.

PURE. The client sees one message: the later leg's start is left out, its blocks follow the earlier ones. A
leg that upstream hands a token for (Gemini's CONTINUATION) begins where the last one ended; one that goes
on in the middle of a broken answer is joined to it (``relay/engine/continuing/joint.py``).
"""

from collections.abc import Iterable

import msgspec

from relay.engine.continuing.joint import INDEXED, Joint
from relay.neutral.events import Event, MessageStart, Stop, StreamState, Terminal, Usage, merged


class Splice:
    """Fits one leg's events behind what ``state`` holds when the leg begins."""

    def __init__(self, state: StreamState, joint: Joint | None = None) -> None:
        """``state`` is the answer so far, all legs; ``joint`` where the leg continues it in its middle."""
        self.usage = Usage()
        self._offset = len(state.blocks)
        self._usage_before = state.usage
        self._joint = joint

    def take(self, events: Iterable[Event]) -> list[Event]:
        """The leg's ``events`` as events of the whole answer; ``usage`` is what the leg told of its own."""
        out: list[Event] = []
        for event in events if self._joint is None else self._joint.take(events):
            if isinstance(event, MessageStart):
                continue
            if isinstance(event, Usage):
                self.usage = merged(self.usage, event)
                out.append(total(self._usage_before, self.usage))
            elif isinstance(event, INDEXED):
                out.append(msgspec.structs.replace(event, index=event.index + self._offset))
            else:
                out.append(event)
        return out


def total(before: Usage, leg: Usage) -> Usage:
    """The usage of all legs; what none told stays unknown."""
    return merged(before, msgspec.structs.replace(leg, is_cumulative=False))


def without_end(events: Iterable[Event]) -> list[Event]:
    """``events`` without the stop and the terminal event: this leg's end is not the answer's."""
    return [event for event in events if not isinstance(event, Stop | Terminal)]
