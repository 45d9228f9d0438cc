"""Schemas lose nothing that Gemini reads, keep no word that it does not, and always come to an end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.gemini.requests.client_schema import json_schema
from relay.dialects.gemini.requests.schema import MAX_SCHEMAS, answer_schema, parameters_schema

ALLOWED = {
    "type", "format", "title", "description", "enum", "items", "prefixItems", "minItems", "maxItems",
    "minimum", "maximum", "anyOf", "properties", "additionalProperties", "required", "propertyOrdering",
}  # fmt: skip


def schemas_in(schema):
    """``schema`` and all schemas inside of it."""
    yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", []), *schema.get("prefixItems", [])]
    inner += [schema[key] for key in ("items", "additionalProperties") if key in schema]
    for one in inner:
        yield from schemas_in(one)


def test_keywords_that_gemini_reads_stay():
    """What the API documents as read is passed on as it is."""
    schema = {
        "type": "object",
        "title": "T",
        "description": "D",
        "properties": {
            "a": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 9}, "minItems": 1},
            "b": {"type": ["string", "null"], "enum": ["x", "y"]},
            "c": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}]},
            "d": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["a"],
    }
    assert parameters_schema(schema).schema == schema


@pytest.mark.parametrize("name", ["format", "$ref", "const", "pattern", "type", "properties", "default"])
def test_a_property_named_like_a_keyword_stays(name):
    """Names of properties are the tool's own."""
    schema = {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}
    assert parameters_schema(schema).schema == schema


def test_what_gemini_does_not_read_is_said_in_words():
    """Constraints without a keyword at Gemini stand in the description, where the model reads them."""
    schema = {
        "type": "object",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "additionalProperties": False,
        "properties": {
            "url": {"type": "string", "format": "uri", "minLength": 3, "description": "Where."},
            "tags": {
                "type": "array",
                "items": {"type": "string", "pattern": "^[a-z]+$"},
                "uniqueItems": True,
            },
            "map": {
                "type": "object",
                "propertyNames": {"pattern": "x"},
                "additionalProperties": {"type": "string"},
            },
            "ratio": {"type": "number", "exclusiveMinimum": 0, "default": 0.5},
        },
    }
    assert parameters_schema(schema).schema == {
        "type": "object",
        "properties": {
            "url": {"type": "string", "description": "Where. (format uri, at least 3 characters)"},
            "tags": {
                "type": "array",
                "items": {"type": "string", "description": "matches ^[a-z]+$"},
                "description": "no duplicates",
            },
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
            "ratio": {"type": "number", "minimum": 0, "description": "greater than 0, by default 0.5"},
        },
    }


def test_forms_that_gemini_has_not(subtests: pytest.Subtests) -> None:
    """Each is said with the words that there are."""
    for schema, cleaned in [
        ({"const": "x"}, {"type": "string", "enum": ["x"]}),
        ({"const": 3}, {"type": "number", "enum": [3]}),
        ({"const": True}, {"type": "boolean"}),
        ({"enum": ["a", None]}, {"type": ["string", "null"], "enum": ["a"]}),
        ({"enum": [1, 2], "type": "integer"}, {"type": "integer", "enum": [1, 2]}),
        ({"enum": [{"a": 1}, "b"]}, {}),
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        (
            {"anyOf": [{"type": "string"}], "nullable": True},
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
        ),
        ({"oneOf": [{"type": "string"}, {"type": "string"}]}, {"anyOf": [{"type": "string"}]}),
        (
            {"type": "integer", "exclusiveMaximum": 5, "exclusiveMinimum": 0},
            {"type": "integer", "minimum": 1, "maximum": 4, "description": "greater than 0, less than 5"},
        ),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, {"type": "integer", "minimum": 1}),
        (
            {"items": [{"type": "string"}, {"type": "number"}]},
            {"prefixItems": [{"type": "string"}, {"type": "number"}]},
        ),
        ({"type": "STRING"}, {"type": "string"}),
        ({"type": "any"}, {}),
        (
            {"properties": {"a": {}}, "required": ["a", "gone", 3]},
            {"type": "object", "properties": {"a": {}}, "required": ["a"]},
        ),
        ({"properties": {"a": True}}, {"type": "object", "properties": {"a": {}}}),
        (
            {
                "allOf": [
                    {"properties": {"a": {"type": "string"}}, "required": ["a"]},
                    {"properties": {"b": {"type": "number"}}, "required": ["b"]},
                ],
                "description": "Both",
            },
            {
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "number"}},
                "required": ["a", "b"],
                "description": "Both",
            },
        ),
    ]:
        with subtests.test(f"{schema, cleaned!r:.120}"):
            assert answer_schema(schema).schema == cleaned


def test_references_are_inlined():
    """A reference is replaced by what it names, and what stands beside it is kept."""
    schema = {
        "type": "object",
        "properties": {
            "home": {"$ref": "#/$defs/Address", "description": "Home."},
            "work": {"$ref": "#/definitions/Old~1Address"},
            "gone": {"$ref": "#/$defs/Missing"},
            "far": {"$ref": "https://example.com/schema"},
        },
        "$defs": {
            "Address": {"type": "object", "properties": {"city": {"type": "string"}}, "description": "A."}
        },
        "definitions": {"Old/Address": {"type": "string"}},
    }
    assert parameters_schema(schema).schema["properties"] == {
        "home": {"type": "object", "properties": {"city": {"type": "string"}}, "description": "Home."},
        "work": {"type": "string"},
        "gone": {},
        "far": {},
    }


