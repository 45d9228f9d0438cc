"""Finds secrets in bytes, whatever those bytes are: a body may be cut, broken, or no JSON at all. PURE.

One automaton with all shapes looks first, and nearly always that is all. Only where it saw something are the
shapes that are there looked for one by one. The number of places that are looked at is bounded: a text with
more of them is left out as a whole.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from monitor.masking.edits import Edit, merged
from monitor.masking.linear import compiled, pattern_set
from monitor.masking.shapes import Shape
from monitor.masking.unescaped import views

LEFT_OUT = b"[left out: too many places look like secrets]"
"""What takes the place of a text with more places that might be a secret than are looked at."""

_PLACES_OF_A_TEXT = 1_000
_BYTES_FOR_ANOTHER = 100

_ESCAPE = compiled(rb"u[0-9A-Fa-f]{4}|[bfnrt]", captures=False)
"""What makes one character with the backslash before it."""


def most_places(size_bytes: int) -> int:
    """How many places of a text of that size are looked at; each takes 5 to 8 µs."""
    return _PLACES_OF_A_TEXT + size_bytes // _BYTES_FOR_ANOTHER


def is_left_out(edits: list[Edit]) -> bool:
    """Whether ``edits`` leave out the text as a whole."""
    return len(edits) == 1 and edits[0].mask == LEFT_OUT


class Look:
    """One automaton over all that might be a secret: nearly always it sees nothing. A no is never wrong."""

    def __init__(self, patterns: list[bytes]) -> None:
        """RE2 patterns, made within 13 ms in which nobody else computes: not while anybody waits.

        It is a set, for that says only yes or no: where a match begins is found backwards, by an automaton of
        all shapes that takes 20 ms to grow, anew for each kind of text.
        """
        self._any = pattern_set([b"|".join(patterns)])

    def sees(self, data: bytes) -> bool:
        """Whether there might be one in ``data`` or a piece of it."""
        return bool(self._any.Match(data)) or any(self._any.Match(view.data) for view in views(data))


class Finder:
    """Looks for secrets of certain shapes. It has no state but its compiled patterns."""

    def __init__(self, shapes: Iterable[Shape]) -> None:
        """Compile ``shapes``; a few milliseconds."""
        self._shapes = tuple(shapes)
        whole = [shape.before + shape.core for shape in self._shapes]
        self._each = [compiled(pattern) for pattern in whole]
        self._further = [compiled(shape.further) if shape.further else None for shape in self._shapes]
        self._whole = whole
        self._any = pattern_set([b"|".join(whole)])

    def look_beside(self, *marks: bytes) -> Look:
        """A quick look for the shapes, and in the same go for ``marks``, which are RE2 patterns.

        It asks nothing of what stands before: before a piece that is not what stands before it in its text.
        """
        return Look([*(shape.core for shape in self._shapes), *marks])

    def make_ready(self) -> None:
        """Make what is made for the first secret and the first piece, 13 ms each: before anybody waits."""
        _ = self._together, self._look

    def find(self, data: bytes, places: int | None = None) -> list[Edit]:
        """Where secrets stand, in order and without overlap; one edit of all if ``data`` is left out.

        So many ``places`` are looked at, by default as ``most_places`` says.
        """
        found = self._find(data, places)
        for view in views(data):
            if is_left_out(found):
                break
            seen = self._find(view.data, places)
            hidden = [Edit(0, len(data), LEFT_OUT)] if is_left_out(seen) else list(map(view.in_text, seen))
            found = hidden if is_left_out(hidden) else merged((*found, *hidden))
        return found

    @cached_property
    def _look(self) -> Look:
        return self.look_beside()

    @cached_property
    def _together(self) -> Any:
        """The shapes apart, 2 MB: made when there is something to tell apart."""
        return pattern_set(self._whole)

    def may_hold(self, data: bytes) -> bool:
        """Whether there might be a secret in ``data`` or a piece of it. A yes may be wrong, a no is not."""
        return self._look.sees(data)

    def _find(self, data: bytes, places: int | None) -> list[Edit]:
        if not self._any.Match(data):
            return []
        found: list[Edit] = []
        places = most_places(len(data)) if places is None else places
        for number in self._together.Match(data) or range(len(self._shapes)):
            for edit in self._places(number, data):
                places -= 1
                if places < 0:
                    return [Edit(0, len(data), LEFT_OUT)]
                if edit is not None:
                    found.append(edit)
        return merged(found)

    def _places(self, number: int, data: bytes) -> Iterator[Edit | None]:
        """Each place where a shape matches, with its edit if it is a secret."""
        shape, pattern, further = self._shapes[number], self._each[number], self._further[number]
        done = 0
        match = pattern.search(data)
        while match is not None:
            edit = _behind_an_escape(data, shape.edit(data, match))
            yield edit
            done = edit.end if edit is not None else max(match.end(1) - shape.again_bytes, done + 1)
            match = further.match(data, done) if further is not None else None
            match = match or pattern.search(data, done)


def _behind_an_escape(data: bytes, edit: Edit | None) -> Edit | None:
    """The edit without the rest of an escape that it begins in: half of one is no JSON any more."""
    if edit is None or data[edit.start - 1 : edit.start] != b"\\":
        return edit
    escape = _ESCAPE.match(data, edit.start)
    if escape is None:
        return edit
    return edit._replace(start=escape.end()) if escape.end() < edit.end else None
