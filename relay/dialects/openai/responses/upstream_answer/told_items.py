"""Which items of a Responses stream were told, and which its last event lists that were not. PURE.

Servers do not always agree with themselves: an item may have another id, or another place, in the events of
the stream than in the list at its end. So a listed item is the one of its id, else the one of its kind in its
place, else the first of its kind that nothing else in the list is.
"""

from collections import defaultdict, deque

from relay.dialects.openai.responses.upstream_answer.wire import text_at
from relay.neutral.conversation import Json

_Place = tuple[int, str]
"""The index of the item, and its kind: some servers give all of them the same index."""

_NOT_ONE_BLOCK = ("message", "")
"""The kinds of items that share their index with an item of any other kind."""


class ToldItems:
    """The items of one answer, by the order in which they began."""

    __slots__ = ("_aside", "_indexes", "_is_finished", "_kinds")

    def __init__(self) -> None:
        """None was told of yet."""
        self._is_finished: dict[_Place, bool] = {}
        self._indexes: dict[tuple[str, str], int] = {}  # by kind and id
        self._kinds: dict[int, str] = {}  # of the items that are one block
        self._aside = -1  # the last index that was given away; those of the wire are not below -1

    def begin(self, index: int, kind: str, *identities: str) -> bool:
        """Something of the item at ``index`` was told; was it the first?"""
        place = (index, kind)
        if place in self._is_finished:
            return False
        self._is_finished[place] = False
        if kind not in _NOT_ONE_BLOCK:
            self._kinds.setdefault(index, kind)
        for identity in identities:
            if identity:
                self._indexes.setdefault((kind, identity), index)
        return True

    def begin_text(self, index: int, identity: str) -> bool:
        """Something of the message at ``index`` was told; was it the first of the message, by either?"""
        known = self._indexes.get(("message", identity), index) if identity else index
        if known != index and not self._is_finished[known, "message"]:
            return False
        return self.begin(index, "message", identity)

    def has_message(self, index: int) -> bool:
        """Is there a message of that index?"""
        return (index, "message") in self._is_finished

    def finish(self, index: int, item: Json) -> tuple[int, bool]:
        """The ``item`` is whole, at ``index`` as it says; its true index, and whether it had begun before.

        Where another item has that index, its own is one that the wire does not have.
        """
        kind = text_at(item, "type")
        known = self._known(item)
        is_taken = self._is_taken(index, item)
        if known is None and is_taken:
            self._aside -= 1
            index = self._aside
        elif known is not None and (index, kind) not in self._is_finished:
            index = known[0] if is_taken or not self._is_finished[known] else index
        is_new = self.begin(index, kind, *identities_of(item))
        self._is_finished[index, kind] = True
        return index, not is_new

    def left_out(self, items: list[Json]) -> list[tuple[int, Json, bool]]:
        """Of those that are listed in the end what was not told whole: index, item, and whether it had begun.

        What was never told comes behind the rest. Thoughts that led to something told are too late for that.
        """
        places = self._matched(items)
        last = max((number for number, place in enumerate(places) if place is not None), default=-1)
        free = max((index for index, _ in self._is_finished), default=-1) + 1
        found: list[tuple[int, Json, bool]] = []
        for number, (item, place) in enumerate(zip(items, places, strict=True)):
            if place is not None:
                if not self._is_finished[place]:
                    found.append((place[0], item, True))
            elif number > last or text_at(item, "type") != "reasoning":
                found.append((free, item, False))
                free += 1
        return found

    def _is_taken(self, index: int, item: Json) -> bool:
        """Is another item at ``index``: one of another kind, or a call that is whole, and not this one?"""
        kind = text_at(item, "type")
        if kind in _NOT_ONE_BLOCK:
            return False
        if self._kinds.get(index, kind) != kind:
            return (index, kind) not in self._is_finished
        return bool(text_at(item, "call_id")) and self._is_finished.get((index, kind), False)

    def _known(self, item: Json) -> _Place | None:
        """The place where an id of the ``item`` was told."""
        kind = text_at(item, "type")
        for identity in identities_of(item):
            if (kind, identity) in self._indexes:
                return self._indexes[kind, identity], kind
        return None

    def _matched(self, items: list[Json]) -> list[_Place | None]:
        """The place of each where it was told; none is that of two."""
        unclaimed = dict.fromkeys(self._is_finished)
        places: list[_Place | None] = []
        for item in items:
            known = self._known(item)
            places.append(known if known in unclaimed else None)
            if known is not None:
                unclaimed.pop(known, None)
        for number, item in enumerate(items):
            same = (number, text_at(item, "type"))
            if places[number] is None and same in unclaimed:
                places[number] = same
                del unclaimed[same]
        waiting: defaultdict[str, deque[_Place]] = defaultdict(deque)
        for place in unclaimed:
            waiting[place[1]].append(place)
        for number, item in enumerate(items):
            if places[number] is None and (same_kind := waiting[text_at(item, "type")]):
                places[number] = same_kind.popleft()
        return places


def identities_of(item: Json) -> list[str]:
    """By what an item is known: its id, and a call's."""
    return [identity for key in ("id", "call_id") if (identity := text_at(item, key))]