def test_cycles_end():
    """A schema that contains itself ends where it repeats, with the type still true."""
    tree = {
        "type": "object",
        "properties": {"next": {"$ref": "#/$defs/Node"}},
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {"value": {"type": "string"}, "next": {"$ref": "#/$defs/Node"}},
            },
        },
    }
    node = {"type": "object", "properties": {"value": {"type": "string"}, "next": {"type": "object"}}}
    assert parameters_schema(tree).schema["properties"]["next"] == node
    assert parameters_schema({"$ref": "#"}).schema == {"type": "object", "properties": {}}
    assert parameters_schema({"allOf": [{"$ref": "#"}]}).schema == {"type": "object", "properties": {}}


def test_references_that_multiply_end():
    """References that each name two others make no exponential schema."""
    names = [f"D{number}" for number in range(40)]
    defs = {
        name: {"type": "object", "properties": {side: {"$ref": f"#/$defs/{after}"} for side in ("l", "r")}}
        for name, after in zip(names, [*names[1:], "D0"], strict=True)
    }
    cleaned = parameters_schema({"$ref": "#/$defs/D0", "$defs": defs}).schema
    assert sum(1 for _ in schemas_in(cleaned)) <= MAX_SCHEMAS * 3


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({}, {"type": "object", "properties": {}}),
        ({"type": "object"}, {"type": "object", "properties": {}}),
        (
            {
                "anyOf": [
                    {"properties": {"a": {"type": "string"}, "k": {}}, "required": ["a", "k"]},
                    {"properties": {"b": {"type": "string"}, "k": {}}, "required": ["k"]},
                ],
                "description": "Either",
            },
            {
                "type": "object",
                "description": "Either",
                "properties": {"a": {"type": "string"}, "k": {}, "b": {"type": "string"}},
                "required": ["k"],
            },
        ),
    ],
)
def test_arguments_are_always_an_object(schema, wanted):
    """Arguments are named values, also where a schema says so in a roundabout way or not at all."""
    assert parameters_schema(schema).schema == wanted


def test_schemas_within_schemas_are_read():
    """Every keyword that holds schemas is read into, and what is no schema allows anything."""
    schema = {
        "type": ["STRING", "NULL"],
        "not": {"type": "NULL"},
        "prefixItems": [{"type": "STRING"}, 3],
        "patternProperties": {"^x": {"type": "NUMBER"}},
        "nullable": True,
    }
    assert json_schema(schema) == {
        "type": ["string", "null"],
        "not": {"type": "null"},
        "prefixItems": [{"type": "string"}, {}],
        "patternProperties": {"^x": {"type": "number"}},
    }


def test_depth_is_bounded():
    """A schema nested beyond reason allows anything down there."""
    schema: dict = {"type": "string"}
    for _ in range(300):
        schema = {"type": "array", "items": schema}
    assert sum(1 for _ in schemas_in(answer_schema(schema).schema)) < 100
    assert sum(1 for _ in schemas_in(json_schema(schema))) < 150
    assert answer_schema({"allOf": [{"allOf": [schema] * 3}]}).schema["type"] == "array"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_keywords = st.sampled_from(
    [*sorted(ALLOWED), "$ref", "$defs", "allOf", "oneOf", "const", "pattern", "nullable", "propertyNames",
     "exclusiveMinimum", "exclusiveMaximum", "not", "default", "examples", "uniqueItems", "$schema"]
)  # fmt: skip
_values = st.sampled_from(["#", "#/$defs/type", "#/properties/items", "object", "STRING", ["string", "null"]])
_schemas = st.recursive(
    st.dictionaries(_keywords, _json | _values, max_size=4),
    lambda inner: st.dictionaries(
        _keywords, inner | st.lists(inner, max_size=3) | _values | _json, max_size=5
    ),
    max_leaves=15,
)


@given(_schemas)
def test_any_schema_comes_out_clean(schema):
    """Whatever is given, the result has allowed keywords only, in their own types, and there is a result."""
    for cleaned in schemas_in(parameters_schema(schema).schema):
        assert cleaned.keys() <= ALLOWED
        assert set(cleaned.get("required", [])) <= set(cleaned.get("properties", {}))
        assert all(isinstance(value, str | int | float) for value in cleaned.get("enum", []))


@given(_schemas | _json)
def test_any_client_schema_is_read(schema):
    """Reading a client's schema never fails, and what was read is JSON Schema already."""
    once = json_schema(schema)
    assert json_schema(once) == once


def test_a_client_schema_in_geminis_own_form():
    """Upper-case types, nullable, counts in strings, snake_case and ``defs`` become JSON Schema."""
    schema = {
        "type": "OBJECT",
        "properties": {
            "min_items": {"type": "ARRAY", "items": {"ref": "#/defs/P"}, "min_items": "2", "maxItems": "9"},
            "nullable": {"type": "STRING", "nullable": True, "enum": ["a"], "format": "enum"},
            "either": {"any_of": [{"type": "STRING"}, {"type": "INTEGER"}], "nullable": True},
            "free": {"type": "TYPE_UNSPECIFIED", "example": 1},
        },
        "propertyOrdering": ["nullable"],
        "required": ["nullable"],
        "defs": {"P": {"type": "NUMBER"}},
    }
    assert json_schema(schema) == {
        "type": "object",
        "properties": {
            "min_items": {"type": "array", "items": {"$ref": "#/$defs/P"}, "minItems": 2, "maxItems": 9},
            "nullable": {"type": ["string", "null"], "enum": ["a", None]},
            "either": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
            "free": {},
        },
        "required": ["nullable"],
        "$defs": {"P": {"type": "number"}},
    }
