"""The places of items and parts, where a server tells none (llama.cpp, Lemonade): in their order. PURE."""

from collections import OrderedDict, defaultdict

from relay.dialects.json_object import json_object
from relay.dialects.openai.responses.upstream_answer.told_items import identities_of
from relay.dialects.openai.responses.upstream_answer.wire import StreamEvent, as_json, text_at
from relay.dialects.reading.half_characters import json_text
from relay.neutral.conversation import Json
from relay.neutral.sse import SseEvent, framed

_ADDED, _DONE = "response.output_item.added", "response.output_item.done"
_INSIDE: dict[str, dict[str, int]] = {
    "response.content_part.": {"content_index": 0},
    "response.output_text.": {"content_index": 0},
    "response.refusal.": {"content_index": 0},
    "response.reasoning_text.": {"content_index": 0},
    "response.reasoning_summary_": {"summary_index": 0},
    "response.function_call_arguments.": {},
}
"""The events that speak of an item's inside, by how their names begin, and what else they should tell."""


class Places:
    """Whose items have no index in the event that begins them: all of its events get one."""

    def __init__(self) -> None:
        """No item yet."""
        self._count = 0
        self._is_needed = False
        self._by_identity: dict[str, int] = {}
        self._open: defaultdict[str, OrderedDict[int, None]] = defaultdict(OrderedDict)  # unfinished, by kind
        self._kinds: dict[int, str] = {}  # of the same

    def filled(self, told: StreamEvent, event: SseEvent) -> SseEvent:
        """The event, ``told`` too, with the place that it speaks of; the very same where that is told."""
        if told.output_index >= 0 or not (self._is_needed or told.type == _ADDED):
            return event
        if told.type in (_ADDED, _DONE):
            self._is_needed = True
            index, fields = self._item(told.type, as_json(told.item)), {}
        else:
            found = [one for name, one in _INSIDE.items() if told.type.startswith(name)]
            if not found or not self._count:
                return event
            index, fields = self._by_identity.get(told.item_id, self._count - 1), found[0]
        told.output_index = index
        body = {**fields, **(json_object(event.data or b"") or {}), "output_index": index}
        data = json_text(body)
        return SseEvent(event.name, data, framed(event.name, data))

    def _item(self, name: str, item: Json) -> int:
        """The index of an item that begins, or is over."""
        kind, identities = text_at(item, "type"), identities_of(item)
        if name == _DONE:
            known = self._begun(kind, identities)
            if known is not None:
                return known
        index = self._count
        self._count += 1
        self._by_identity.update(dict.fromkeys(identities, index))
        if name == _ADDED:
            self._open[kind][index] = None
            self._kinds[index] = kind
        return index

    def _begun(self, kind: str, identities: list[str]) -> int | None:
        """The item that is over: by an id, else the first of its kind that is open; it is not any more."""
        known = next((self._by_identity[one] for one in identities if one in self._by_identity), None)
        if known is None:
            known = next(iter(self._open[kind]), None)
        if known is not None:
            self._open[self._kinds.pop(known, kind)].pop(known, None)
        return known
