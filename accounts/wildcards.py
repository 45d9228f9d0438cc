"""PURE. Names against patterns with ``*``: the exact name, then the pattern with most literal characters.

Built once and asked on every request, so it must not slow down with a thousand patterns: patterns are
filed under the longer of their literal beginning and their literal end, and a name is only compared with
those filed under one of its own beginnings or ends.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

KEPT_NAMES = 512
"""So many names of an index are remembered with what they were found to be; then it begins anew."""
KEPT_CHARACTERS = 256
"""A longer name is none that anybody asks for twice."""


class Wildcard:
    """One pattern with ``*``. A ``*`` stands for any characters, also for none.

    Each part between two ``*`` is looked for once, behind the one before it: the first place is as good as
    any later one, so nothing is tried again and the time is linear in the name.
    """

    __slots__ = ("_beginning", "_end", "_least_characters", "_middle")

    def __init__(self, pattern: str) -> None:
        """``pattern`` holds a ``*``."""
        self._beginning, *middle, self._end = pattern.split("*")
        self._middle = [part for part in middle if part]
        self._least_characters = literal_characters(pattern)

    def fits(self, name: str) -> bool:
        """Whether the whole ``name`` is one that the pattern stands for."""
        if len(name) < self._least_characters:
            return False
        if not (name.startswith(self._beginning) and name.endswith(self._end)):
            return False
        place, limit = len(self._beginning), len(name) - len(self._end)
        for part in self._middle:
            found = name.find(part, place, limit)
            if found < 0:
                return False
            place = found + len(part)
        return True


class WildcardIndex(Generic[T]):
    """Finds the entry whose pattern fits a name.

    ``entries`` are (pattern, value) pairs; between patterns with equally many literal characters, and
    between equal exact patterns, the earlier entry wins.
    """

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        self._exact: dict[str, T] = {}
        wild: list[tuple[str, T]] = []
        for pattern, value in entries:
            if "*" in pattern:
                wild.append((pattern, value))
            else:
                self._exact.setdefault(pattern, value)
        wild.sort(key=lambda entry: -literal_characters(entry[0]))  # stable: ties keep their order
        self._ranked = [(Wildcard(pattern), value) for pattern, value in wild]
        self._by_beginning: dict[str, list[int]] = {}
        self._by_end: dict[str, list[int]] = {}
        for rank, (pattern, _) in enumerate(wild):
            beginning, end = pattern[: pattern.index("*")], pattern[pattern.rindex("*") + 1 :]
            if len(beginning) >= len(end):
                self._by_beginning.setdefault(beginning, []).append(rank)
            else:
                self._by_end.setdefault(end, []).append(rank)
        self._beginning_lengths = sorted({len(text) for text in self._by_beginning})
        self._end_lengths = sorted({len(text) for text in self._by_end})
        self._found: dict[str, tuple[T | None]] = {}

    def find(self, name: str) -> T | None:
        """The value filed under ``name`` itself, else under its best pattern, else None."""
        if name in self._exact:
            return self._exact[name]
        known = self._found.get(name)
        if known is None:
            known = (self._fitting(name),)
            if len(name) <= KEPT_CHARACTERS:  # names come from outside
                if len(self._found) >= KEPT_NAMES:
                    self._found.clear()
                self._found[name] = known
        return known[0]

    def _fitting(self, name: str) -> T | None:
        """The value of the best pattern that fits."""
        ranks: list[int] = []
        for length in self._beginning_lengths:
            ranks += self._by_beginning.get(name[:length], ())
        for length in self._end_lengths:
            ranks += self._by_end.get(name[-length:], ())
        for rank in sorted(ranks):
            wildcard, value = self._ranked[rank]
            if wildcard.fits(name):
                return value
        return None


def literal_characters(pattern: str) -> int:
    """How many characters of ``pattern`` are not wildcards."""
    return len(pattern) - pattern.count("*")
