"""An instance that fits a JSON schema: arguments of simulated tool calls, and JSON mode."""

from typing import Any

_MAX_DEPTH = 6


def instance_of(schema: Any, name: str = "value", root: Any = None, depth: int = 0) -> Any:
    """A deterministic value that fits ``schema`` (a JSON schema, or Gemini's with upper-case types).

    ``name`` colours strings, ``root`` is where ``#/$defs/…`` references are looked up. A schema that
    nests deeper than six levels is cut there with ``None``.
    """
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return None
    root = schema if root is None else root
    if isinstance(reference := schema.get("$ref"), str):
        return instance_of(_look_up(root, reference), name, root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if schema.get(choice):
            return instance_of(schema[choice][0], name, root, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    match str(kind).lower():
        case "object":
            properties = schema.get("properties") or {}
            wanted = schema.get("required") or list(properties)
            return {key: instance_of(properties.get(key), key, root, depth + 1) for key in wanted}
        case "array":
            count = max(1, int(schema.get("minItems", 1)))
            return [instance_of(schema.get("items"), name, root, depth + 1) for _ in range(count)]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _string(schema, name)


def _number(schema: dict[str, Any]) -> Any:
    if "exclusiveMinimum" in schema:
        return schema["exclusiveMinimum"] + 1
    return schema.get("minimum", schema.get("maximum", 7))


def _string(schema: dict[str, Any], name: str) -> str:
    by_format = {"date-time": "2026-11-21T10:00:00Z", "date": "2026-11-21", "uri": "https://example.com/"}
    text = by_format.get(str(schema.get("format")), f'{name} "naïve" \\ 日本語 🙂')
    return text[: int(schema["maxLength"])] if "maxLength" in schema else text


def _look_up(root: Any, reference: str) -> Any:
    found = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(step) if isinstance(found, dict) and step else found
    return found
