"""A function call whose arguments arrive in pieces (Vertex, ``streamFunctionCallArguments``), put together.

PURE. Each piece names a place by a JSON path (``$.a.b[0]``, ``$['a b']``) and gives a value or more of a
string. The whole object is told at the end: pieces of it are no JSON.
"""

import re
from itertools import pairwise
from typing import Any

import msgspec

from relay.dialects.gemini.upstream_answer.wire import NOTHING, PartialArg
from relay.neutral.conversation import Json
from relay.neutral.nesting import MOST_LEVELS

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\[\"((?:[^\"\\]|\\.)*)\"\]")
_ESCAPED = re.compile(r"\\(.)")
_MOST_GAPS = 100_000
"""Entries of lists that are told before those in front of them, which are null until then."""


class BadPath(Exception):
    """A JSON path that leads nowhere."""


class _Text:
    """A string that more may come for; it is joined at the end."""

    __slots__ = ("pieces",)

    def __init__(self, first: str) -> None:
        self.pieces = [first]


class PartialArguments:
    """The arguments so far."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._arguments: Json = {}
        self._growing: set[str] = set()
        self._gaps = 0

    def take(self, pieces: list[PartialArg]) -> None:
        """Add ``pieces``; raises BadPath."""
        for piece in pieces:
            self._put(_steps(piece.json_path), _value(piece), piece)
            if piece.will_continue:
                self._growing.add(piece.json_path)
            else:
                self._growing.discard(piece.json_path)

    def as_json(self) -> str:
        """The object as JSON."""
        return msgspec.json.encode(self._arguments, enc_hook=_joined).decode()

    def _put(self, steps: list[str | int], value: Any, piece: PartialArg) -> None:
        place: Any = self._arguments
        for step, following in pairwise(steps):
            if _get(place, step) is None:
                self._set(place, step, [] if isinstance(following, int) else {})
            place = _get(place, step)
        before = _get(place, steps[-1])
        is_text = isinstance(value, str)
        if is_text and isinstance(before, _Text) and piece.json_path in self._growing:
            before.pieces.append(value)
        else:
            self._set(place, steps[-1], _Text(value) if is_text and piece.will_continue else value)

    def _set(self, place: Any, step: str | int, value: Any) -> None:
        if isinstance(step, str) and isinstance(place, dict):
            place[step] = value
            return
        if not isinstance(step, int) or not isinstance(place, list):
            raise BadPath("upstream sent pieces of arguments that contradict each other")
        self._gaps += max(0, step - len(place))
        if self._gaps > _MOST_GAPS:
            raise BadPath("upstream sent pieces of arguments for places far apart")
        place.extend([None] * (step + 1 - len(place)))
        place[step] = value


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    at = 1
    while path.startswith("$") and at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            break
        name, index, single, double = match.groups()
        quoted = single if single is not None else double
        steps.append(int(index) if index else name if quoted is None else _ESCAPED.sub(r"\1", quoted))
        at = match.end()
    if not steps or at != len(path) or len(steps) >= MOST_LEVELS:
        raise BadPath("upstream sent a piece of arguments for no place")
    return steps


def _value(piece: PartialArg) -> Any:
    if piece.string_value is not None:
        return piece.string_value
    if piece.number_value is not None:
        number = piece.number_value
        return int(number) if isinstance(number, float) and number.is_integer() else number
    if piece.bool_value is not None:
        return piece.bool_value
    return None if piece.null_value is not NOTHING else ""


def _get(place: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return place[step] if isinstance(place, list) and step < len(place) else None
    return place.get(step) if isinstance(place, dict) else None


def _joined(text: Any) -> str:
    """What msgspec does not know."""
    return "".join(text.pieces)
