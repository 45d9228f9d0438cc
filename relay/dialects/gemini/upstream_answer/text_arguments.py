"""A call's arguments as text, in a list, or under another name: put where the object stands. PURE."""

from collections.abc import Iterator
from typing import Any

from relay.dialects.reading.call_arguments import object_of
from relay.neutral.conversation import Json

_OTHERS = ("arguments", "parameters")
_PAIR = ({"key", "value"}, {"name", "value"})


def object_in(args: Any) -> Json | None:
    """The object that ``args`` says as a text or in a list; None for what says none.

    PHP writes an empty object as an empty list; a list may hold the one object, or pairs of key and value.
    """
    if isinstance(args, str):
        return object_of(args)
    if not isinstance(args, list) or not all(isinstance(one, dict) for one in args):
        return None
    if any(all(set(one) == pair for one in args) for pair in _PAIR):
        named = [(one["key"] if "key" in one else one["name"], one["value"]) for one in args]
        return dict(named) if all(isinstance(name, str) for name, _ in named) else None
    found: Json = args[0]
    return found if len(args) == 1 else None


def with_objects(chunk: Json) -> bool:
    """Put the objects in their places; whether there were any. The chunk's names are in camelCase."""
    found = [(call, _object_of(call)) for call in _calls_in(chunk)]
    for call, arguments in found:
        if arguments is not None:
            for name in _OTHERS:
                call.pop(name, None)
            call["args"] = arguments
    return any(arguments is not None for _, arguments in found)


def _object_of(call: Json) -> Json | None:
    """The arguments that do not stand in their place as an object; None where they do, or are nowhere."""
    if call.get("args") is not None:
        return object_in(call["args"])
    given = next((call[name] for name in _OTHERS if call.get(name) is not None), None)
    return given if isinstance(given, dict) else object_in(given)


def _calls_in(chunk: Json) -> Iterator[Json]:
    for candidate in _each(chunk.get("candidates")):
        content = candidate.get("content")
        for part in _each(content.get("parts") if isinstance(content, dict) else None):
            if isinstance(call := part.get("functionCall"), dict):
                yield call


def _each(value: Any) -> list[Json]:
    """The objects of a list, or the one that stands in its place."""
    entries = value if isinstance(value, list) else [value]
    return [one for one in entries if isinstance(one, dict)]
