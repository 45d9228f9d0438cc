"""A chunk whose pieces the vendor's SDK could not put together, written as it can.

PURE. OpenAI's SDKs join the entries of a list by ``index`` and the texts in them by appending: a missing or
foreign index, or an id or a name that is repeated, breaks an answer that is fine.
"""

from typing import Any

from relay.dialects.reading.half_characters import json_text, tolerant_object
from relay.neutral.sse import SseEvent, framed

Place = tuple[str | int, ...]
GONE = object()
"""The value of a field that is to go."""


class Rewrites:
    """The ``changes`` to the chunk that is being read, as places and values."""

    def __init__(self) -> None:
        """None yet."""
        self.changes: list[tuple[Place, Any]] = []

    def put(self, place: Place, value: Any) -> None:
        """The value at ``place`` is to be ``value``, or GONE; the place behind a list's last is one more."""
        self.changes.append((place, value))

    def framed(self, event: SseEvent) -> bytes:
        """``event`` with the changes, which are done then."""
        told: Any = tolerant_object(event.data or b"")
        for place, value in self.changes:
            holder = told
            for key in place[:-1]:
                holder = holder[key]
            if value is GONE:
                del holder[place[-1]]
            elif isinstance(holder, list) and place[-1] == len(holder):
                holder.append(value)
            else:
                holder[place[-1]] = value
        self.changes.clear()
        return framed(event.name, json_text(told))
