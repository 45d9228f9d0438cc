"""Instances that fit a schema."""

import pytest

from relay.simulator.model.schemas import instance_of


def test_instance_fits(subtests: pytest.Subtests) -> None:
    """Each kind of schema gives a value that fits it."""
    for schema, expected in [
        ({"type": "integer"}, 7),
        ({"type": "INTEGER", "minimum": 9}, 9),
        ({"type": "integer", "exclusiveMinimum": 9}, 10),
        ({"type": "boolean"}, True),
        ({"type": ["null", "boolean"]}, True),
        ({"type": "null"}, None),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": 5}, 5),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, 7),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [7, 7]),
        ({"type": "string", "format": "date"}, "2026-11-21"),
        ({"type": "string", "maxLength": 3}, "val"),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}, 7),
    ]:
        with subtests.test(f"{schema, expected!r:.120}"):
            assert instance_of(schema) == expected


def test_object_has_what_is_required():
    """An object holds its required properties, or all where none are required."""
    properties = {"a": {"type": "integer"}, "b": {"type": "boolean"}}
    assert instance_of({"type": "object", "properties": properties, "required": ["b"]}) == {"b": True}
    assert instance_of({"type": "object", "properties": properties}) == {"a": 7, "b": True}


def test_a_cycle_ends():
    """A schema that refers to itself gives a finite value."""
    schema = {
        "$ref": "#/$defs/t",
        "$defs": {"t": {"type": "object", "properties": {"t": {"$ref": "#/$defs/t"}}}},
    }
    assert "t" in instance_of(schema)
