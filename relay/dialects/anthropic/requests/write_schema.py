"""JSON Schema as Anthropic's structured outputs take it.

PURE. The API guarantees a schema only if every object names all that it may hold, and knows few keywords
(the same that the vendor's own SDK keeps). What it does not know is told to the model in the description.
"""

from graphlib import CycleError, TopologicalSorter
from typing import Any

import msgspec

from relay.neutral.conversation import Json

_KEPT = frozenset({"type", "enum", "const", "title", "$ref", "required"})
_CHOICES = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)
_HANDLED = frozenset({"description", "properties", "additionalProperties", "$schema", "$id"})


class _Open(Exception):
    """A part of the schema leaves open what may stand there."""


def closed_schema(schema: Json) -> Json | None:
    """``schema`` as structured outputs take it; None when it leaves objects open or refers to itself."""
    try:
        if _is_recursive(schema):
            return None
        return _closed(schema)
    except (_Open, RecursionError):
        return None


def _closed(schema: Any) -> Json:
    if not isinstance(schema, dict):
        raise _Open
    closed: Json = {}
    told: Json = {}
    for key, value in schema.items():
        if key in _KEPT or (key == "format" and value in _FORMATS) or (key == "minItems" and value in (0, 1)):
            closed[key] = value
        elif key in _CHOICES and isinstance(value, list):
            closed[_CHOICES[key]] = [_closed(item) for item in value]
        elif key == "items":
            closed[key] = _closed(value)
        elif key in ("$defs", "definitions") and isinstance(value, dict):
            closed[key] = {name: _closed(item) for name, item in value.items()}
        elif key not in _HANDLED:
            told[key] = value
    if schema.get("type") == "object" or "properties" in schema:
        closed |= _closed_object(schema)
    said = schema.get("description")
    lines = [said] if isinstance(said, str) and said else []
    lines += [f"{key}: {msgspec.json.encode(value).decode()}" for key, value in told.items()]
    if lines:
        closed["description"] = "\n".join(lines)
    if not closed.keys() & {"type", "enum", "const", "$ref", "anyOf", "allOf"}:
        raise _Open
    return closed


def _closed_object(schema: Json) -> Json:
    properties = schema.get("properties")
    if (
        not isinstance(properties, dict)
        or not properties
        or isinstance(schema.get("additionalProperties"), dict)
    ):
        raise _Open
    return {
        "type": "object",
        "properties": {name: _closed(item) for name, item in properties.items()},
        "additionalProperties": False,
    }


def _is_recursive(schema: Json) -> bool:
    """Does a definition lead back to itself, or the schema to its own root?"""
    definitions = {
        f"#/{place}/{name}": item
        for place in ("$defs", "definitions")
        if isinstance(schema.get(place), dict)
        for name, item in schema[place].items()
    }
    try:
        TopologicalSorter({name: _references(item) for name, item in definitions.items()}).prepare()
    except CycleError:
        return True
    return "#" in _references(schema)


def _references(value: Any) -> set[str]:
    """All ``$ref`` in a schema."""
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(_references, value.values()))
    if isinstance(value, list):
        return set().union(*map(_references, value))
    return set()
