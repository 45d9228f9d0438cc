"""The items of a Responses stream as its events told them, for an answer whose last event leaves them out.

PURE. A finished item counts as it stands; what it leaves out, and one that was never finished, is what the
deltas amount to.
"""

import msgspec

from relay.dialects.openai.responses.upstream_answer.wire import StreamEvent, as_json
from relay.neutral.conversation import Json

_TEXTS = {
    "response.output_text.delta": ("content", "output_text", "text"),
    "response.refusal.delta": ("content", "refusal", "refusal"),
    "response.reasoning_text.delta": ("content", "reasoning_text", "text"),
    "response.reasoning_summary_text.delta": ("summary", "summary_text", "text"),
}
"""What a delta adds to: the list, the type of its entry there, and the entry's field."""

_PARTS = {
    "response.content_part.added": "content",
    "response.content_part.done": "content",
    "response.reasoning_summary_part.added": "summary",
    "response.reasoning_summary_part.done": "summary",
}
_LISTS = ("summary", "content")


class _Part:
    """An entry of an item's content or summary: what was told of it as a whole, and what came in pieces."""

    def __init__(self, told: Json) -> None:
        self.told = told
        self.pieces: dict[str, list[str]] = {}
        self.annotations: list[msgspec.Raw] = []

    def whole(self) -> Json:
        grown: Json = {name: "".join(pieces) for name, pieces in self.pieces.items()}
        if self.annotations:
            grown["annotations"] = self.annotations
        return {**self.told, **{name: value for name, value in grown.items() if not self.told.get(name)}}


class _Item:
    """An item as it grows."""

    def __init__(self) -> None:
        self.told: Json = {}
        self.is_done = False
        self.arguments: list[str] = []
        self.parts: dict[str, dict[int, _Part]] = {name: {} for name in _LISTS}

    def whole(self, status: str) -> Json:
        item = dict(self.told) or {"type": "message", "role": "assistant"}
        for name, parts in self.parts.items():
            if parts and not (self.is_done and item.get(name)):
                item[name] = [parts[number].whole() for number in sorted(parts)]
        if self.arguments and not (self.is_done and item.get("arguments")):
            item["arguments"] = "".join(self.arguments)
        is_open = not self.is_done and item.get("status", "in_progress") == "in_progress"
        return {**item, "status": status} if is_open else item


class GrownItems:
    """All items of one answer."""

    def __init__(self) -> None:
        """None was told of yet."""
        self._items: dict[int, _Item] = {}

    def take(self, told: StreamEvent) -> None:
        """One event, whatever it tells."""
        if told.output_index < 0:
            return
        name = told.type
        if name in ("response.output_item.added", "response.output_item.done"):
            item = self._item(told)
            item.told = as_json(told.item)
            item.is_done = name.endswith(".done")
        elif name in _PARTS:
            self._part(told, _PARTS[name], "").told = as_json(told.part)
        elif name == "response.output_text.annotation.added":
            self._part(told, "content", "output_text").annotations.append(told.annotation)
        elif name in _TEXTS and type(told.delta) is str:
            where, kind, field = _TEXTS[name]
            self._part(told, where, kind).pieces.setdefault(field, []).append(told.delta)
        elif name == "response.function_call_arguments.delta" and type(told.delta) is str:
            self._item(told).arguments.append(told.delta)

    def whole(self, status: str) -> list[Json]:
        """The items in order; ``status`` is that of those that were not finished."""
        return [self._items[index].whole(status) for index in sorted(self._items)]

    def _item(self, told: StreamEvent) -> _Item:
        return self._items.setdefault(told.output_index, _Item())

    def _part(self, told: StreamEvent, where: str, kind: str) -> _Part:
        return self._item(told).parts[where].setdefault(_number(told, where), _Part({"type": kind}))


def _number(told: StreamEvent, where: str) -> int:
    return told.summary_index if where == "summary" else told.content_index
