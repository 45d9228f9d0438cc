"""Google's old Python SDK writes enums as numbers: they mean what their names mean."""

from relay.dialects.gemini import GEMINI
from relay.neutral.conversation import ToolChoice


def request(kind: object, inner: object, mode: object) -> dict:
    """A request with one tool, written with these types and this mode."""
    parameters = {"type": kind, "properties": {"days": {"type": inner}}}
    return {
        "contents": [{"parts": [{"text": "hello"}]}],
        "tools": [{"functionDeclarations": [{"name": "weather", "parameters": parameters}]}],
        "toolConfig": {"functionCallingConfig": {"mode": mode}},
    }


def test_numbers_are_read_as_names():
    """Types of schemas and the calling mode; nothing of the schema is lost."""
    told = GEMINI.read(request(6, 3, 2))
    assert told == GEMINI.read(request("OBJECT", "INTEGER", "ANY"))
    assert told.tools[0].schema["properties"] == {"days": {"type": "integer"}}
    assert told.tool_choice == ToolChoice("any")


def test_a_number_of_nothing_is_no_type():
    """What no enum has says nothing."""
    assert GEMINI.read(request(6, 99, 1)).tools[0].schema["properties"] == {"days": {}}
