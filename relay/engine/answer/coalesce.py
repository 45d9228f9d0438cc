"""The same answer in fewer events, for a client that gets it as a whole.

PURE.
"""

from collections.abc import Iterable

from relay.neutral.events import ArgumentsDelta, Event, TextDelta, ThinkingDelta, Usage


def coalesced(events: Iterable[Event]) -> list[Event]:
    """``events`` with the neighbouring deltas of one block joined: nobody sees when their pieces came."""
    out: list[Event] = []
    pieces: list[str] = []
    last: TextDelta | ThinkingDelta | ArgumentsDelta | None = None
    for event in events:
        if type(event) is TextDelta or type(event) is ThinkingDelta or type(event) is ArgumentsDelta:
            if last is not None and (type(last) is not type(event) or last.index != event.index):
                out.append(_whole(last, pieces))
                pieces = []
            last = event
            pieces.append(event.json if isinstance(event, ArgumentsDelta) else event.text)
        elif type(event) is not Usage:
            if last is not None:
                out.append(_whole(last, pieces))
                last, pieces = None, []
            out.append(event)
        else:
            out.append(event)
    if last is not None:
        out.append(_whole(last, pieces))
    return out


def _whole(delta: TextDelta | ThinkingDelta | ArgumentsDelta, pieces: list[str]) -> Event:
    return type(delta)(delta.index, "".join(pieces))
