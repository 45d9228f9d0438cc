"""Enums by number: proto JSON takes that for the name, and Google's old Python SDK writes it. PURE."""

from typing import Any

_TYPES = ("TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")
_MODES = ("MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED")


def type_word(value: Any) -> Any:
    """A schema's type by name; what is no number of one is given back as it is."""
    return _word(value, _TYPES)


def mode_word(value: Any) -> Any:
    """A function calling mode by name; what is no number of one is given back as it is."""
    return _word(value, _MODES)


def _word(value: Any, names: tuple[str, ...]) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(names)
    return names[value] if is_number else value
