"""A schema as one vendor's validator takes it; what it would not read is told in the descriptions.

PURE. Linear in the schema. What needs no change stays the same object.
"""

from collections import Counter
from typing import Any, Literal

import msgspec

from relay.dialects.schemas.keywords import LISTS, MAPS, SCHEMAS, TAKES, is_number, is_schema
from relay.dialects.schemas.patterns import is_portable
from relay.dialects.schemas.roots import as_object
from relay.dialects.schemas.words import described
from relay.neutral.conversation import Json

MAX_DEPTH = 60
"""Levels of schemas within schemas; deeper, anything may stand."""

MAX_PATTERN = 500
"""Characters of a pattern that is said in words: a longer one helps no model."""

_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_TUPLE = "prefixItems"


class VendorRules(msgspec.Struct, frozen=True):
    """What a vendor takes.

    ``tuples``: a tuple as ``prefixItems``, or as one schema for all ``items``. ``patterns``: all of them, or
    those that are portable. ``has_members``: no array without ``items``, no root without ``properties``.
    """

    tuples: Literal["prefixItems", "items"]
    patterns: Literal["any", "portable"]
    has_members: bool


class Fitted(msgspec.Struct, frozen=True):
    """The ``schema``, what is to be ``said`` of it besides, and what was changed, in words."""

    schema: Json
    said: tuple[str, ...]
    changes: tuple[str, ...]


def fit_schema(schema: Json, taken: VendorRules, *, is_answer: bool = False) -> Fitted:
    """The schema of a tool's arguments: one object at its root; an answer may be something else."""
    is_other = is_answer and schema.get("type", "object") != "object"
    rooted, said = (schema, []) if is_other else as_object(schema)
    fitter = _Fitter(taken)
    fitted = fitter.fit(rooted, 0)
    if taken.has_members and fitted.get("type") == "object" and "properties" not in fitted:
        fitted = {**fitted, "properties": {}}
    changes = [f"{what} ({count})" if count > 1 else what for what, count in fitter.changes.items()]
    if rooted is not schema and schema.keys() & {"anyOf", "oneOf", "allOf", "enum", "const", "not", "$ref"}:
        changes.insert(0, "the choice at its root became one object")
    return Fitted(fitted, tuple(said), tuple(changes))


class _Fitter:
    def __init__(self, taken: VendorRules) -> None:
        self.changes: Counter[str] = Counter()
        self._taken = taken

    def fit(self, schema: Any, depth: int) -> Any:
        """One schema and what is in it; itself where nothing changes."""
        if not isinstance(schema, dict):
            return schema
        if depth > MAX_DEPTH:
            self.changes["what is nested too deeply left open"] += 1
            return {}
        said: list[str] = []
        out = self._without_tuples(self._with_bounds(schema), said)
        out = self._checked(out)
        pattern = out.get("pattern")
        if isinstance(pattern, str) and self._taken.patterns == "portable" and not is_portable(pattern):
            is_short = len(pattern) <= MAX_PATTERN
            became = "became words" if is_short else "dropped, too long for words"
            self.changes[f"a pattern that cannot be compiled there {became}"] += 1
            said += [f"matches {pattern}"] if is_short else []
            out = _without(out, "pattern")
        if self._taken.has_members and "array" in _types(out) and not is_schema(out.get("items")):
            out = {**out, "items": {}}
        if said:
            out = {**out, "description": described(out.get("description"), said)}
        return self._with_members(out, depth + 1)

    def _with_members(self, schema: Json, depth: int) -> Json:
        """``schema``, its own subschemas fitted."""
        changed: Json = {}
        for key, value in schema.items():
            if key in SCHEMAS and isinstance(value, dict):
                fitted = self.fit(value, depth)
                if fitted is not value:
                    changed[key] = fitted
            elif key in LISTS and isinstance(value, list):
                several = [self.fit(one, depth) for one in value]
                if any(new is not old for new, old in zip(several, value, strict=True)):
                    changed[key] = several
            elif key in MAPS and isinstance(value, dict):
                named = {name: self.fit(one, depth) for name, one in value.items()}
                if any(named[name] is not one for name, one in value.items()):
                    changed[key] = named
        return {**schema, **changed} if changed else schema

    def _checked(self, schema: Json) -> Json:
        """Without keywords that hold what may not stand there."""
        wrong = [key for key, value in schema.items() if (takes := TAKES.get(key)) and not takes(value)]
        for key in wrong:
            self.changes[f"{key} of no valid form dropped"] += 1
        return _without(schema, *wrong)

    def _with_bounds(self, schema: Json) -> Json:
        """Draft 4 says of a bound that it is exclusive, where later drafts say the exclusive bound."""
        for exclusive, inclusive in _BOUNDS.items():
            if isinstance(schema.get(exclusive), bool):
                is_exclusive, bound = schema[exclusive], schema.get(inclusive)
                schema = _without(schema, exclusive)
                if is_exclusive and is_number(bound):
                    schema = {**_without(schema, inclusive), exclusive: bound}
        return schema

    def _without_tuples(self, schema: Json, said: list[str]) -> Json:
        """A tuple in the form that is taken. Before 2020, ``items`` held its list."""
        listed = schema.get("items")
        if isinstance(listed, list):
            rest = schema.get("additionalItems")
            schema = _without(schema, "items", "additionalItems")
            schema = {**schema, _TUPLE: listed, **({"items": rest} if is_schema(rest) else {})}
            if not listed:
                schema = _without(schema, _TUPLE)
            if self._taken.tuples == _TUPLE:
                self.changes["a tuple became prefixItems"] += 1
        places = schema.get(_TUPLE)
        if not isinstance(places, list) or not places or self._taken.tuples == _TUPLE:
            return schema
        self.changes["a tuple became a list, its places words"] += 1
        said.append("in this order: " + ", ".join(map(_short, places)))
        rest = schema.get("items", True)
        choices = {_json(one): one for one in [*places, *([rest] if isinstance(rest, dict) else [])]}
        schema = _without(schema, _TUPLE)
        if rest is False:
            schema = {**schema, "maxItems": min(len(places), _count(schema.get("maxItems"), len(places)))}
        members = list(choices.values())
        return {**schema, "items": members[0] if len(members) == 1 else {"anyOf": members}}


def _short(place: Any) -> str:
    """A tuple's place, in words."""
    if not isinstance(place, dict):
        return "anything"
    told = place.get("title") or place.get("description") or "/".join(_types(place))
    return told if isinstance(told, str) and told else _json(place)


def _types(schema: Json) -> list[str]:
    told = schema.get("type")
    return [one for one in (told if isinstance(told, list) else [told]) if isinstance(one, str)]


def _count(value: Any, otherwise: int) -> int:
    return int(value) if is_number(value) and value >= 0 else otherwise


def _without(schema: Json, *keys: str) -> Json:
    gone = schema.keys() & set(keys)
    return {key: value for key, value in schema.items() if key not in gone} if gone else schema


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
