"""Custom tools, which take free text in place of JSON, as functions with one argument, and back. PURE.

Responses write what such a tool is flat, chat completions under ``custom``; so do they its grammar.
"""

import msgspec

from relay.dialects.json_object import json_object
from relay.dialects.request_fields import text_in
from relay.neutral.conversation import Json

_INPUT = "input"


def as_function(tool: Json, where: str) -> Json:
    """What a custom tool is, in either form, as ``{name, description, parameters}``."""
    told = {"type": "string", "description": "The whole input of the tool, as it is: plain text, no JSON."}
    form = tool.get("format")
    if isinstance(form, dict) and isinstance(form.get("grammar"), dict):
        form = form["grammar"]
    description = text_in(tool, "description", where)
    if isinstance(form, dict) and isinstance(form.get("definition"), str):
        description += f"\n\nThe input follows this {form.get('syntax', '')} grammar:\n{form['definition']}"
    return {
        "name": tool.get("name"),
        "description": description.strip(),
        "parameters": {
            "type": "object",
            "properties": {_INPUT: told},
            "required": [_INPUT],
            "additionalProperties": False,
        },
    }


def arguments_with(text: object) -> str:
    """The JSON arguments that stand for a custom tool's ``text``."""
    return msgspec.json.encode({_INPUT: str(text or "")}).decode()


def text_of(arguments: str) -> str:
    """What a custom tool gets of the JSON arguments: its text, or all of them where a model wrote others."""
    told = (json_object(arguments) or {}).get(_INPUT)
    return told if isinstance(told, str) else arguments
