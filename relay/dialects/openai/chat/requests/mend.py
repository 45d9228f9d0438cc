"""A client's own body, as servers of chat completions take it, whatever the model. PURE.

Clients send flat tools, contents without parts, and turns of the model's that say nothing (Cursor, and
agents that record a turn that was broken off); OpenAI and compatible servers refuse them on every turn.
"""

from typing import Any

from relay.dialects.openai.chat.requests.client_shapes import is_flat
from relay.dialects.openai.requests import unnamed_calls
from relay.neutral.conversation import Json

_TOOLS = ("function", "custom")
_SAY_NOTHING = ("role", "content", "name", "id")
"""What a turn of the model's may hold and yet say nothing; a field that nobody knows may say something."""


def mend(body: Json, changes: list[str]) -> Json:
    """``body`` as servers take it; the very same where they do already."""
    messages, tools, choice = body.get("messages"), body.get("tools"), body.get("tool_choice")
    mended: Json = {}
    if isinstance(messages, list) and any(map(_is_empty, messages)):
        kept = [_with_content(message) for message in messages if not _says_nothing(message)]
        changes.append("empty turns and contents left out: servers refuse them")
        mended["messages"] = kept
    if isinstance(tools, list):
        nested = [_nested(tool) if isinstance(tool, dict) else tool for tool in tools]
        if any(new is not old for new, old in zip(nested, tools, strict=True)):
            changes.append("flat tools written as chat completions want them")
            mended["tools"] = nested
    if isinstance(choice, dict) and choice.get("type") in _TOOLS and is_flat(choice):
        mended["tool_choice"] = {"type": choice["type"], choice["type"]: {"name": choice["name"]}}
    return unnamed_calls.mend({**body, **mended} if mended else body, changes)


def _is_empty(message: Any) -> bool:
    if not isinstance(message, dict):
        return False
    content = message.get("content")
    return content == [] or (not content and _says_nothing(message))


def _says_nothing(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and message.get("role") == "assistant"
        and not message.get("content")
        and not any(value for name, value in message.items() if name not in _SAY_NOTHING)
    )


def _with_content(message: Any) -> Any:
    is_bare = isinstance(message, dict) and message.get("content") == []
    return {**message, "content": None if message.get("role") == "assistant" else ""} if is_bare else message


def _nested(tool: Json) -> Json:
    """``tool`` as chat completions write it; the very same where it is written so."""
    custom = tool.get("custom")
    if tool.get("type", "function") == "function" and is_flat(tool):
        function = {key: value for key, value in tool.items() if key != "type" and value is not None}
        return {"type": "function", "function": function}
    form = custom.get("format") if isinstance(custom, dict) else None
    if isinstance(custom, dict) and isinstance(form, dict) and "definition" in form:
        grammar = {key: value for key, value in form.items() if key != "type"}
        return {**tool, "custom": {**custom, "format": {"type": "grammar", "grammar": grammar}}}
    return tool
