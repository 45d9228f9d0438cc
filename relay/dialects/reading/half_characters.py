"""JSON whose strings are cut inside of a character: its halves, joined over two events or given up.

PURE. Servers that cut text by UTF-16 units send half of a surrogate pair (``"\\ud83d"``) in one event and the
other half in the next. JSON's grammar allows it; UTF-8, msgspec and most clients do not.
"""

import json
import math
from collections.abc import Callable
from typing import Any

import msgspec

from relay.neutral.conversation import Json
from relay.neutral.nesting import is_too_deep

_OBJECT = msgspec.json.Decoder(dict[str, Any])

Place = tuple[str | int, ...]
"""Where a string stands: keys, and of a list's entry the ``index`` that it tells, else its position."""


def tolerant_object(data: bytes) -> Json | None:
    """``data`` as a JSON object as far as that can be; None for what is none. Strings may hold lone halves.

    Also read: a byte order mark before it, halves in UTF-8's form, bytes that are no UTF-8 (U+FFFD), control
    characters in strings, and numbers that JSON has no word for (null).
    """
    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    try:
        text = text.removeprefix("\ufeff")
        value = json.loads(text, strict=False, parse_float=_finite, parse_constant=_nothing)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and not is_too_deep(value, data) else None


def any_object(data: bytes) -> Json | None:
    """``data`` as a JSON object: fast where it is as it should be, else as far as it can be one."""
    try:
        told = _OBJECT.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return tolerant_object(data)
    return None if is_too_deep(told, data) else told


def json_text(value: Any) -> bytes:
    """``value`` as JSON, with U+FFFD for lone halves, in one line."""
    text = json.dumps(without_halves(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def tails(value: Any) -> dict[Place, str]:
    """The strings in ``value`` that end in a first half, by their places."""
    found: dict[Place, str] = {}

    def look(text: str, place: Place) -> str:
        if _is_first(text[-1:]):
            found[place] = text
        return text

    _mapped(value, look, ())
    return found


def joined(value: Any, before: dict[Place, str]) -> tuple[Any, frozenset[Place]]:
    """``value`` with the first halves that ``before`` ended in, and the places where they were missing."""
    taken: set[Place] = set()

    def join(text: str, place: Place) -> str:
        if place in before and _is_second(text[:1]):
            taken.add(place)
            return whole_text(before[place][-1] + text[0]) + text[1:]
        return text

    return _mapped(value, join, ()), frozenset(taken)


def without_halves(value: Any, given: frozenset[Place] = frozenset()) -> Any:
    """``value`` with U+FFFD for each lone half; at the places ``given`` the last went to the next event."""
    return _mapped(value, lambda text, place: whole_text(text[:-1] if place in given else text), ())


def _mapped(value: Any, change: Callable[[str, Place], str], place: Place) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else change(value, place)
    if isinstance(value, dict):
        return {
            key if key.isascii() else whole_text(key): _mapped(one, change, (*place, key))
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_mapped(one, change, (*place, _number(one, at))) for at, one in enumerate(value)]
    return value


def _number(entry: Any, at: int) -> str | int:
    told = entry.get("index") if isinstance(entry, dict) else None
    return told if isinstance(told, str | int) else at


def whole_text(text: str) -> str:
    """``text`` with halves that stand together joined, and U+FFFD for each lone one."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _is_first(character: str) -> bool:
    return "\ud800" <= character <= "\udbff"


def _is_second(character: str) -> bool:
    return "\udc00" <= character <= "\udfff"


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _nothing(word: str) -> None:
    """NaN and Infinity."""
