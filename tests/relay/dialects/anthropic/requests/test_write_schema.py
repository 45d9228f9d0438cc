"""JSON Schema, closed for structured outputs."""

from typing import Any

import pytest
from hypothesis import given

from relay.dialects.anthropic.requests.write_schema import closed_schema
from tests.relay.dialects.anthropic.bodies import JSON


def test_every_object_is_closed_and_unknown_keywords_are_told() -> None:
    """What the API knows stays, every object names all that it may hold, the rest is said in words."""
    assert closed_schema(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Order",
            "description": "An order.",
            "type": "object",
            "required": ["items"],
            "additionalProperties": False,
            "properties": {
                "items": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"$ref": "#/$defs/Item"}},
                "when": {"type": "string", "format": "date-time"},
                "zip": {"type": "string", "format": "zip", "pattern": "[0-9]+"},
                "minimum": {"type": "integer", "description": "Yes.", "minimum": 2},
                "how": {"oneOf": [{"const": "air"}, {"enum": ["sea", "land"]}]},
                "note": {"type": ["string", "null"], "default": None},
            },
            "$defs": {"Item": {"properties": {"id": {"type": "string"}}}},
        }
    ) == {
        "title": "Order",
        "description": "An order.",
        "type": "object",
        "required": ["items"],
        "additionalProperties": False,
        "properties": {
            "items": {
                "type": "array",
                "minItems": 1,
                "items": {"$ref": "#/$defs/Item"},
                "description": "maxItems: 3",
            },
            "when": {"type": "string", "format": "date-time"},
            "zip": {"type": "string", "description": 'format: "zip"\npattern: "[0-9]+"'},
            "minimum": {"type": "integer", "description": "Yes.\nminimum: 2"},
            "how": {"anyOf": [{"const": "air"}, {"enum": ["sea", "land"]}]},
            "note": {"type": ["string", "null"], "description": "default: null"},
        },
        "$defs": {
            "Item": {
                "type": "object",
                "properties": {"id": {"type": "string"}},
                "additionalProperties": False,
            },
        },
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "properties": {}},
        {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "additionalProperties": {"type": "string"},
        },
        {"type": "object", "properties": {"a": {}}},
        {"type": "object", "properties": {"a": True}},
        {"type": "array", "items": {"type": "object"}},
        {"$ref": "#"},
        {
            "$ref": "#/$defs/Node",
            "$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}},
        },
        {"anyOf": [{"type": "string"}, {}]},
        {},
    ],
)
def test_what_leaves_something_open_cannot_be_closed(schema: dict[str, Any]) -> None:
    """To close it would forbid what the client allows: such a schema is not guaranteed but asked for."""
    assert closed_schema(schema) is None


@given(JSON)
def test_any_json_object_is_closed_or_not(value: Any) -> None:
    """Whatever a client sends as a schema raises nothing."""
    closed_schema(
        value if isinstance(value, dict) else {"type": "object", "properties": value, "$defs": value}
    )
