"""An answer in the client's own names: aliases undone, ids in a form that its dialect takes. PURE."""

from collections.abc import Callable

import msgspec

from relay.dialects.interface import Decoder
from relay.dialects.names.aliases import Aliases, renamed_json
from relay.neutral.events import ArgumentsDelta, BlockStart, BlockStop, Chunk, Event, Failed, Terminal


class ClientNames:
    """A decoder whose events hold the client's names. Its bytes are upstream's: they go to no client.

    The arguments of a call whose properties have aliases are told when they are whole.
    """

    def __init__(self, decoder: Decoder, aliases: Aliases, call_id: Callable[[str], str]) -> None:
        """``call_id`` makes an id one that the client takes."""
        self._decoder = decoder
        self._call_id = call_id
        self._names = aliases.own_names()
        self._properties = aliases.own_properties()
        self._held: dict[int, tuple[dict[str, str], list[str]]] = {}  # by block: its aliases, its pieces

    @property
    def bent(self) -> list[str]:
        """Upstream's fields that were not of their documented types."""
        return self._decoder.bent

    def feed(self, data: bytes) -> Chunk:
        """What ``data`` completes."""
        return self._named(self._decoder.feed(data))

    def finish(self) -> Chunk:
        """What was left when the connection ended in order."""
        return self._named(self._decoder.finish())

    def _named(self, chunk: Chunk) -> Chunk:
        if not self._held and not _begins_a_call(chunk.events):
            return chunk
        events = [named for event in chunk.events for named in self._event(event)]
        return msgspec.structs.replace(chunk, events=events)

    def _event(self, event: Event) -> list[Event]:
        if type(event) is BlockStart and event.kind == "tool_call":
            name = self._names.get(event.name, event.name)
            if properties := self._properties.get(name):
                self._held[event.index] = (properties, [])
            return [msgspec.structs.replace(event, name=name, id=self._call_id(event.id))]
        if type(event) is ArgumentsDelta and event.index in self._held:
            self._held[event.index][1].append(event.json)
            return []
        if type(event) is BlockStop and event.index in self._held:
            return [*self._told(event.index), event]
        if type(event) is Terminal or type(event) is Failed:
            return [*(one for index in list(self._held) for one in self._told(index)), event]
        return [event]

    def _told(self, index: int) -> list[Event]:
        """The arguments that were held; half of them tell nothing but themselves."""
        properties, pieces = self._held.pop(index)
        whole = "".join(pieces)
        return [ArgumentsDelta(index, renamed_json(whole, properties))] if whole else []


def _begins_a_call(events: list[Event]) -> bool:
    starts = [event for event in events if type(event) is BlockStart]
    return any(start.kind == "tool_call" for start in starts)
