"""JSON of any size and shape, decoded in slices: no one call holds the interpreter for long. PURE.

The parser decodes a text in one call, in which no other thread runs: 1 ms a megabyte of long strings, 100 ms
where it is all lists. Here a text is cut where it may be cut, between the values of a list or the members of
an object, and each slice is decoded by itself. That costs ten times as much, so it is for what is large, in a
thread beside the event loop.
"""

import re
from typing import Any, Final

import msgspec

from relay.neutral.nesting import MOST_CONTAINERS, MOST_LEVELS, most_containers

SLICE_BYTES: Final = 256 * 1024
SLICE_TOKENS: Final = 4_000
"""So many bytes or brackets and commas are decoded at a time; it takes a millisecond."""

MOST_COMMAS: Final = 2_000_000
"""Of one text, outside of its strings: each takes a microsecond, in a thread where others wait behind it."""

_PLAIN_BYTES = 2 * 1024 * 1024
_PLAIN_CONTAINERS = 5_000

_TOKEN = re.compile(rb'["\[\]{},]')
_IN_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_ESCAPES_BYTES = 4096
"""Where there is one escape there are more: so many bytes are then read at once, and not one by one."""
_BRACE, _BRACE_END = b"{}"
_BLANK = b" \t\r\n"

_decode = msgspec.json.Decoder().decode


_LONG_BYTES = 1024 * 1024

_CONTAINER_BYTES = 64
"""What a list or an object costs whoever reads it and writes it anew, told in bytes of text."""


_REFERENCE_BYTES = 16 * 1024
"""A reference in a tool's schema is written out where an upstream knows none, and leads to others: a few
dozen come to thousands of schemas."""


class TooManyContainers(Exception):
    """The text has more lists and objects than are taken."""


class TooManyCommas(Exception):
    """The text has more values than are taken."""


def weight(text: bytes) -> int:
    """How much work a text is, in bytes of long strings; one that is long by itself is not looked through."""
    if len(text) >= _LONG_BYTES:
        return len(text)
    references = text.count(b'"$ref"')
    return len(text) + _CONTAINER_BYTES * most_containers(text) + _REFERENCE_BYTES * references


def decode(text: bytes) -> Any:
    """What ``msgspec.json.decode`` gives for ``text``, and raises, but for the place of an error.

    Raises TooManyContainers, TooManyCommas; RecursionError also where the parser would not.
    """
    if len(text) <= _PLAIN_BYTES and most_containers(text) <= _PLAIN_CONTAINERS:
        return _decode(text)
    return _Slices(text).whole()


class _Level:
    """A list or an object that is being read.

    ``start`` is where what is not decoded of it begins, ``item`` where its last value or member does.
    """

    __slots__ = ("is_behind_a_child", "is_object", "item", "opened", "start", "value")

    def __init__(self, opened: int, *, is_object: bool) -> None:
        self.opened = opened
        self.is_object = is_object
        self.start = self.item = opened + 1
        self.value: Any = None  # while nothing of it is decoded it may become part of a slice around it
        self.is_behind_a_child = False

    def take(self, values: bytes) -> None:
        """Decode one or more whole values, or members; raises msgspec.DecodeError."""
        if not values.strip(_BLANK):
            raise _malformed()  # a comma, and nothing before or behind it
        if self.is_object:
            members = _decode(b"{" + values + b"}")
            if self.value is None:
                self.value = members
            else:
                self.value.update(members)
        else:
            items = _decode(b"[" + values + b"]")
            if self.value is None:
                self.value = items
            else:
                self.value += items

    def take_child(self, text: bytes, opened: int, child: Any) -> None:
        """``child`` is decoded, whose bracket is at ``opened`` of ``text``."""
        if self.is_behind_a_child:
            raise _malformed()  # there is no comma between the two
        if self.item > self.start:
            self.take(text[self.start : self.item - 1])
        before = text[self.item : opened].strip(_BLANK)
        if self.is_object:
            self.take(before + b"null")  # its name
            [name] = _decode(b"{" + before + b"null}")
            self.value[name] = child
        elif before:
            raise _malformed()
        else:
            self.value = [] if self.value is None else self.value
            self.value.append(child)
        self.is_behind_a_child = True


