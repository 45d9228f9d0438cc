"""Thousands of known credentials at once: which of them may be in a text? PURE.

Of each one a mark is looked for, a part that tells it: by RE2's automata over all marks, so that a look costs
about as much for a thousand as for ten. Whose mark is there is then looked for by itself, in every form
(``exact``). Marks are letters and digits where a credential has enough of them in a row, since no JSON and no
URL escapes those; what is escaped, in base64 or in hexadecimal is looked at in plain as well.
"""

import base64
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import re2

from monitor.masking.linear import compiled, pattern_set
from monitor.masking.unescaped import views

MARK_BYTES = 12
"""What tells one random credential from all others,"""
SHORTEST_RUN = 8
"""and how many letters and digits in a row are enough to know it by them."""

MARKS_OF_AN_AUTOMATON = 4_000
"""One is made within 10 ms, in which nobody else computes."""

MARKS_BESIDE_SHAPES = 50
"""So many are looked for in one go with all shapes of secrets.

Each change of one, such as a new bearer token, makes that automaton anew: 13 ms, however few there are, in
which nobody else computes. Of few few change. A look of its own takes 0.2 ms for 100 KB.
"""

MOST_NAMED = 32
"""A text with more of them is left out as a whole: each is looked for by itself, a millisecond at first."""

_PLACES = 1_000
_SHARED_BY = 4
_LONGEST_HELD_BYTES = 4_096
_BASE64 = compiled(rb"[A-Za-z0-9+/_-]{16,}", captures=False)
_HEX = compiled(rb"[0-9A-Fa-f]{24,}", captures=False)
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_RUNS = bytes(byte if byte < 128 and chr(byte).isalnum() else 0x20 for byte in range(256))


class TooManyNamed(Exception):
    """The text tells so many credentials that nothing of it can stay."""


