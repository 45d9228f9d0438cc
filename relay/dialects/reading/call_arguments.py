"""A call's arguments in pieces, put right, and whether they are a whole JSON object. PURE.

Each piece is looked at once: brackets are counted, and what they hold is parsed when the first one is
closed. Two habits of servers are put right: an empty object before the real one (Claude's own placeholder,
taken for a piece by gateways), and the object as a text of JSON (encoded twice).
"""

import re

import msgspec

from relay.dialects.json_object import json_object
from relay.neutral.conversation import Json

_MARK = re.compile(r'\\(?:.|\Z)|["{}\[\]]', re.DOTALL)
_EMPTY_ONES = re.compile(r"(?:\{[ \t\r\n]*+\}[ \t\r\n]*+)*+")
_WHITE_SPACE = " \t\r\n"
_EMPTY = "{}"
_TEXT = msgspec.json.Decoder(str)


class CallArguments:
    """The pieces so far. What nobody asked about is not looked at: usually all of it, to the end.

    An empty object is kept back until something follows, and so is what may become one; what begins like a
    text is until its end. ``has_dropped``: the last piece began another object behind an empty one.
    """

    __slots__ = (
        "_depth", "_in_text", "_is_escaped", "_is_plain", "_is_whole", "_seen", "_whole", "has_dropped",
        "pieces",
    )  # fmt: skip

    def __init__(self) -> None:
        """Nothing came yet."""
        self.pieces: list[str] = []
        self.has_dropped = False
        self._is_plain: bool | None = None  # None: not known yet; False: JSON in a text
        self._is_whole: bool | None = None  # None: the first bracket is not closed
        self._whole: Json | None = None
        self._look_again()

    def take(self, piece: str) -> str:
        """One more piece; what may be told now of all of them."""
        if self._is_plain is not None:
            self.pieces.append(piece)
            if self._is_plain:
                return piece
            self.has_dropped = False
            return ""
        text = (self.text + piece).lstrip(_WHITE_SPACE)
        behind = _EMPTY_ONES.sub("", text, count=1)
        self.has_dropped = behind != text and behind.startswith("{")
        text = behind if self.has_dropped else text
        self._look_again()
        if not behind or behind.rstrip(_WHITE_SPACE) == "{":
            self.pieces = [behind[:1] or _EMPTY] if text else []
            return ""
        self._is_plain = text.startswith("{")
        self.pieces = [text]
        return text if self._is_plain else ""

    def rest(self) -> str:
        """What was kept back, put right: no more is coming."""
        if self._is_plain:
            return ""
        text = unwrapped(self.text)
        self._is_plain, self.pieces = True, [text] if text else []
        self._look_again()
        return text

    @property
    def is_kept(self) -> bool:
        """Did an empty object come, or the beginning of one, and nothing behind it yet?"""
        return self._is_plain is None and bool(self.pieces)

    @property
    def is_unsure(self) -> bool:
        """May an empty object still be all of them, or a placeholder? So it is while nothing came."""
        return self._is_plain is None

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
                    self._is_whole = json_object(unwrapped(told)) is not None
                self._is_whole = self._is_whole and not piece[end:].strip(_WHITE_SPACE)
            self._seen += 1
        return self._is_whole is True

    @property
    def whole(self) -> Json | None:
        """The object that they are, read once however often it is asked for; None while they are none."""
        if not self.is_whole:
            return None
        if self._whole is None:
            self._whole = json_object(unwrapped(self.text))
        return self._whole

    def _look_again(self) -> None:
        self._seen = 0
        self._depth = 0
        self._in_text = self._is_escaped = False
        self._is_whole = None
        self._whole = None

    def _end_in(self, piece: str) -> int | None:
        """Where the first bracket, or a text outside of all, is closed in ``piece``; None: it is not."""
        start = int(self._is_escaped and piece != "")
        self._is_escaped = self._is_escaped and piece == ""
        for mark in _MARK.finditer(piece, start):
            match mark[0]:
                case '"':
                    self._in_text = not self._in_text
                    if not (self._depth or self._in_text):
                        return mark.end()
                case "\\":
                    self._is_escaped = True
                case "{" | "[" if not self._in_text:
                    self._depth += 1
                case "}" | "]" if not self._in_text:
                    self._depth -= 1
                    if self._depth <= 0:
                        return mark.end()
        return None


def bare(text: str) -> str:
    """``text`` without white space: pieces that differ in nothing else say the same of arguments."""
    return "".join(text.split())


def put_right(told: str) -> str:
    """Arguments that came as one text."""
    arguments = CallArguments()
    return arguments.take(told) + arguments.rest()


def object_of(told: str) -> Json | None:
    """The object that arguments which came as one text say, an empty one for a blank text; None without."""
    return json_object(put_right(told)) if told.strip() else {}


def unwrapped(told: str) -> str:
    """The arguments in ``told``: the JSON object in a text of JSON, none for null; else ``told`` as it is."""
    bare = told.strip(_WHITE_SPACE)
    if bare == "null":
        return _EMPTY
    if not bare.startswith('"'):
        return told
    try:
        text = _TEXT.decode(bare)
    except (msgspec.DecodeError, UnicodeError):
        return told
    if not text.strip(_WHITE_SPACE):
        return _EMPTY
    return told if json_object(text) is None else text
