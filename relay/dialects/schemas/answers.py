"""What the root of an answer's schema says: an object, or anything else that JSON can be. PURE."""

from typing import Any

import msgspec

from relay.neutral.conversation import Json

_MOST_STEPS = 200
"""Of references and choices at the root: a schema may lead back to itself."""
_LOCAL = ("#/$defs/", "#/definitions/")


def says_an_object(schema: Json) -> bool:
    """Is each answer that fits ``schema`` an object? One that leaves it open may be one."""
    left: list[Any] = [schema]
    for _ in range(_MOST_STEPS):
        if not left:
            return True
        one = left.pop()
        if not isinstance(one, dict):
            continue
        if "type" in one:
            if one["type"] != "object":
                return False
            continue
        if any(not isinstance(value, dict) for value in _told_values(one)):
            return False
        left.append(_referred(schema, one.get("$ref")))
        for key in ("anyOf", "oneOf", "allOf"):
            choices = one.get(key)
            left += choices if isinstance(choices, list) else []
    return True


def asks_to_fit(schema: Json) -> str:
    """The demand for an answer that fits ``schema``, in words, for who takes no such schema."""
    kind = "object" if says_an_object(schema) else "value"
    told = msgspec.json.encode(schema).decode()
    return (
        f"Answer with one JSON {kind} and nothing else: no explanation, no code fence."
        f" It has to fit this JSON Schema: {told}"
    )


def _told_values(schema: Json) -> list[Any]:
    """The values that are named as those that an answer may be."""
    named = schema.get("enum")
    return [*(named if isinstance(named, list) else ()), *([schema["const"]] if "const" in schema else ())]


def _referred(root: Json, reference: Any) -> Any:
    """What a reference to a definition of ``root`` leads to; None for any other."""
    if not isinstance(reference, str) or not reference.startswith(_LOCAL):
        return None
    _, holder, name = reference.split("/", 2)
    defined = root.get(holder)
    return defined.get(name) if isinstance(defined, dict) else None
