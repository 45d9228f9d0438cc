"""Checks of a schema, as OpenAI's validator makes them, in its words.

From the guide to structured outputs and the 400s that people report: patterns are compiled with Python's
``re``, lookaround is refused, arrays say what they hold, and the root is one plain object.
"""

import re
from typing import Any

from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.openai.errors import bad_request

Json = dict[str, Any]

_NOT_AT_ROOT = ("oneOf", "anyOf", "allOf", "enum", "not")
_LOOKAROUND = re.compile(r"\(\?(?:[=!]|<[=!])")
_MAPS = ("properties", "$defs", "definitions", "patternProperties")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_ONE = ("items", "additionalProperties", "not", "if", "then", "else")


def check_root(schema: Json, where: str, param: str) -> None:
    """The schema of a function's parameters, or of an answer (``where`` says which). Raises Refused."""
    if schema.get("type") != "object":
        raise _refused(f"{where}: schema must be a JSON Schema of 'type: \"object\"'", param)
    if any(keyword in schema for keyword in _NOT_AT_ROOT):
        raise _refused(
            f"{where}: schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at "
            "the top level",
            param,
        )
    if not isinstance(schema.get("properties"), dict):
        raise _refused(f"{where}: In context=(), object schema missing properties", param)
    _check(schema, where, (), param)


def is_closed(schema: Any) -> bool:
    """Whether every object in a strict schema is closed and requires all its properties."""
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties") or {}
    if schema.get("type") == "object" and (
        schema.get("additionalProperties") is not False
        or set(schema.get("required") or []) != set(properties)
    ):
        return False
    return all(is_closed(inner) for inner in [*properties.values(), schema.get("items")])


def _check(schema: Any, where: str, context: tuple[str, ...], param: str) -> None:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise _refused(f"{where}: {schema!r} is not of type 'object', 'boolean'", param)
    kinds = schema.get("type")
    if "array" in (kinds if isinstance(kinds, list) else [kinds]) and "items" not in schema:
        raise _refused(f"{where}: In context={context}, array schema missing items", param)
    _check_pattern(schema.get("pattern"), where, context, param)
    for keyword in _MAPS:
        for name, inner in (schema.get(keyword) or {}).items():
            _check(inner, where, (*context, keyword, name), param)
    for keyword in _LISTS:
        for position, inner in enumerate(schema.get(keyword) or []):
            _check(inner, where, (*context, keyword, str(position)), param)
    for keyword in _ONE:
        if keyword in schema:
            _check(schema[keyword], where, (*context, keyword), param)


def _check_pattern(pattern: Any, where: str, context: tuple[str, ...], param: str) -> None:
    if not isinstance(pattern, str):
        return
    try:
        re.compile(pattern)
    except re.error:
        raise _refused(f"{where}: '{pattern}' is not a 'regex'", param) from None
    if _LOOKAROUND.search(pattern):
        place = "".join(f".{step}" for step in context)
        raise bad_request(
            f"Invalid JSON schema: regex lookaround is not supported. Found at ${place}.pattern.",
            "tools",
            "invalid_json_schema",
        )


def _refused(message: str, param: str) -> OrderedRefusal:
    return bad_request(f"Invalid schema for {message}.", param, "invalid_function_parameters")
