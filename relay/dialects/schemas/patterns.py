r"""Which regular expressions every vendor's validator can compile.

PURE. Clients write ``pattern`` in JavaScript's dialect. OpenAI compiles each with Python's ``re`` (the error:
``… is not a 'regex'``) and refuses lookaround besides; DeepSeek and others compile with engines of Rust or
Go, which know neither lookaround nor back references, take ``[`` in a class for a class, and bound what a
repetition may grow to. What they read in the same way is a small language (with ``\u4e00``, which Go alone
does not know); this recognises it in one pass over the text.
"""

MAX_REPETITIONS = 1_000
"""Go's regexp and RE2 take no larger count."""

MAX_SIZE = 10_000
"""Repetitions multiplied: what one pattern may grow to, far below the limits of Rust's engine."""

MAX_DEPTH = 50
"""Groups within groups."""

_SETS = frozenset("dDwWsS")
_CONTROLS = frozenset("tnrfv")
_PUNCTUATION = frozenset("\\^$.*+?()[]{}|/-\"'`@:;,!%&=#~")
_SPECIAL = frozenset("*+?)]{}")
_HEX_DIGITS = {"x": 2, "u": 4}
_TWICE = frozenset({"--", "&&", "~~", "||"})
_SURROGATES = range(0xD800, 0xE000)


class _Foreign(Exception):
    """Here stands what some engine does not know."""


def is_portable(pattern: str) -> bool:
    """Do all validators that this server meets compile ``pattern``? Linear in its length."""
    try:
        return _Reader(pattern).is_whole()
    except _Foreign:
        return False


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def is_whole(self) -> bool:
        """Read it all, group by group; ``sizes`` are those of the open groups."""
        sizes = [0]
        while self._at < len(self._text):
            char = self._take()
            if char == "(":
                if self._next() == "?":
                    self._expect("?:")
                if len(sizes) > MAX_DEPTH:
                    return False
                sizes.append(0)
            elif char in "|^$":
                continue  # nothing that could be repeated
            else:
                size = self._closed(sizes) if char == ")" else self._atom(char)
                sizes[-1] += size * self._count() if size else 0
                if sizes[-1] > MAX_SIZE:
                    return False
        return len(sizes) == 1

    def _closed(self, sizes: list[int]) -> int:
        if len(sizes) == 1:
            raise _Foreign
        return sizes.pop() + 1

    def _atom(self, char: str) -> int:
        """The size of what begins with ``char``; 0 for what cannot be repeated."""
        if char == "[":
            self._class()
        elif char == "\\":
            if self._next() in ("b", "B"):
                self._at += 1
                return 0
            self._escape()
        elif char in _SPECIAL:
            raise _Foreign
        else:
            _checked(char)
        return 1

    def _count(self) -> int:
        """How often what was just read may stand there."""
        match self._next():
            case "*" | "+" | "?":
                self._at += 1
                times = 1
            case "{":
                times = self._braces()
            case _:
                return 1
        if self._next() == "?":  # as few as possible
            self._at += 1
        return times

    def _braces(self) -> int:
        self._at += 1
        least = most = self._number()
        if self._next() == ",":
            self._at += 1
            most = least if self._next() == "}" else self._number()
        self._expect("}")
        if most < least:
            raise _Foreign
        return max(most, 1)

    def _number(self) -> int:
        start = self._at
        while self._next() in tuple("0123456789"):
            self._at += 1
        if not 0 < self._at - start <= len(str(MAX_REPETITIONS)):
            raise _Foreign
        number = int(self._text[start : self._at])
        if number > MAX_REPETITIONS:
            raise _Foreign
        return number

    def _class(self) -> None:
        """Up to the bracket that closes it."""
        if self._next() == "^":
            self._at += 1
        start = self._at
        while (char := self._take()) != "]" or self._at == start + 1:
            if self._text[self._at - 1 : self._at + 1] in _TWICE:
                raise _Foreign
            if char == "-" and self._at > start + 1 and self._next() != "]":
                raise _Foreign
            first = self._member(char)
            if self._next() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                last = self._member(self._take())
                if not first or not last or first > last:
                    raise _Foreign

    def _member(self, char: str) -> str:
        """One member of a class; "" for a set, which no range begins or ends with."""
        if char in "[]":
            raise _Foreign
        return self._escape() if char == "\\" else _checked(char)

    def _escape(self) -> str:
        """What an escape stands for; "" for a set of characters."""
        char = self._take()
        if char in _SETS:
            return ""
        if char in _CONTROLS:
            return {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}[char]
        if char in _PUNCTUATION:
            return char
        digits = self._text[self._at : self._at + _HEX_DIGITS.get(char, 0)]
        if not digits or len(digits) < _HEX_DIGITS[char] or not set(digits) <= set("0123456789abcdefABCDEF"):
            raise _Foreign
        self._at += len(digits)
        code = int(digits, 16)
        if code == 0 or code in _SURROGATES:
            raise _Foreign
        return chr(code)

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._next()
        if not char:
            raise _Foreign
        self._at += 1
        return char

    def _expect(self, text: str) -> None:
        if not self._text.startswith(text, self._at):
            raise _Foreign
        self._at += len(text)


def _checked(char: str) -> str:
    """A character that stands for itself."""
    if ord(char) < 0x20 or ord(char) == 0x7F or ord(char) in _SURROGATES:
        raise _Foreign
    return char
