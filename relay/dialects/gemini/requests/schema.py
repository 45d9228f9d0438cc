"""JSON Schema as clients write it, to the part of it that Gemini reads (``parametersJsonSchema``).

PURE. The API reads: $defs and $ref (refused beside most other keywords, so they are inlined here), type,
format, title, description, enum of strings and numbers, items, prefixItems, minItems, maxItems, minimum,
maximum, anyOf, properties, additionalProperties, required, propertyOrdering. That field and not
``parameters``: maps, tuples, numeric enums and unions have no form there. What the API would not read is told
to the model in the description.
"""

from collections import Counter
from typing import Any

from relay.dialects.gemini.fields import json_text
from relay.dialects.schemas.fitting import Fitted
from relay.dialects.schemas.roots import as_object
from relay.neutral.conversation import Json

MAX_DEPTH = 48
"""Levels of nesting; deeper, a schema allows anything."""

MAX_SCHEMAS = 5_000
"""Schemas in one result: references that are inlined may multiply."""

_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_FORMATS = frozenset({"date-time", "date", "time", "float", "double", "int32", "int64"})
_NUMBERS = ("minItems", "maxItems", "minimum", "maximum")
_TEXTS = ("title", "description")
# What the API does not read, said to the model in words.
_WORDS = {
    "format": "format {}", "pattern": "matches {}", "minLength": "at least {} characters",
    "maxLength": "at most {} characters", "exclusiveMinimum": "greater than {}",
    "exclusiveMaximum": "less than {}", "multipleOf": "a multiple of {}",
    "minProperties": "at least {} entries", "maxProperties": "at most {} entries", "default": "by default {}",
}  # fmt: skip
_LONGEST_WORDS = 300
_READ = frozenset(
    {
        *_TEXTS, *_NUMBERS, *_WORDS, "type", "nullable", "enum", "const", "anyOf", "oneOf", "properties",
        "required", "propertyOrdering", "additionalProperties", "additionalItems", "items", "prefixItems",
        "uniqueItems", "$defs", "definitions", "$schema", "$id", "$comment", "$anchor", "example",
    }
)  # fmt: skip


def parameters_schema(schema: Json) -> Fitted:
    """The schema of a function's arguments: an object, whatever ``schema`` was."""
    rooted, said = as_object(schema)
    cleaner = _Cleaner(rooted)
    cleaned = cleaner.clean(rooted, (), 0)
    if "properties" not in cleaned:
        cleaned = {**cleaned, "properties": {}}
    changes = [*(["the choice at its root became one object"] if said else []), *cleaner.lost()]
    return Fitted(cleaned, tuple(said), tuple(changes))


def answer_schema(schema: Json) -> Fitted:
    """The schema of a JSON answer."""
    cleaner = _Cleaner(schema)
    return Fitted(cleaner.clean(schema, (), 0), (), tuple(cleaner.lost()))


