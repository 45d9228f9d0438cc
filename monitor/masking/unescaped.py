"""The same text without the escapes that hide a secret's shape: ``sk\\u002dant``, ``sk%2Dant``. PURE.

A writer of JSON or of URLs may escape any character. What is found in such a view is masked in the text
itself, at the same place.
"""

from bisect import bisect_left
from collections.abc import Iterator

from monitor.masking.edits import Edit

# Printable ASCII. Quotes and backslashes stay: they are what tells where a string ends.
_KEPT = b'"\\'
_JSON, _URL = b"\\u00", b"%"
_LETTERS = {b"%02x" % code: bytes([code]) for code in range(0x20, 0x7F) if code not in _KEPT}
_LETTERS |= {digits.upper(): letter for digits, letter in _LETTERS.items()}
_LETTERS |= {digits[:1] + digits[1:].upper(): letter for digits, letter in _LETTERS.items()}


class View:
    """A text without its escapes, and where each place of it is in the text."""

    def __init__(self, parts: list[bytes], marker: bytes) -> None:
        """``parts`` are what stands between the text's escapes, which begin with ``marker``."""
        pieces = [parts[0]]
        length, longer = len(parts[0]), 0
        self._places: list[int] = []
        self._longer = [0]
        for part in parts[1:]:
            letter = _LETTERS.get(part[:2])
            if letter is None:
                pieces += (marker, part)
                length += len(marker) + len(part)
                continue
            # JSON within JSON doubles the backslash before the "u".
            unescaped = pieces[-1].rstrip(marker[:1]) if marker == _JSON else pieces[-1]
            doubled = len(pieces[-1]) - len(unescaped)
            pieces[-1] = unescaped
            length -= doubled
            self._places.append(length)
            longer += len(marker) + 1 + doubled
            self._longer.append(longer)
            pieces += (letter, part[2:])
            length += len(part) - 1
        self.data = b"".join(pieces)

    def in_text(self, edit: Edit) -> Edit:
        """An edit of the view as one of the text."""
        return Edit(self._place(edit.start), self._place(edit.end), edit.mask)

    def _place(self, place: int) -> int:
        return place + self._longer[bisect_left(self._places, place)]


def views(data: bytes) -> Iterator[View]:
    """The views of ``data`` in which something is not as it is there; usually none."""
    for marker in (_JSON, _URL):
        if marker in data:
            yield View(data.split(marker), marker)
