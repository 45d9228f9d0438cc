"""What vendors do to a schema, with the library that they do it with: jsonschema, and Python's ``re``.

OpenAI's refusals are jsonschema's own sentences; what it forbids besides stands in public
reports of its 400s.
"""

import re
import warnings
from typing import Any

import jsonschema

ARTIFACT_PATTERN = '^(?!__.*__$)[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}"\\\\./[\\]]{1,200}$'
"""Claude Code 2.1.265 and later send it with every request, in a tool of their own."""


def compiles(pattern: str) -> bool:
    """Does Python compile it, without a doubt?"""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, Warning):
        return False
    return True


def schemas_in(schema: Any) -> list[dict[str, Any]]:
    """All schemas in a schema, itself first; values under ``enum`` and the like are none."""
    if not isinstance(schema, dict):
        return []
    found = [schema]
    for key, value in schema.items():
        if key in ("properties", "$defs", "definitions", "patternProperties"):
            found += [one for held in value.values() for one in schemas_in(held)]
        elif key in ("anyOf", "oneOf", "allOf", "prefixItems"):
            found += [one for held in value for one in schemas_in(held)]
        elif key in ("items", "additionalProperties", "not", "if", "then", "else"):
            found += schemas_in(value)
    return found


def judge_2020(schema: dict[str, Any]) -> None:
    """Anthropic: "JSON schema is invalid. It must match JSON Schema draft 2020-12"."""
    jsonschema.Draft202012Validator.check_schema(schema, format_checker=None)
    assert schema["type"] == "object"
    assert not schema.keys() & {"oneOf", "anyOf", "allOf"}


def judge_openai(schema: dict[str, Any]) -> None:
    """OpenAI's ``invalid_function_parameters`` for a tool that is not strict."""
    judge_2020(schema)
    jsonschema.Draft202012Validator.check_schema(schema)  # with its sentence "… is not a 'regex'"
    assert not schema.keys() & {"enum", "const", "not"}, "… at the top level"
    assert isinstance(schema.get("properties"), dict), "object schema missing properties"
    for one in schemas_in(schema):
        kinds = one.get("type")
        if "array" in (kinds if isinstance(kinds, list) else [kinds]):
            assert isinstance(one.get("items"), dict | bool), "array schema missing items"
        pattern = one.get("pattern", "")
        assert compiles(pattern), f"{pattern!r} is not a 'regex'"
        assert not re.search(r"\(\?[=!<]", pattern), "regex lookaround is not supported"
