"""Checks of a tool's schema, as strict as the API is.

It wants JSON Schema 2020-12 with a plain object at the root, whose property names are short and plain. From
the 400s that people report; the meta-schema itself is checked where clients depart from it (tuples and bounds
of older drafts, keywords of a wrong type).
"""

import re
from typing import Any

from relay.simulator.anthropic.errors import bad_request
from relay.simulator.faults.refused import OrderedRefusal

Json = dict[str, Any]

_PROPERTY_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_MAPS = ("properties", "$defs", "definitions", "patternProperties")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_ONE = ("items", "additionalProperties", "not", "if", "then", "else")
_TEXTS = ("title", "description", "format", "pattern", "$ref", "$id", "$schema")
_NUMBERS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
)
_OF_TYPE: tuple[tuple[tuple[str, ...], tuple[type, ...]], ...] = (
    (_TEXTS, (str,)),
    (_NUMBERS, (int, float)),
    (("required", "enum", *_LISTS), (list,)),
    (_MAPS, (dict,)),
    (_ONE, (dict, bool)),
)


def check_input_schema(schema: Json, where: str) -> None:
    """The schema of a client's own tool; ``where`` names it. Raises Refused."""
    if schema.get("type") != "object":
        raise bad_request(f"{where}.type", "Input should be 'object'")
    if {"oneOf", "allOf", "anyOf"} & schema.keys():
        raise bad_request(where, "input_schema does not support oneOf, allOf, or anyOf at the top level")
    _check(schema, where)


def _check(schema: Any, where: str) -> None:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise _invalid(where)
    kinds = schema.get("type", "object")
    if not _TYPES.issuperset(kinds if isinstance(kinds, list) else [kinds]):
        raise _invalid(where)
    for keywords, types in _OF_TYPE:
        for keyword in keywords:
            held = schema.get(keyword)
            if keyword in schema and (type(held) not in types):
                raise _invalid(where)
    for name in schema.get("properties") or {}:
        if not _PROPERTY_NAME.fullmatch(name):
            raise bad_request(
                f"{where}.properties", "Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'"
            )
    inner = [one for keyword in _MAPS for one in (schema.get(keyword) or {}).values()]
    inner += [one for keyword in _LISTS for one in schema.get(keyword) or []]
    for one in [*inner, *(schema[keyword] for keyword in _ONE if keyword in schema)]:
        _check(one, where)


def _invalid(where: str) -> OrderedRefusal:
    return bad_request(
        where,
        "JSON schema is invalid. It must match JSON Schema draft 2020-12 "
        "(https://json-schema.org/draft/2020-12). Learn more about tool use at "
        "https://docs.claude.com/en/docs/tool-use.",
    )