class _Cleaner:
    """One schema on its way; ``root`` is where its references point into."""

    def __init__(self, root: Json) -> None:
        self._root = root
        self._count = 0
        self._lost: Counter[str] = Counter()

    def lost(self) -> list[str]:
        """What neither the API reads nor a description says, in words."""
        return [f"{what} ({count})" if count > 1 else what for what, count in self._lost.items()]

    def clean(self, schema: Any, inlined: tuple[str, ...], depth: int) -> Json:
        """``schema`` in Gemini's words; ``inlined`` are the references on the way down to it."""
        self._count += 1
        if depth > MAX_DEPTH or self._count > MAX_SCHEMAS:
            self._lost["what is nested too deeply left open"] += 1
            return {}
        schema, inlined = self._flat(schema, inlined, depth)
        out: Json = {key: schema[key] for key in _TEXTS if isinstance(schema.get(key), str)}
        types = _types(schema)
        _set_enum(schema, types, out)
        choices = schema.get("anyOf") or schema.get("oneOf")
        if isinstance(choices, list) and choices:
            cleaned = [self.clean(choice, inlined, depth + 1) for choice in choices]
            if types == ["null"]:
                cleaned, types = [*cleaned, {"type": "null"}], []
            out["anyOf"] = [*{json_text(one): one for one in cleaned}.values()]
        self._set_members(schema, inlined, depth, out)
        for key in _NUMBERS:
            number = _number(schema.get(key))
            if number is not None:
                out[key] = number
        _set_bounds(schema, types, out)
        told = schema.get("format")
        if isinstance(told, str) and told in _FORMATS:
            out["format"] = told
        if types:
            out["type"] = types[0] if len(types) == 1 else types
        _say(schema, out)
        self._lost.update(f"{key} dropped" for key, value in schema.items() if key not in _READ and value)
        return out

    def _set_members(self, schema: Json, inlined: tuple[str, ...], depth: int, out: Json) -> None:
        properties = schema.get("properties")
        if isinstance(properties, dict):
            out["properties"] = {
                name: self.clean(value, inlined, depth + 1) for name, value in properties.items()
            }
            required = schema.get("required")
            if isinstance(required, list):
                out["required"] = [name for name in required if isinstance(name, str) and name in properties]
            ordering = schema.get("propertyOrdering")
            if isinstance(ordering, list):
                out["propertyOrdering"] = [
                    name for name in ordering if isinstance(name, str) and name in properties
                ]
        more = schema.get("additionalProperties")
        if isinstance(more, dict):  # of a map; the model invents no further properties anyway
            out["additionalProperties"] = self.clean(more, inlined, depth + 1)
        items = schema.get("items")
        first = items if isinstance(items, list) else schema.get("prefixItems")
        if isinstance(first, list):
            out["prefixItems"] = [self.clean(item, inlined, depth + 1) for item in first]
        if isinstance(items, dict):
            out["items"] = self.clean(items, inlined, depth + 1)

    def _flat(self, schema: Any, inlined: tuple[str, ...], depth: int) -> tuple[Json, tuple[str, ...]]:
        """``schema`` with its reference and its allOf laid into it."""
        if not isinstance(schema, dict) or depth > MAX_DEPTH:
            return {}, inlined
        out: Json = {}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            target = self._target(reference)
            if reference in inlined:  # a cycle ends here: the type is still true
                out = {key: target[key] for key in ("type", *_TEXTS) if key in target}
            else:
                out, inlined = self._flat(target, (*inlined, reference), depth + 1)
        laid = [out]
        parts = schema.get("allOf")
        for part in parts if isinstance(parts, list) else ():
            more, inlined = self._flat(part, inlined, depth + 1)
            laid.append(more)
        laid.append({key: value for key, value in schema.items() if key not in ("$ref", "allOf")})
        return _joined(laid), inlined

    def _target(self, reference: str) -> Json:
        found: Any = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) and reference.startswith("#") else {}


def _joined(schemas: list[Json]) -> Json:
    """All at once; where they contradict each other, the last."""
    joined: Json = {}
    for schema in schemas:
        joined |= schema
    properties = [told for schema in schemas if isinstance(told := schema.get("properties"), dict)]
    required = [told for schema in schemas if isinstance(told := schema.get("required"), list)]
    if len(properties) > 1 and isinstance(joined["properties"], dict):
        joined["properties"] = {name: one for told in properties for name, one in told.items()}
    if len(required) > 1 and isinstance(joined["required"], list):
        names = [name for told in required for name in told if isinstance(name, str)]
        joined["required"] = [*dict.fromkeys(names)]
    return joined


def _types(schema: Json) -> list[str]:
    told = schema.get("type")
    types = [one.lower() for one in (told if isinstance(told, list) else [told]) if isinstance(one, str)]
    types = [one for one in dict.fromkeys(types) if one in _TYPES]
    if not types and isinstance(schema.get("properties"), dict):
        types = ["object"]
    if schema.get("nullable") is True and "null" not in types:
        types.append("null")
    return types


def _set_enum(schema: Json, types: list[str], out: Json) -> None:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(values, list):
        return
    if None in values and "null" not in types:
        types.append("null")
    named = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    rest = len(values) - len(named) - len(numbers) - values.count(None)
    if rest:  # truth values and structures cannot be listed: the types have to do
        if all(value is None or isinstance(value, bool) for value in values) and not types:
            types.append("boolean")
    elif named or numbers:
        out["enum"] = [*named, *numbers]
        if not types or types == ["null"]:
            types[:0] = [*(["string"] if named else []), *(["number"] if numbers else [])]


def _set_bounds(schema: Json, types: list[str], out: Json) -> None:
    """Exclusive bounds: exact for integers, else the bound itself (and the words tell the rest)."""
    for exclusive, inclusive, step in (
        ("exclusiveMinimum", "minimum", 1),
        ("exclusiveMaximum", "maximum", -1),
    ):
        bound = schema.get(exclusive)
        if bound is True:  # JSON Schema draft 4
            bound = out.get(inclusive)
        number = _number(bound)
        if number is not None:
            out[inclusive] = number + step if "integer" in types and isinstance(number, int) else number


def _number(value: Any) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _say(schema: Json, out: Json) -> None:
    said = [
        words.format(value if isinstance(value, str) else json_text(value))
        for key, words in _WORDS.items()
        if (value := schema.get(key)) is not None and not isinstance(value, bool) and key not in out
    ]
    if schema.get("uniqueItems") is True:
        said.append("no duplicates")
    words = ", ".join(said)
    if words and len(words) <= _LONGEST_WORDS:
        out["description"] = f"{out['description']} ({words})" if out.get("description") else words
