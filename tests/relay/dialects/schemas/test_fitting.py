"""Schemas as a vendor's validator takes them."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.schemas.fitting import MAX_DEPTH, MAX_PATTERN, Fitted, VendorRules, fit_schema
from tests.relay.dialects.schemas.judges import ARTIFACT_PATTERN, judge_2020, judge_openai

CLAUDE = VendorRules(tuples="prefixItems", patterns="any", has_members=False)
OPENAI = VendorRules(tuples="items", patterns="portable", has_members=True)


def within(schema: Any, taken: VendorRules = OPENAI) -> tuple[Any, Fitted]:
    """A property's schema, fitted inside of an object."""
    fitted = fit_schema({"type": "object", "properties": {"p": schema}}, taken)
    return fitted.schema["properties"]["p"], fitted


def test_what_fits_stays_the_same_object() -> None:
    """Nothing is copied that needs no change."""
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"pattern": "^a$"}}}}
    for taken in (CLAUDE, OPENAI):
        fitted = fit_schema(schema, taken)
        assert fitted.schema is schema
        assert (fitted.said, fitted.changes) == ((), ())


def test_a_pattern_that_cannot_be_compiled_becomes_words() -> None:
    """Its property's description tells it, behind what stands there; Claude takes it as it is."""
    told = {"type": "string", "pattern": ARTIFACT_PATTERN, "description": "A name."}
    schema, fitted = within(told)
    assert schema == {"type": "string", "description": f"A name. (matches {ARTIFACT_PATTERN})"}
    assert fitted.changes == ("a pattern that cannot be compiled there became words",)
    assert within(told, CLAUDE)[0] is told
    assert within({"properties": {"pattern": {"type": "string"}}})[1].changes == ()


def test_a_pattern_too_long_for_words_is_named_as_dropped() -> None:
    """What no model would read is not said to it, and the row does not claim so."""
    schema, fitted = within({"type": "string", "pattern": "(?=" + "a" * MAX_PATTERN})
    assert schema == {"type": "string"}
    assert fitted.changes == ("a pattern that cannot be compiled there dropped, too long for words",)


TUPLES: tuple[tuple[dict[str, Any], dict[str, Any], dict[str, Any]], ...] = (
    (
        {"type": "array", "items": [{"type": "number"}, {"type": "number"}], "minItems": 2},
        {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}], "minItems": 2},
        {
            "type": "array",
            "items": {"type": "number"},
            "minItems": 2,
            "description": "in this order: number, number",
        },
    ),
    (
        {"type": "array", "items": [{"type": "string"}], "additionalItems": False},
        {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
        {"type": "array", "items": {"type": "string"}, "maxItems": 1, "description": "in this order: string"},
    ),
    (
        {"type": "array", "prefixItems": [{"title": "x"}, {}], "items": {"type": "null"}},
        {"type": "array", "prefixItems": [{"title": "x"}, {}], "items": {"type": "null"}},
        {
            "type": "array",
            "items": {"anyOf": [{"title": "x"}, {}, {"type": "null"}]},
            "description": "in this order: x, {}",
        },
    ),
    ({"type": "array", "items": []}, {"type": "array"}, {"type": "array", "items": {}}),
    (
        {"type": ["string", "array"]},
        {"type": ["string", "array"]},
        {"type": ["string", "array"], "items": {}},
    ),
)


def test_tuples() -> None:
    """Claude wants a tuple's places in ``prefixItems``; OpenAI one schema for all, the places in words."""
    for told, for_claude, for_openai in TUPLES:
        assert within(told, CLAUDE)[0] == for_claude
        assert within(told)[0] == for_openai


