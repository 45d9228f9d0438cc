"""What an accent is, and how it changes the events of a stream: one event stays one event, of its kind.

So a fault strikes where it would strike without the accent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import msgspec

from relay.simulator.dialect import EventKind, Json, SimulatedEvent, encode_json

Change = Callable[[list[SimulatedEvent]], list[SimulatedEvent]]


def unchanged(events: list[SimulatedEvent]) -> list[SimulatedEvent]:
    """The change of an accent that is in the framing alone."""
    return events


@dataclass(frozen=True, slots=True)
class Accent:
    """One accent: what is different, for people; the change for each of its dialects; and the framing.

    ``says_end_early``: the reason to stop is told before the end, so that a stream that breaks off may pass
    for a whole one. ``has_names``: events have their ``event:`` lines where the dialect has them.
    ``has_empty_frames``: an empty ``data:`` frame stands behind every event.
    """

    name: str
    what: str
    changes: Mapping[str, Change]
    says_end_early: bool = False
    data_head: bytes = b"data: "
    has_names: bool = True
    has_empty_frames: bool = False


def edited(event: SimulatedEvent, edit: Callable[[Json], None]) -> SimulatedEvent:
    """``event`` with its JSON object changed in place by ``edit``; what is no object stays as it is.

    Code Assist's envelope is looked through.
    """
    if not event.data.startswith(b"{"):
        return event
    whole: Json = msgspec.json.decode(event.data)
    edit(whole["response"] if isinstance(whole.get("response"), dict) else whole)
    return SimulatedEvent(event.kind, encode_json(whole), event.name)


def each(edit: Callable[[Json, EventKind], None]) -> Change:
    """The change that edits every event's object by itself."""
    return lambda events: [edited(event, partial(_with_kind, edit, event.kind)) for event in events]


def _with_kind(edit: Callable[[Json, EventKind], None], kind: EventKind, told: Json) -> None:
    edit(told, kind)
