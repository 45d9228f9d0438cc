"""Checks of Gemini's own Schema (``parameters``, ``responseSchema``), which is no JSON schema.

Keywords that it does not have were refused with the unknown fields already; here is what else the API
refuses in it.
"""

from typing import Any

from relay.simulator.faults.refused import OrderedRefusal

Json = dict[str, Any]

_TYPES = ("TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")
"""By number: proto JSON takes an enum's number for its name, and the old Python SDK sends it."""


def check_schema(schema: Json, where: str) -> None:
    """Check one schema and what is inside it. Raises Refused."""
    kind = schema.get("type")
    if isinstance(kind, int) and not isinstance(kind, bool) and 0 <= kind < len(_TYPES):
        kind = _TYPES[kind]
    if isinstance(kind, list):
        raise OrderedRefusal(
            400,
            f"Invalid JSON payload received. Unknown name \"type\" at '{where}': Proto field is not "
            "repeating, cannot start list.",
        )
    if kind is not None and str(kind).upper() not in _TYPES:
        raise OrderedRefusal(400, f"Invalid value at '{where}.type' (type.googleapis.com/Type), \"{kind}\"")
    _check_by_type(schema, str(kind or "").upper(), where)
    for name, inner in (schema.get("properties") or {}).items():
        check_schema(inner, f"{where}.properties[{name}]")
    for position, inner in enumerate(schema.get("anyOf") or []):
        check_schema(inner, f"{where}.any_of[{position}]")
    if "items" in schema:
        check_schema(schema["items"], f"{where}.items")


def _check_by_type(schema: Json, kind: str, where: str) -> None:
    properties = schema.get("properties") or {}
    place = f"* GenerateContentRequest.{where}"
    if kind == "OBJECT" and not properties:
        raise OrderedRefusal(400, f"{place}.properties: should be non-empty for OBJECT type")
    if properties and kind != "OBJECT":
        raise OrderedRefusal(400, f"{place}.properties: only allowed for OBJECT type")
    for position, name in enumerate(schema.get("required") or []):
        if name not in properties:
            raise OrderedRefusal(400, f"{place}.required[{position}]: property is not defined")
    if kind == "ARRAY" and "items" not in schema:
        raise OrderedRefusal(400, f"{place}.items: missing field.")
    if "enum" in schema:
        if kind != "STRING":
            raise OrderedRefusal(400, f"{place}.enum: only allowed for STRING type")
        if not all(isinstance(value, str) and value for value in schema["enum"]):
            raise OrderedRefusal(400, f"{place}.enum: cannot be empty, and must hold strings")
    if kind == "STRING" and schema.get("format") not in (None, "enum", "date-time"):
        raise OrderedRefusal(
            400, f"{place}.format: only 'enum' and 'date-time' are supported for STRING type"
        )
