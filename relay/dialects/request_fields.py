"""Typed access to a client's JSON: what is of the wrong type is a BadRequest that names the place. PURE.

``where`` is the path of ``parent`` in the body ("messages.3.content.0"), "" for the body itself.
"""

from typing import Any

from relay.neutral.conversation import Json
from relay.neutral.failures import BadRequest


def place(where: str, key: str | int) -> str:
    """The path of ``key`` inside ``where``."""
    return f"{where}.{key}" if where else str(key)


def as_object(value: object, where: str) -> Json:
    """``value`` as a JSON object."""
    if not isinstance(value, dict):
        raise BadRequest(f"{where} must be an object")
    return value


def as_list(value: object, where: str) -> list[Any]:
    """``value`` as a JSON array."""
    if not isinstance(value, list):
        raise BadRequest(f"{where} must be an array")
    return value


def as_text(value: object, where: str) -> str:
    """``value`` as a string."""
    if not isinstance(value, str):
        raise BadRequest(f"{where} must be a string")
    return value


def objects_in(parent: Json, key: str, where: str = "") -> list[tuple[Json, str]]:
    """The objects in the array at ``key``, each with its own path; none when it is absent or null."""
    here = place(where, key)
    return [
        (as_object(item, place(here, index)), place(here, index))
        for index, item in enumerate(list_in(parent, key, where))
    ]


def text_in(parent: Json, key: str, where: str = "") -> str:
    """The string at ``key``; "" when it is absent or null."""
    value = parent.get(key)
    return "" if value is None else as_text(value, place(where, key))


def object_in(parent: Json, key: str, where: str = "") -> Json:
    """The object at ``key``; an empty one when it is absent or null."""
    value = parent.get(key)
    return {} if value is None else as_object(value, place(where, key))


def list_in(parent: Json, key: str, where: str = "") -> list[Any]:
    """The array at ``key``; an empty one when it is absent or null."""
    value = parent.get(key)
    return [] if value is None else as_list(value, place(where, key))


def flag_in(parent: Json, key: str, where: str = "") -> bool | None:
    """The boolean at ``key``; None when it is absent or null."""
    value = parent.get(key)
    if value is not None and not isinstance(value, bool):
        raise BadRequest(f"{place(where, key)} must be true or false")
    return value


def number_in(parent: Json, key: str, where: str = "") -> float | None:
    """The number at ``key``; None when it is absent or null."""
    value = parent.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRequest(f"{place(where, key)} must be a number")
    return value


def integer_in(parent: Json, key: str, where: str = "") -> int | None:
    """The whole number at ``key``; None when it is absent or null."""
    value = number_in(parent, key, where)
    if value is None:
        return None
    if value != int(value):
        raise BadRequest(f"{place(where, key)} must be a whole number")
    return int(value)
