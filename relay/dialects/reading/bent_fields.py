"""JSON whose fields are not of the documented types: only such a field is lost, not the whole object.

PURE. The types are those of the msgspec structs that the decoders read, so nothing is said twice.
"""

import re
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

_GONE = object()
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_BITS = 63  # what msgspec takes for an int, and every client too

_NAMES = ("finish_reason", "stop_reason", "reason", "type", "value", "name")
"""Of the field that tells a word in an object in its place."""


def mended(told: Any, shape: type) -> tuple[Any, list[str]]:
    """``told`` as ``shape`` has it, and the paths of what was bent (``choices[].index``), each once.

    A number in a text's place becomes a text, and the other way round; an entry in a list's place becomes a
    list of it, a list of one in an entry's place that one, an object of numbered entries (PHP's lists) the
    list of them. Anything else of a wrong type becomes null, or an empty one of its kind where ``shape``
    knows no null; so does an object or a list that is missing and must be there. What misses a text or a
    number that must be there, goes, and so does a null among a list's entries. ``told`` stays as it is.
    """
    bent: dict[str, None] = {}
    value = _fit(told, _type_info(shape), "", bent)
    return {} if value is _GONE else value, list(bent)


def word_in(told: Any) -> str | None:
    """The word that ``told`` is, or that a list of one or an object holds; None without."""
    if isinstance(told, list) and len(told) == 1:
        told = told[0]
    found = [told.get(name) for name in _NAMES] if isinstance(told, dict) else [told]
    return next((one for one in found if isinstance(one, str) and one), None)


@lru_cache(maxsize=64)
def _type_info(shape: type) -> inspect.Type:
    return inspect.type_info(shape)


def _fit(value: Any, kind: inspect.Type, path: str, bent: dict[str, None]) -> Any:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    for one in kinds:
        if _is(value, one):
            return _inside(value, one, path, bent)
    bent[path] = None
    for one in kinds:
        scalar = _as_scalar(value, one)
        if scalar is not _GONE:
            return scalar
        if isinstance(one, inspect.ListType) and _is_numbered(value):
            return _inside([value[key] for key in sorted(value, key=int)], one, path, bent)
        if isinstance(one, inspect.ListType) and _is_an_entry(value, one.item_type):
            return _inside([value], one, path, bent)
        if isinstance(one, inspect.StructType) and isinstance(value, list) and len(value) == 1:
            return _fit(value[0], one, path, bent)
    if any(isinstance(one, inspect.NoneType) for one in kinds):
        return None
    return _empty(kinds[0])


def _empty(kind: inspect.Type) -> Any:
    if isinstance(kind, inspect.ListType):
        return []
    if isinstance(kind, inspect.StructType):
        fields = {field.encode_name: _empty(field.type) for field in kind.fields if field.required}
        return _GONE if any(value is _GONE for value in fields.values()) else fields
    return {} if isinstance(kind, inspect.DictType) else _GONE


def _inside(value: Any, kind: inspect.Type, path: str, bent: dict[str, None]) -> Any:
    if isinstance(kind, inspect.ListType):
        told = value if _takes_null(kind.item_type) else [one for one in value if one is not None]
        fitted = [_fit(one, kind.item_type, f"{path}[]", bent) for one in told]
        if len(told) < len(value):
            bent[f"{path}[]"] = None
        return [one for one in fitted if one is not _GONE]
    if isinstance(kind, inspect.DictType):
        fitted_items = ((key, _fit(one, kind.value_type, f"{path}.*", bent)) for key, one in value.items())
        return {key: one for key, one in fitted_items if one is not _GONE}
    if not isinstance(kind, inspect.StructType):
        return value
    fields = {field.encode_name: field.type for field in kind.fields}
    before = f"{path}." if path else ""
    whole = {}
    for key, one in value.items():
        fitted = _fit(one, fields[key], before + key, bent) if key in fields else one
        if fitted is not _GONE:
            whole[key] = fitted
    for field in kind.fields:
        if field.required and field.encode_name not in whole:
            bent[before + field.encode_name] = None
            if (empty := _empty(field.type)) is _GONE:
                return _GONE
            whole[field.encode_name] = empty
    return whole


def _is(value: Any, kind: inspect.Type) -> bool:
    match kind:
        case inspect.AnyType() | inspect.RawType():
            return True
        case inspect.NoneType():
            return value is None
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType():
            return type(value) is int and _is_within(value, kind)
        case inspect.FloatType():
            return type(value) in (int, float)
        case inspect.StrType():
            return isinstance(value, str)
        case inspect.LiteralType():
            return isinstance(value, str) and value in kind.values
        case inspect.ListType():
            return isinstance(value, list)
        case inspect.StructType() | inspect.DictType():
            return isinstance(value, dict)
        case _:
            raise TypeError(f"no shape of a decoder has a {kind}")


def _takes_null(kind: inspect.Type) -> bool:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return any(_is(None, one) for one in kinds)


def _is_numbered(value: Any) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    return all(key.isascii() and key.isdecimal() and len(key) < 9 for key in value)


def _is_an_entry(value: Any, kind: inspect.Type) -> bool:
    """Is it an object that has one of the fields which an entry of the list has, where these are known?"""
    if not isinstance(value, dict) or not isinstance(kind, inspect.StructType):
        return isinstance(kind, inspect.AnyType) and isinstance(value, dict) and bool(value)
    return any(field.encode_name in value for field in kind.fields)


def _as_scalar(value: Any, kind: inspect.Type) -> Any:
    """A number for a text, a text or a whole float for a number; _GONE where it is neither."""
    if isinstance(kind, inspect.StrType) and type(value) in (int, float):
        return msgspec.json.encode(value).decode() if abs(value) < 1 << _BITS else _GONE
    if isinstance(kind, inspect.IntType):
        is_text = isinstance(value, str) and _INTEGER.fullmatch(value) is not None
        is_whole = type(value) is float and value.is_integer() and abs(value) < 1 << _BITS
        if (is_text or is_whole) and _is_within(int(value), kind):
            return int(value)
    return _GONE


def _is_within(number: int, kind: inspect.IntType) -> bool:
    """Can it be an int of that kind?"""
    is_low = kind.ge is not None and number < kind.ge
    is_high = kind.le is not None and number > kind.le
    return number.bit_length() <= _BITS and not is_low and not is_high