class _Slices:
    """One text on its way; ``_tokens`` are those since something was decoded."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._levels: list[_Level] = []
        self._tokens = self._containers = self._commas = 0

    def whole(self) -> Any:
        """What the text says."""
        text, search = self._text, _TOKEN.search
        place = 0
        while (token := search(text, place)) is not None:
            at, place = token.start(), token.end()
            match text[at:place]:
                case b'"':
                    place = self._behind_string(place)
                case b",":
                    self._comma(at)
                case b"[" | b"{":
                    self._open(at)
                case _:
                    done = self._close(at)
                    if done is not None:
                        if text[place:].strip(_BLANK):
                            raise _malformed()
                        return done
        if self._levels:
            raise msgspec.DecodeError("Input data was truncated")
        return _decode(text)  # a value without a bracket, or none

    def _behind_string(self, place: int) -> int:
        """Behind the string that began before ``place``."""
        while True:
            end = self._text.find(b'"', place)
            if end < 0:
                raise msgspec.DecodeError("Input data was truncated")
            if self._backslashes_before(end, place) % 2 == 0:
                return end + 1
            escapes = _IN_STRING.match(self._text, end + 1, end + 1 + _ESCAPES_BYTES)
            place = escapes.end() if escapes is not None else end + 1

    def _backslashes_before(self, end: int, start: int) -> int:
        """How many there are right before ``end``, and not before ``start``."""
        size = 64
        while True:
            piece = self._text[max(start, end - size) : end]
            found = len(piece) - len(piece.rstrip(b"\\"))
            if found < len(piece) or size >= end - start:
                return found
            size *= 2

    def _open(self, at: int) -> None:
        if not self._levels and self._text[:at].strip(_BLANK):
            raise _malformed()
        if len(self._levels) > MOST_LEVELS:
            raise RecursionError("nested too deeply")
        self._containers += 1
        if self._containers > MOST_CONTAINERS:
            raise TooManyContainers
        self._tokens += 1
        self._levels.append(_Level(at, is_object=self._text[at] == _BRACE))

    def _comma(self, at: int) -> None:
        if not self._levels:
            raise _malformed()
        level = self._levels[-1]
        self._tokens += 1
        self._commas += 1
        if self._commas > MOST_COMMAS:
            raise TooManyCommas
        if level.is_behind_a_child:
            if self._text[level.start : at].strip(_BLANK):
                raise _malformed()
            level.start, level.is_behind_a_child = at + 1, False
        elif self._is_enough(level, at):
            level.take(self._text[level.start : at])
            level.start, self._tokens = at + 1, 0
        level.item = at + 1

    def _is_enough(self, level: _Level, at: int) -> bool:
        return self._tokens >= SLICE_TOKENS or at - level.start >= SLICE_BYTES

    def _close(self, at: int) -> Any:
        """The level's end; what the text says where it was the outermost, else None."""
        if not self._levels:
            raise _malformed()
        level = self._levels.pop()
        if level.is_object != (self._text[at] == _BRACE_END):
            raise _malformed()
        self._tokens += 1
        is_outermost = not self._levels
        rest = self._text[level.start : at]
        if level.is_behind_a_child:
            if rest.strip(_BLANK):
                raise _malformed()
        elif level.value is None and not is_outermost and not self._is_enough(level, at):
            return None  # a part of a slice around it
        elif level.value is None and not rest.strip(_BLANK):
            level.value = {} if level.is_object else []
        else:
            level.take(rest)
            self._tokens = 0
        if is_outermost:
            return level.value
        around = self._levels[-1]
        around.take_child(self._text, level.opened, level.value)
        around.start = around.item = at + 1
        return None


def _malformed() -> msgspec.DecodeError:
    return msgspec.DecodeError("JSON is malformed")
