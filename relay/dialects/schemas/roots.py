"""A schema whose root is a choice, as one object: no vendor takes a choice for a tool's parameters.

PURE. OpenAI: "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top
level"; Anthropic: "input_schema does not support oneOf, allOf, or anyOf at the top level". The object holds
what any of the choices may hold, and requires what all of them require; which belong together is said in
words.
"""

from typing import Any

import msgspec

from relay.neutral.conversation import Json

MAX_PROPERTIES = 20_000
"""Of all that is laid into one root: references among choices may multiply."""

_CHOICES = ("anyOf", "oneOf")
_NO_OBJECT = ("enum", "const", "not")
_INLINED = frozenset({*_CHOICES, "allOf", "$ref", "properties", "required"})
_MAX_DEPTH = 30


def as_object(schema: Json) -> tuple[Json, list[str]]:
    """``schema`` as one object, and what its root said besides; the same schema where it is one already."""
    if schema.get("type") == "object" and not schema.keys() & {*_CHOICES, *_NO_OBJECT, "allOf", "$ref"}:
        return schema, []
    root = _Root(schema)
    flat = root.flat(schema, frozenset(), 0)
    said = [*root.said]
    for keyword in _NO_OBJECT:
        if keyword in flat.rest:
            said.append(f"{'not' if keyword == 'not' else 'one of'} {_json(flat.rest.pop(keyword))}")
    whole: Json = {**flat.rest, "type": "object", "properties": flat.properties}
    return ({**whole, "required": list(flat.required)} if flat.required else whole), said


class _Flat:
    """A schema without choices: properties, which of them are required (in order), and other keywords."""

    def __init__(self, schema: Json) -> None:
        self.rest = {key: value for key, value in schema.items() if key not in _INLINED}
        properties, required = schema.get("properties"), schema.get("required")
        self.properties: Json = {**properties} if isinstance(properties, dict) else {}
        names = required if isinstance(required, list) else []
        self.required = dict.fromkeys(name for name in names if isinstance(name, str))

    def add(self, other: "_Flat") -> None:
        """What fits both; of the other keywords, those of this one come first."""
        if self.properties and other.properties:
            self.rest.pop("additionalProperties", None)  # each would forbid what the other names
            other.rest.pop("additionalProperties", None)
        self.rest = {**other.rest, **self.rest}
        for name, schema in other.properties.items():
            own = self.properties.setdefault(name, schema)
            if own is not schema and own != schema:
                self.properties[name] = {"allOf": [schema, own]}
        self.required |= other.required

    def add_any(self, choices: list["_Flat"]) -> None:
        """What fits this one and any of the ``choices``."""
        told: dict[str, list[Any]] = {}
        for choice in choices:
            for name, schema in choice.properties.items():
                told.setdefault(name, []).append(schema)
        if told:
            self.rest.pop("additionalProperties", None)
        if told and all(choice.rest.get("additionalProperties") is False for choice in choices):
            self.rest["additionalProperties"] = False
        merged = {name: _one_of(schemas) for name, schemas in told.items()}
        self.properties = {**merged, **self.properties}
        needed = set.intersection(*(set(choice.required) for choice in choices))
        self.required |= {name: None for name in told if name in needed}

    def needs(self) -> list[str]:
        """The properties that it asks for, as words; a fixed value is told with its name."""
        said = []
        for name in self.required or self.properties:
            values = _values(self.properties.get(name))
            said.append(f"{name} = {_json(values[0])}" if len(values) == 1 else name)
        return said


class _Root:
    """One root on its way to an object. ``said`` gets what belongs together."""

    def __init__(self, schema: Json) -> None:
        self.said: list[str] = []
        self._schema = schema
        self._left = MAX_PROPERTIES

    def flat(self, schema: Any, inlined: frozenset[str], depth: int) -> _Flat:
        """``schema`` with its reference and choices laid into it; ``inlined`` are the references above it."""
        if not isinstance(schema, dict) or depth > _MAX_DEPTH or self._left < 0:
            return _Flat({})
        out = _Flat(schema)
        self._left -= 1 + len(out.properties)
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference not in inlined:
            out.add(self.flat(self._target(reference), inlined | {reference}, depth + 1))
        for part in _objects(schema.get("allOf")):
            out.add(self.flat(part, inlined, depth + 1))
        for keyword in _CHOICES:
            choices = [self.flat(part, inlined, depth + 1) for part in _objects(schema.get(keyword))]
            if choices:
                out.add_any(choices)
                sets = dict.fromkeys(words for choice in choices if (words := ", ".join(choice.needs())))
                self.said += [f"give one of these sets: {'; or '.join(sets)}"] if len(sets) > 1 else []
        return out

    def _target(self, reference: str) -> Any:
        found: Any = self._schema if reference.startswith("#") else None
        for step in reference.removeprefix("#").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, dict) else None
        return found


def _one_of(schemas: list[Any]) -> Any:
    """A property that several choices have: its values together."""
    distinct = list({_json(schema): schema for schema in schemas}.values())
    if len(distinct) == 1:
        return distinct[0]
    if all(map(_values, distinct)) and len({_json(_without_values(schema)) for schema in distinct}) == 1:
        values = {_json(value): value for schema in distinct for value in _values(schema)}
        return {**_without_values(distinct[0]), "enum": list(values.values())}
    return {"anyOf": distinct}


def _values(schema: Any) -> list[Any]:
    if not isinstance(schema, dict):
        return []
    listed = schema.get("enum")
    return [schema["const"]] if "const" in schema else listed if isinstance(listed, list) else []


def _without_values(schema: Json) -> Json:
    return {key: value for key, value in schema.items() if key not in ("const", "enum")}


def _objects(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