def test_bounds_of_draft_4() -> None:
    """An exclusive bound that is a flag becomes the bound itself."""
    told = {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": False}
    assert within(told, CLAUDE)[0] == {"type": "number", "exclusiveMinimum": 0, "maximum": 9}


def test_what_is_of_no_valid_form_goes_and_is_named() -> None:
    """One keyword of a wrong type would cost the whole request."""
    told = {"type": "any", "description": None, "required": True, "minLength": "3", "enum": ["a"]}
    schema, fitted = within(told, CLAUDE)
    assert schema == {"enum": ["a"]}
    assert fitted.changes == tuple(
        f"{key} of no valid form dropped" for key in ("type", "description", "required", "minLength")
    )


def test_what_is_nested_too_deeply() -> None:
    """The innermost schemas allow anything; that is named."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(MAX_DEPTH + 5):
        schema = {"type": "array", "items": schema}
    _, fitted = within(schema)
    assert fitted.changes == ("what is nested too deeply left open",)


CHOICE: dict[str, Any] = {
    "description": "What to do.",
    "oneOf": [
        {
            "type": "object",
            "properties": {"do": {"const": "read"}, "path": {"type": "string"}},
            "required": ["do", "path"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"do": {"const": "list"}, "path": {"type": "integer"}, "deep": {"type": "boolean"}},
            "required": ["do"],
            "additionalProperties": False,
        },
    ],
}


def test_a_choice_at_the_root_becomes_one_object() -> None:
    """It holds what any choice may hold, requires what all require, and words say what belongs together."""
    fitted = fit_schema(CHOICE, OPENAI)
    assert fitted.schema == {
        "type": "object",
        "description": "What to do.",
        "properties": {
            "do": {"enum": ["read", "list"]},
            "path": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "deep": {"type": "boolean"},
        },
        "required": ["do"],
        "additionalProperties": False,
    }
    assert fitted.said == ('give one of these sets: do = "read", path; or do = "list"',)
    assert fitted.changes == ("the choice at its root became one object",)


def test_other_roots() -> None:
    """References, parts that are all meant, and what is no object at all."""
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["next"]}
    assert fit_schema({"$ref": "#/$defs/node", "$defs": {"node": node}}, CLAUDE).schema == {
        **node,
        "$defs": {"node": node},
    }
    both = {
        "allOf": [{"properties": {"a": {"type": "string"}}, "required": ["a"]}, {"properties": {"a": {}}}]
    }
    assert fit_schema(both, CLAUDE).schema == {
        "type": "object",
        "properties": {"a": {"allOf": [{}, {"type": "string"}]}},
        "required": ["a"],
    }
    assert fit_schema({}, CLAUDE).schema == {"type": "object", "properties": {}}
    assert fit_schema({"$ref": "#"}, CLAUDE).schema == {"type": "object", "properties": {}}
    assert fit_schema({"type": "string", "enum": ["a"]}, OPENAI) == Fitted(
        {"type": "object", "properties": {}}, ('one of ["a"]',), ("the choice at its root became one object",)
    )
    array = {"type": "array", "items": {"type": "string"}}
    assert fit_schema(array, OPENAI, is_answer=True).schema is array


def test_references_that_multiply() -> None:
    """A root whose references double at each step stays bounded."""
    defs = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    defs["d40"] = {"type": "object", "properties": {"a": {}}}
    judge_openai(fit_schema({"$ref": "#/$defs/d0", "$defs": defs}, OPENAI).schema)


KEYWORDS = """
type properties items anyOf oneOf allOf not enum const required pattern description prefixItems
additionalItems exclusiveMinimum minimum minItems a b additionalProperties uniqueItems
multipleOf dependentRequired format
"""
WORDS = ("string", "array", "object", "a", "^a$", "(?=a)")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYWORDS.split()), inner, max_size=4)
    ),
    max_leaves=25,
)


@given(
    st.dictionaries(st.sampled_from(["type", "properties", "anyOf", "allOf", "items", "required"]), VALUES)
)
def test_any_schema_becomes_one_that_is_taken(schema: dict[str, Any]) -> None:
    """Whatever a client sends, the meta-schema fits what is sent on, and what was given is not touched."""
    before = copy.deepcopy(schema)
    judge_2020(fit_schema(schema, CLAUDE).schema)
    judge_openai(fit_schema(schema, OPENAI).schema)
    assert schema == before


@given(st.dictionaries(st.sampled_from(["type", "properties", "anyOf", "items"]), VALUES))
def test_fitting_twice_changes_nothing_more(schema: dict[str, Any]) -> None:
    """What was fitted fits: a mapped request is no other for having been fitted before."""
    for taken in (CLAUDE, OPENAI):
        once = fit_schema(schema, taken).schema
        assert fit_schema(once, taken).schema is once
