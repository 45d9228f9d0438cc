"""The texts of a Responses stream's messages: each is told once, whichever of its events say it. PURE.

Deltas say them, or a part's end, or the finished item. Where a whole text begins as its deltas did its rest
is told; which text a server means where its places do not agree is found by the text itself.
"""

from collections import Counter, defaultdict

import msgspec

from relay.dialects.openai.responses.upstream_answer.block_table import BlockTable, Key, TableBlock
from relay.dialects.openai.responses.upstream_answer.found_pages import FoundPages
from relay.dialects.openai.responses.upstream_answer.item_texts import (
    message_parts,
    part_kind,
    part_text,
)
from relay.dialects.openai.responses.upstream_answer.told_items import ToldItems
from relay.dialects.openai.responses.upstream_answer.wire import StreamEvent, as_json, text_at
from relay.neutral.block import BlockKind
from relay.neutral.conversation import Json
from relay.neutral.events import Citation, Event, TextDelta


class MessageTexts:
    """Those of one answer. Each method adds the events it causes to ``events``.

    ``unannounced`` are the events that a client of this form has to hear before the present one.
    """

    def __init__(self, table: BlockTable, told: ToldItems, found: FoundPages) -> None:
        """Nothing said yet."""
        self.unannounced: list[tuple[str, Json]] = []
        self._table = table
        self._told = told
        self._found = found
        self._spoken: set[str] = set()  # the ids of the items whose texts were told
        self._misplaced: defaultdict[str, list[Key]] = defaultdict(
            list
        )  # texts under no message's index, by id
        self._speaking: Counter[int] = Counter()  # texts whose part has not ended, by the index of the item

    def delta(self, name: str, told: StreamEvent, text: str, events: list[Event]) -> None:
        """A piece of a text, or of a refusal."""
        key = (told.output_index, told.content_index)
        if self._table.find(key) is None:
            kind: BlockKind = "refusal" if name == "response.refusal.delta" else "text"
            self._announce(_place(told), kind, events)
        block = self._table.open_at(key)
        if text:
            self._say(block, told.item_id, key, text, events)

    def add_part(self, told: StreamEvent, events: list[Event]) -> None:
        """A message's content part begins. A reasoning item's parts belong to its one block."""
        kind = part_kind(as_json(told.part))
        if kind is not None:
            self._told.begin_text(told.output_index, told.item_id)
            self._table.open((told.output_index, told.content_index), kind, events)

    def annotate(self, told: StreamEvent, events: list[Event]) -> None:
        """A citation of a text; of none that is open it is nobody's."""
        block = self._table.find((told.output_index, told.content_index))
        if block is None or not block.is_open:
            return
        self._cite(block, as_json(told.annotation), bytes(told.annotation), events)

    def whole_text(self, told: StreamEvent, events: list[Event]) -> None:
        """A text is whole: all of it, where a server sends no deltas. Some tell a wrong place, or none."""
        key = (told.output_index, told.content_index)
        block = self._table.find(key)
        if not told.text or not isinstance(told.text, str) or self._is_said_elsewhere(told):
            return
        if block is None:
            if key[0] < 0 or (told.item_id in self._spoken if told.item_id else self._spoken):
                return
            block = self._announce(_place(told), "text", events)
        if block.is_open and not self._is_in_pieces(block, key):
            self._say_rest(block, _place(told), told.text, events)

    def finish_part(self, told: StreamEvent, events: list[Event]) -> None:
        """A content part is whole; an emulation may have sent it in one piece."""
        key = (told.output_index, told.content_index)
        block = self._table.find(key)
        if block is None or not block.is_open or self._is_said_elsewhere(told):
            return
        part = as_json(told.part)
        if not self._is_in_pieces(block, key):
            self._say_rest(block, _place(told), part_text(part), events)
        self._cite_rest(block, part, events)
        self._table.close(block, events)
        self._speaking[key[0]] -= block.has_text

    def finish_message(self, at: int, item: Json, has_begun: bool, events: list[Event]) -> None:
        """What a message's deltas did not tell of its parts; where it had not begun, all of it.

        Some servers number the parts otherwise in the deltas (vLLM by the delta), or give them the index of
        another item. A text that was told in a place that the item does not have is the part that says the
        same, else one of those that were not told in theirs.
        """
        parts = message_parts(item)
        identity = text_at(item, "id")
        strays = self._strays(at, identity, set(parts))
        silent = [
            number
            for number, (_, part) in parts.items()
            if part_text(part) and not ((one := self._table.find((at, number))) and one.has_text)
        ]
        same = Counter(block.text.whole for block in strays)
        is_told: set[int] = set()
        for number in silent:
            if same[part_text(parts[number][1]).strip()] > 0:
                same[part_text(parts[number][1]).strip()] -= 1
                is_told.add(number)
        left = same.total()
        is_told.update([number for number in silent if number not in is_told][:left])
        for number, (kind, part) in parts.items():
            if number in is_told:
                continue
            block = self._table.find((at, number))
            place = {"item_id": identity, "output_index": at, "content_index": number}
            if block is None and has_begun:
                block = self._announce(place, kind, events)
            elif block is None:
                block = self._table.open((at, number), kind, events)
            if block.is_open:
                if not (left and block.has_text):
                    self._say_rest(block, place, part_text(part), events, is_heard=not has_begun)
                self._cite_rest(block, part, events)

    def _strays(self, at: int, identity: str, numbers: set[int]) -> list[TableBlock]:
        """The blocks of the item that have text, and stand where it has no part."""
        keys = [(at, number) for number in sorted(self._table.with_text(at) - numbers)]
        keys += self._misplaced.pop(identity, ())
        return [block for key in keys if (block := self._table.find(key)) is not None]

    def _is_said_elsewhere(self, told: StreamEvent) -> bool:
        """Did texts of the item come under another index than this? Then the item tells what is missing."""
        keys = self._misplaced.get(told.item_id, ())
        return any(index != told.output_index for index, _ in keys[:1])

    def _is_in_pieces(self, block: TableBlock, key: Key) -> bool:
        """May it be one of several pieces of the whole? Then the item tells what is missing."""
        return block.has_text and self._speaking[key[0]] > 1

    def _announce(self, place: Json, kind: BlockKind, events: list[Event]) -> TableBlock:
        """A text that begins unannounced: its part, and its message where that was not announced either."""
        index, identity = place["output_index"], place["item_id"]
        if self._told.begin_text(index, identity):
            head = {"id": identity, "type": "message", "status": "in_progress", "role": "assistant"}
            added = {"output_index": index, "item": {**head, "content": []}}
            self.unannounced.append(("response.output_item.added", added))
        part = (
            {"type": "refusal", "refusal": ""} if kind == "refusal" else {"type": "output_text", "text": ""}
        )
        self.unannounced.append(("response.content_part.added", {**place, "part": part}))
        return self._table.open((index, place["content_index"]), kind, events)

    def _say(self, block: TableBlock, identity: str, key: Key, text: str, events: list[Event]) -> None:
        if not block.has_text:
            block.has_text = True
            self._spoken.add(identity)
            if not self._told.has_message(key[0]):
                self._misplaced[identity].append(key)
            self._speaking[key[0]] += 1
        block.text.pieces.append(text)
        events.append(TextDelta(block.index, text))

    def _say_rest(
        self, block: TableBlock, place: Json, whole: str, events: list[Event], *, is_heard: bool = False
    ) -> None:
        """What a whole text says beyond its deltas; ``is_heard``: clients take it from its item."""
        text = block.text.rest_of_same(whole) if block.has_text else whole
        if not text:
            return
        self._say(block, place["item_id"], (place["output_index"], place["content_index"]), text, events)
        if is_heard:
            return
        if block.kind == "refusal":
            self.unannounced.append(("response.refusal.delta", {**place, "delta": text}))
        else:
            self.unannounced.append(("response.output_text.delta", {**place, "delta": text, "logprobs": []}))

    def _cite(self, block: TableBlock, annotation: Json, raw: bytes, events: list[Event]) -> None:
        block.cited += 1
        url, title = text_at(annotation, "url"), text_at(annotation, "title")
        events.append(Citation(block.index, raw, url, title))
        self._found.cited(url, title)

    def _cite_rest(self, block: TableBlock, part: Json, events: list[Event]) -> None:
        """The sources of a text that only its whole form tells."""
        annotations = part.get("annotations")
        for one in annotations[block.cited :] if isinstance(annotations, list) else ():
            if isinstance(one, dict):
                self._cite(block, one, msgspec.json.encode(one), events)


def _place(told: StreamEvent) -> Json:
    return {
        "item_id": told.item_id,
        "output_index": told.output_index,
        "content_index": told.content_index,
    }
