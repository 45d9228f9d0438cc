"""Schemas as Gemini's clients write them, to JSON Schema.

PURE. ``parameters`` and ``responseSchema`` are Gemini's own form (upper-case types, ``nullable``, 64-bit
numbers as strings); gemini-cli writes upper-case types into ``responseJsonSchema`` too.
"""

from typing import Any

from relay.dialects.gemini.fields import camel
from relay.dialects.gemini.requests.enum_numbers import type_word
from relay.neutral.conversation import Json

_MAX_DEPTH = 100
_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_SCHEMAS = frozenset(
    {"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"}
)
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_MAPS = frozenset({"properties", "patternProperties", "defs", "$defs", "definitions", "dependentSchemas"})
_NOT_JSON_SCHEMA = frozenset({"nullable", "propertyOrdering", "example"})


def json_schema(schema: Any, depth: int = 0) -> Json:
    """``schema`` as JSON Schema; what is none allows anything."""
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return {}
    out: Json = {}
    for name, value in schema.items():
        key = camel(name)
        if key in _NOT_JSON_SCHEMA or (key == "format" and value == "enum"):
            continue
        if key == "type":
            _set_type(type_word(value), out)
        elif key in _SCHEMAS and isinstance(value, dict):
            out[key] = json_schema(value, depth + 1)
        elif key in _LISTS and isinstance(value, list):
            out[key] = [json_schema(item, depth + 1) for item in value]
        elif key in _MAPS and isinstance(value, dict):
            members = {member: json_schema(item, depth + 1) for member, item in value.items()}
            out["$defs" if key == "defs" else key] = members
        elif key in ("ref", "$ref") and isinstance(value, str):
            out["$ref"] = value.replace("#/defs/", "#/$defs/")
        elif key in _COUNTS and isinstance(value, str) and value.isdecimal():
            out[key] = int(value)
        else:
            out[key] = value
    return _nullable(out) if schema.get("nullable") is True else out


def _set_type(value: Any, out: Json) -> None:
    if isinstance(value, str) and value != "TYPE_UNSPECIFIED":
        out["type"] = value.lower()
    elif isinstance(value, list):
        out["type"] = [item.lower() if isinstance(item, str) else item for item in value]


def _nullable(schema: Json) -> Json:
    kind = schema.get("type")
    if isinstance(kind, str):
        nullable = {**schema, "type": [kind, "null"]}
        if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
            nullable["enum"] = [*schema["enum"], None]
        return nullable
    if isinstance(schema.get("anyOf"), list):
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    return schema
