"""A function call whose arguments arrive in pieces (Vertex, ``streamFunctionCallArguments``), put together.

PURE. Each piece names a place by a JSON path (``$.a.b[0]``, ``$['a b']``) and gives a value or more of a
string. The whole object is told at the end: pieces of it are no JSON.
"""

import re
from itertools import pairwise
from typing import Any

from relay.dialects.gemini.fields import json_text
from relay.dialects.gemini.wire import NOTHING, PartialArg
from relay.neutral.conversation import Json
from relay.neutral.nesting import MOST_LEVELS

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\[\"((?:[^\"\\]|\\.)*)\"\]")
_ESCAPED = re.compile(r"\\(.)")
_LONGEST_LIST = 100_000


class BadPath(Exception):
    """A JSON path that leads nowhere."""


class PartialArguments:
    """The arguments so far."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._arguments: Json = {}
        self._growing: set[str] = set()

    def take(self, pieces: list[PartialArg]) -> None:
        """Add ``pieces``; raises BadPath."""
        for piece in pieces:
            self._put(_steps(piece.json_path), _value(piece), appends=piece.json_path in self._growing)
            if piece.will_continue:
                self._growing.add(piece.json_path)
            else:
                self._growing.discard(piece.json_path)

    def as_json(self) -> str:
        """The object as JSON."""
        return json_text(self._arguments)

    def _put(self, steps: list[str | int], value: Any, *, appends: bool) -> None:
        place: Any = self._arguments
        for step, following in pairwise(steps):
            if _get(place, step) is None:
                _set(place, step, [] if isinstance(following, int) else {})
            place = _get(place, step)
        before = _get(place, steps[-1])
        if appends and isinstance(before, str) and isinstance(value, str):
            value = before + value
        _set(place, steps[-1], value)


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


def _set(place: Any, step: str | int, value: Any) -> None:
    if isinstance(step, str) and isinstance(place, dict):
        place[step] = value
    elif isinstance(step, int) and isinstance(place, list) and step <= _LONGEST_LIST:
        place.extend([None] * (step + 1 - len(place)))
        place[step] = value
    else:
        raise BadPath("upstream sent pieces of arguments that contradict each other")
