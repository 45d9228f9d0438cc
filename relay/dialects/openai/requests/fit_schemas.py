"""The schemas of tools and answers, as OpenAI's validator takes them, in both wire forms. PURE.

Compatible servers compile the same schemas with engines of their own, so they are sent the same.
"""

from collections.abc import Collection
from typing import Any

from relay.dialects.schemas.fitting import VendorRules, fit_schema
from relay.dialects.schemas.words import described
from relay.neutral.conversation import Json

_TAKEN = VendorRules(tuples="items", patterns="portable", has_members=True)
_SCHEMA_KEYS = ("parameters", "schema")
# What strict schemas may hold; one other keyword, and the whole request is refused.
_STRICT = frozenset(
    {
        "type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "$ref",
        "$defs", "definitions", "description", "title", "pattern", "format", "multipleOf", "maximum",
        "minimum", "exclusiveMaximum", "exclusiveMinimum", "minItems", "maxItems", "$schema",
    }
)  # fmt: skip
_SAYS_WHAT = frozenset({"type", "enum", "const", "anyOf", "$ref"})
_STRICT_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)


def fit_schemas(body: Json, changes: list[str]) -> Json:
    """``body``, the schemas of its functions and its answer fitted; the very same object where they fit."""
    changed: Json = {}
    for key, fit in _HOLDERS:
        if key in body and (fitted := fit(body[key], changes)) is not body[key]:
            changed[key] = fitted
    return {**body, **changed} if changed else body


def fit_spec(spec: Json, changes: list[str]) -> Json:
    """A function or a format with its schema: ``{name, description, parameters or schema, strict}``."""
    key = next((key for key in _SCHEMA_KEYS if isinstance(spec.get(key), dict)), "")
    if not key:
        return spec
    fitted = fit_schema(spec[key], _TAKEN, is_answer=key == "schema")
    name = spec.get("name", "")
    changes += [f"schema of {name}: {what}" for what in fitted.changes]
    if fitted.schema is not spec[key]:
        spec = {**spec, key: fitted.schema}
    if fitted.said:
        spec = {**spec, "description": described(spec.get("description"), fitted.said)}
    if spec.get("strict") is True and not is_strict(fitted.schema):
        changes.append(f"strict dropped from {name}: its schema leaves open what may be said")
        spec = {**spec, "strict": False}
    return spec


def is_strict(schema: Any) -> bool:
    """Does ``schema`` keep to what ``strict`` demands: all properties required, no others, known keywords?"""
    if isinstance(schema, bool):
        return False
    if not isinstance(schema, dict):
        return True
    if not _STRICT.issuperset(schema) or not schema.keys() & _SAYS_WHAT:
        return False
    if str(schema.get("format", "date")) not in _STRICT_FORMATS:
        return False
    properties = schema.get("properties")
    if isinstance(properties, dict) or schema.get("type") == "object":
        properties = properties if isinstance(properties, dict) else {}
        if schema.get("additionalProperties") is not False or _names(schema) != properties.keys():
            return False
    inner = [*_values(schema, "properties"), *_values(schema, "$defs"), *_values(schema, "definitions")]
    inner += [schema["items"]] if "items" in schema else []
    inner += schema["anyOf"] if isinstance(schema.get("anyOf"), list) else []
    return all(map(is_strict, inner))


def _names(schema: Json) -> Collection[Any]:
    required = schema.get("required")
    return set(required) if isinstance(required, list) else set()


def _values(schema: Json, key: str) -> list[Any]:
    held = schema.get(key)
    return list(held.values()) if isinstance(held, dict) else []


def _tools(tools: Any, changes: list[str]) -> Any:
    if not isinstance(tools, list):
        return tools
    fitted = [_tool(tool, changes) for tool in tools]
    return tools if all(new is old for new, old in zip(fitted, tools, strict=True)) else fitted


def _tool(tool: Any, changes: list[str]) -> Any:
    """A tool of either form; a namespace holds some of its own."""
    if not isinstance(tool, dict):
        return tool
    if isinstance(function := tool.get("function"), dict):
        spec = fit_spec(function, changes)
        return tool if spec is function else {**tool, "function": spec}
    if isinstance(members := tool.get("tools"), list):
        fitted = _tools(members, changes)
        return tool if fitted is members else {**tool, "tools": fitted}
    return fit_spec(tool, changes) if tool.get("type", "function") == "function" else tool


def _format(holder: Any, changes: list[str]) -> Any:
    """``response_format`` of chat completions, ``text`` of Responses."""
    key = "json_schema" if isinstance(holder, dict) and "json_schema" in holder else "format"
    held = holder.get(key) if isinstance(holder, dict) else None
    if not isinstance(held, dict):
        return holder
    fitted = fit_spec(held, changes)
    return holder if fitted is held else {**holder, key: fitted}


_HOLDERS = (("tools", _tools), ("functions", _tools), ("response_format", _format), ("text", _format))
