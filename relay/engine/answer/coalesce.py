"""The same answer in fewer events: for a client that gets it as a whole, or of what came together.

PURE.
"""

import sys
from collections.abc import Iterable, Sequence

from relay.neutral.events import LONGEST_CHARACTERS, ArgumentsDelta, Event, TextDelta, ThinkingDelta, Usage

_FEW = 4
"""So few events are told one by one."""


def together(events: Sequence[Event]) -> Sequence[Event]:
    """``events`` of a stream that came at once, in fewer and larger deltas."""
    return events if len(events) < _FEW else coalesced(events, LONGEST_CHARACTERS)


def coalesced(events: Iterable[Event], longest_characters: int = sys.maxsize) -> list[Event]:
    """``events`` with the neighbouring deltas of one block joined: nobody sees when their pieces came.

    They are joined up to ``longest_characters``; one that is longer by itself stays as it is.
    """
    out: list[Event] = []
    pieces: list[str] = []
    characters = 0
    last: TextDelta | ThinkingDelta | ArgumentsDelta | None = None
    for event in events:
        if type(event) is TextDelta or type(event) is ThinkingDelta or type(event) is ArgumentsDelta:
            said = event.json if isinstance(event, ArgumentsDelta) else event.text
            characters += len(said)
            if last is not None and (
                characters > longest_characters or type(last) is not type(event) or last.index != event.index
            ):
                out.append(_whole(last, pieces))
                pieces, characters = [], len(said)
            last = event
            pieces.append(said)
        elif type(event) is not Usage:
            if last is not None:
                out.append(_whole(last, pieces))
                last, pieces, characters = None, [], 0
            out.append(event)
        else:
            out.append(event)
    if last is not None:
        out.append(_whole(last, pieces))
    return out


def _whole(delta: TextDelta | ThinkingDelta | ArgumentsDelta, pieces: list[str]) -> Event:
    return delta if len(pieces) == 1 else type(delta)(delta.index, "".join(pieces))
