"""The keywords of JSON Schema 2020-12 and what may stand under each, from its meta-schema.

PURE. Anthropic refuses a tool whose schema the meta-schema does not fit, and OpenAI most of them: one keyword
of a wrong type costs the whole request. https://json-schema.org/draft/2020-12/schema
"""

from collections.abc import Callable
from typing import Any

TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})

SCHEMAS = frozenset(
    {
        "items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames",
        "unevaluatedItems", "unevaluatedProperties", "contentSchema", "additionalItems",
    }
)  # fmt: skip
"""Keywords under which one schema stands."""

LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
"""Keywords under which a list of schemas stands."""

MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords under which schemas stand by name."""


def is_schema(value: Any) -> bool:
    """An object, or the short words for anything and nothing."""
    return isinstance(value, dict | bool)


def is_number(value: Any) -> bool:
    """A number, which a truth value is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return is_number(value) and value >= 0 and value == int(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _is_type(value: Any) -> bool:
    if isinstance(value, str):
        return value in TYPES
    return _are_names(value) and bool(value) and TYPES.issuperset(value)


def _are_schemas(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(is_schema, value))


def _are_named_schemas(value: Any) -> bool:
    return isinstance(value, dict) and all(map(is_schema, value.values()))


def _are_named_lists(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_are_names, value.values()))


_TEXTS = ("title", "description", "format", "pattern", "$id", "$schema", "$ref", "$anchor", "$comment",
          "contentEncoding", "contentMediaType")  # fmt: skip
_NUMBERS = ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains",
           "maxContains")  # fmt: skip

TAKES: dict[str, Callable[[Any], bool]] = {
    "type": _is_type,
    **dict.fromkeys(_TEXTS, _is_text),
    **dict.fromkeys(_NUMBERS, is_number),
    **dict.fromkeys(_COUNTS, _is_count),
    **dict.fromkeys(("uniqueItems", "deprecated", "readOnly", "writeOnly"), _is_flag),
    **dict.fromkeys(("enum", "examples"), _is_list),
    **dict.fromkeys(SCHEMAS, is_schema),
    **dict.fromkeys(LISTS, _are_schemas),
    **dict.fromkeys(MAPS, _are_named_schemas),
    "multipleOf": lambda value: is_number(value) and value > 0,
    "required": _are_names,
    "dependentRequired": _are_named_lists,
}
"""By keyword: may this stand under it? What is no keyword may hold anything."""
