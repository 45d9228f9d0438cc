"""What clients send to chat's path that is no chat completions body: Cursor's shapes. PURE.

Cursor sends Responses bodies there, or their flat tools among chat's messages, and reads the answer as chat.
A flat custom tool's call it reads as a function's whose arguments are the text (Cursor 3.14); who writes the
tool in chat's own form gets the call in chat's own.
"""

from typing import Literal

from relay.dialects.openai.requests.custom_tools import as_function
from relay.dialects.openai.responses.requests.named_tools import called_as
from relay.dialects.request_fields import object_in, place
from relay.neutral.conversation import Json

CallForm = Literal["custom", "function"]
"""How the client reads the call of a custom tool."""


def is_responses(body: Json) -> bool:
    """Is it a Responses body?"""
    return body.get("messages") is None and body.get("input") is not None


def is_own_form(body: Json) -> bool:
    """Can an upstream that speaks chat completions answer it so that the client can read the answer?"""
    return not is_responses(body) and "function" not in custom_tools(body).values()


def custom_tools(body: Json) -> dict[str, CallForm]:
    """The custom tools of ``body`` by name."""
    if is_responses(body):
        return {name: "function" for name, called in called_as(body).items() if called.is_custom}
    tools = body.get("tools")
    found: dict[str, CallForm] = {}
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, dict) and tool.get("type") == "custom":
            is_nested = isinstance(tool.get("custom"), dict)
            name = (tool["custom"] if is_nested else tool).get("name")
            found[str(name)] = "custom" if is_nested else "function"
    return found


def spec_of(tool: Json, where: str) -> Json:
    """A function or custom tool, nested or flat, as ``{name, description, parameters, strict}``."""
    kind = str(tool.get("type") or "function")
    if is_flat(tool):
        return as_function(tool, where) if kind == "custom" else tool
    told = object_in(tool, kind, where)
    return as_function(told, place(where, kind)) if kind == "custom" else told


def is_flat(tool: Json) -> bool:
    """Is the tool, or the choice of one, written as Responses write it?"""
    return tool.get(str(tool.get("type") or "function")) is None and tool.get("name") is not None
