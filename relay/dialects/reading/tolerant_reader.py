"""The data of events as typed objects: fast where they are as documented, patient where they are not.

PURE. What is mended is an event of its own afterwards, so that a client of the same dialect can read it too;
what is as it should be keeps its bytes.
"""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from relay.dialects.reading.bent_fields import mended
from relay.dialects.reading.half_characters import (
    Place,
    joined,
    json_text,
    tails,
    tolerant_object,
    without_halves,
)
from relay.neutral.conversation import Json
from relay.neutral.sse import SseEvent, framed

Shape = TypeVar("Shape")

Told = TypeVar("Told", covariant=True)


class Decoding(Protocol[Told]):
    """What knows the shape of an event's data; ``msgspec.json.Decoder`` is one."""

    @property
    def type(self) -> Any:
        """The shape, as a type."""
        ...

    def decode(self, data: bytes, /) -> Told:
        """The data as that; raises one of UNREADABLE."""
        ...


UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec's decoders raise for data that is not as it should be."""


class NoObject(Exception):
    """The data is no JSON object, however patiently it is looked at."""


class _Waiting(NamedTuple):
    """An event whose text ends in half a character: the next one may bring the other half."""

    event: SseEvent
    told: Json
    tails: dict[Place, str]


Prepare = Callable[[Json], Json]
"""What a dialect mends itself in the data of an event, before the types."""


class TolerantReader(Generic[Shape]):
    """Reads one stream. ``bent`` are the paths of the fields that were not of their types, in order.

    ``waiting`` is the event that is held back, for half a character at its end. It knows nothing of whoever
    reads with it, who says at each event how it prepares them: two that know each other go only with the
    garbage collector.
    """

    def __init__(self, decoder: Decoding[Shape]) -> None:
        """``decoder`` knows the shape."""
        self.read = decoder.decode
        """Data -> Shape, at once; raises one of UNREADABLE."""
        self.bent: dict[str, None] = {}
        self._shape: type = decoder.type
        self.waiting: _Waiting | None = None

    def patiently(self, event: SseEvent, prepare: Prepare) -> list[tuple[Shape, SseEvent]]:
        """What ``event``, which has data, amounts to together with what is held back; raises NoObject.

        An event that is held back comes out before the next one, mended.
        """
        told = tolerant_object(event.data or b"")
        if told is None:
            raise NoObject
        try:
            return self._patiently(event, told, prepare)
        except (*UNREADABLE, ValueError) as error:
            raise NoObject from error

    def finish(self, prepare: Prepare) -> list[tuple[Shape, SseEvent]]:
        """What was held back: no other half is coming. Raises NoObject."""
        waiting, self.waiting = self.waiting, None
        try:
            return [] if waiting is None else [self._mended(waiting.event, waiting.told, prepare)]
        except (*UNREADABLE, ValueError) as error:
            raise NoObject from error

    def _patiently(self, event: SseEvent, told: Json, prepare: Prepare) -> list[tuple[Shape, SseEvent]]:
        ready: list[tuple[Shape, SseEvent]] = []
        waiting, self.waiting = self.waiting, None
        is_changed = False
        if waiting is not None:
            told, given = joined(told, waiting.tails)
            is_changed = bool(given)
            ready.append(self._mended(waiting.event, without_halves(waiting.told, given), prepare))
        ends = tails(told)
        if ends:
            self.waiting = _Waiting(event, told, ends)
            return ready
        if not is_changed:
            try:
                msgspec.json.decode((event.data or b"").decode())
                return [*ready, (self.read(event.data or b""), event)]
            except UNREADABLE:
                pass
        return [*ready, self._mended(event, told, prepare)]

    def _mended(self, event: SseEvent, told: Json, prepare: Prepare) -> tuple[Shape, SseEvent]:
        value, bent = mended(prepare(told), self._shape)
        for path in bent:
            self.bent[path] = None
        data = json_text(value)
        return self.read(data), SseEvent(event.name, data, framed(event.name, data))