class ManySecrets:
    """Finds which of these a text may tell. Made anew when they change."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """``secrets`` are all worth looking for: none of them stands in ordinary text by chance."""
        self.secrets = frozenset(secrets)
        by_mark: dict[bytes, list[str]] = {}
        for secret in self.secrets:
            by_mark.setdefault(_mark(secret.encode()), []).append(secret)
        crowded = [mark for mark, shared in by_mark.items() if len(shared) > _SHARED_BY]
        for secret in [secret for mark in crowded for secret in by_mark.pop(mark)]:
            by_mark.setdefault(secret.encode()[-MARK_BYTES:], []).append(secret)
        self._by_mark = by_mark
        self._has_slashes = any(
            b"/" in mark or (len(shared) > _SHARED_BY and any("/" in secret for secret in shared))
            for mark, shared in by_mark.items()
        )
        self._lengths = sorted({len(mark) for mark in by_mark})
        marks = sorted(map(re2.escape, by_mark))
        self._patterns = [
            b"|".join(marks[at : at + MARKS_OF_AN_AUTOMATON])
            for at in range(0, len(marks), MARKS_OF_AN_AUTOMATON)
        ]
        # A set says only yes or no, in two thirds of the time that a search takes.
        self._looks = [pattern_set([pattern]) for pattern in self._patterns]

    def __bool__(self) -> bool:
        return bool(self.secrets)

    @cached_property
    def pattern_beside_shapes(self) -> bytes | None:
        """The RE2 pattern of all marks; None where it cannot be joined with that of the shapes of secrets."""
        is_short = 0 < len(self._by_mark) <= MARKS_BESIDE_SHAPES
        has_slashes = any(b"/" in mark for mark in self._by_mark)
        return self._patterns[0] if is_short and not has_slashes else None

    def may_be_in(self, data: bytes) -> bool:
        """Whether a mark shows in ``data`` as it stands, or behind the escapes of JSON and URLs."""
        return bool(self.secrets) and any(map(self._shows_in, self._plain(data)))

    def named_in(self, data: bytes) -> list[str]:
        """Those whose mark shows, also behind escapes. Raises TooManyNamed."""
        return self._named(self._plain(data)) if self.secrets else []

    def named_anywhere(self, data: bytes) -> list[str]:
        """The same, also in base64 and hexadecimal: for short texts. Raises TooManyNamed."""
        return self._named([*self._plain(data), b"\n".join(_decoded(data))]) if self.secrets else []

    def standing_in(self, data: bytes) -> list[str]:
        """Those that stand in ``data`` as they are, however many, the longest first."""
        if not self._shows_in(data):
            return []
        found: dict[str, None] = {}
        self._note(data, found)
        return sorted((secret for secret in found if secret.encode() in data), key=len, reverse=True)

    def overlap(self, data: bytes) -> int:
        """How many bytes at the end of ``data`` are the beginning of one of them; 0 for the whole of it."""
        needles, firsts = self._sorted, self._first_bytes
        for place in range(max(0, len(data) - self._longest_bytes + 1), len(data)):
            if data[place] in firsts:
                end = data[place:]
                at = bisect_left(needles, end)
                if at < len(needles) and needles[at].startswith(end) and needles[at] != end:
                    return len(end)
        return 0

    @cached_property
    def _sorted(self) -> list[bytes]:
        return sorted(secret.encode() for secret in self.secrets)

    @cached_property
    def _first_bytes(self) -> frozenset[int]:
        return frozenset(needle[0] for needle in self._sorted)

    @cached_property
    def _longest_bytes(self) -> int:
        return min(max(map(len, self._sorted), default=0), _LONGEST_HELD_BYTES)

    def _plain(self, data: bytes) -> list[bytes]:
        """``data`` as it stands, and without the escapes of JSON and of URLs where it has such."""
        texts = [data]
        for view in views(data):
            texts += [view.data, *(again.data for again in views(view.data))]
        if self._has_slashes:
            texts += [text.replace(b"\\/", b"/") for text in texts if b"\\/" in text]
        return texts

    def _shows_in(self, data: bytes) -> bool:
        for look in self._looks:  # noqa: SIM110  a generator costs as much as the look itself
            if look.Match(data):
                return True
        return False

    @cached_property
    def _automata(self) -> list[Any]:
        return [compiled(pattern, captures=False) for pattern in self._patterns]

    def _named(self, texts: list[bytes]) -> list[str]:
        found: dict[str, None] = {}
        for text in texts:
            if self._shows_in(text):
                self._note(text, found)
            if len(found) > MOST_NAMED:
                raise TooManyNamed
        return list(found)

    def _note(self, text: bytes, found: dict[str, None]) -> None:
        """Adds to ``found`` those whose mark is in ``text``; behind many places it tries each mark once."""
        places = _PLACES
        for automaton in self._automata:
            match = automaton.search(text)
            while match is not None:
                places -= 1
                if places < 0:
                    marks = [mark for mark in self._by_mark if mark in text]
                    found.update(dict.fromkeys(_of(marks, self._by_mark, text)))
                    return
                start = match.start()
                marks = [text[start : start + length] for length in self._lengths]
                found.update(dict.fromkeys(_of(marks, self._by_mark, text)))
                match = automaton.search(text, start + 1)


NOBODYS = ManySecrets(())


def _of(marks: Iterable[bytes], by_mark: dict[bytes, list[str]], text: bytes) -> Iterator[str]:
    """Whose ``marks`` they are. Where many share one, those that stand in ``text``."""
    for mark in marks:
        shared = by_mark.get(mark, ())
        for secret in shared:
            if len(shared) <= _SHARED_BY or secret.encode() in text:
                yield secret


def _mark(secret: bytes) -> bytes:
    """The end of the longest part of letters and digits, or where that is short of the whole."""
    runs = secret.translate(_RUNS).split()
    run = max(runs, key=len, default=b"")
    return (run if len(run) >= SHORTEST_RUN else secret)[-MARK_BYTES:]


def _decoded(data: bytes) -> Iterator[bytes]:
    """What might be written in base64 or hexadecimal in it, from each place where that may begin."""
    for match in _BASE64.finditer(data):
        run = match.group().translate(_URL_SAFE)
        for begin in range(4):
            yield base64.b64decode(run[begin:] + b"A" * (-(len(run) - begin) % 4))
    for match in _HEX.finditer(data):
        run = match.group()
        for begin in range(2):
            yield bytes.fromhex(run[begin : begin + (len(run) - begin) // 2 * 2].decode())
