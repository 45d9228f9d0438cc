"""A call's arguments in pieces, and whether they are a whole JSON object: each piece is looked at once. PURE.

Brackets are counted; what they hold is parsed once, when the first one is closed.
"""

import re

from relay.dialects.json_object import json_object

_MARK = re.compile(r'\\(?:.|\Z)|["{}\[\]]', re.DOTALL)
_WHITE_SPACE = " \t\r\n"


class CallArguments:
    """The pieces so far. What nobody asked about is not looked at: usually all of it, to the end."""

    __slots__ = ("_depth", "_in_text", "_is_escaped", "_is_whole", "_seen", "pieces")

    def __init__(self) -> None:
        """Nothing came yet."""
        self.pieces: list[str] = []
        self._seen = 0
        self._depth = 0
        self._in_text = self._is_escaped = False
        self._is_whole: bool | None = None  # None: the first bracket is not closed

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.pieces)

    @property
    def is_whole(self) -> bool:
        """Are they a JSON object, with nothing but white space behind it?"""
        while self._seen < len(self.pieces):
            piece = self.pieces[self._seen]
            end = self._end_in(piece) if self._is_whole is None else 0
            if end is not None:
                if self._is_whole is None:
                    told = "".join([*self.pieces[: self._seen], piece[:end]])
                    self._is_whole = json_object(told) is not None
                self._is_whole = self._is_whole and not piece[end:].strip(_WHITE_SPACE)
            self._seen += 1
        return self._is_whole is True

    def _end_in(self, piece: str) -> int | None:
        """Where the first bracket is closed in ``piece``; None: it is not."""
        start = int(self._is_escaped and piece != "")
        self._is_escaped = self._is_escaped and piece == ""
        for mark in _MARK.finditer(piece, start):
            match mark[0]:
                case '"':
                    self._in_text = not self._in_text
                case "\\":
                    self._is_escaped = True
                case "{" | "[" if not self._in_text:
                    self._depth += 1
                case "}" | "]" if not self._in_text:
                    self._depth -= 1
                    if self._depth <= 0:
                        return mark.end()
        return None
