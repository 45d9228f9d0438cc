"""Tools that only Responses have a form for, as plain functions of another upstream, and back. PURE.

A *namespace* groups functions, a *custom* tool takes free text in place of JSON, an ``additional_tools`` item
brings tools in the middle of the input, and so does what a search of the client's for tools found
(``tool_search_output``). Codex CLI sends all of them (0.171). Other dialects know functions with one flat
name and JSON arguments, so that is what they are offered.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from relay.dialects.openai.requests import custom_tools
from relay.dialects.request_fields import objects_in, text_in
from relay.neutral.conversation import Json, digest
from relay.neutral.failures import CannotCarry

_OWN = "functions"
"""OpenAI's name for the namespace of what has none: its members keep their names."""

_NAME_LENGTH = 64
_BRING_TOOLS = ("additional_tools", "tool_search_output")
"""The items that do."""
_FUNCTIONS = ("function", "custom")


class Called(msgspec.Struct, frozen=True):
    """A tool as the client knows it."""

    name: str
    namespace: str = ""
    is_custom: bool = False


def plain_name(item: Json) -> str:
    """The flat name of a tool or call of the wire; ``namespace`` stands beside ``name`` where it has one."""
    name, namespace = str(item.get("name") or ""), str(item.get("namespace") or "")
    if not namespace or namespace == _OWN:
        return name
    joined = f"{namespace}{name}" if namespace.endswith("_") else f"{namespace}__{name}"
    return joined if len(joined) <= _NAME_LENGTH else f"{joined[:47]}_{digest(joined)[:16]}"


def tools_of(body: Json) -> Iterator[tuple[Json, str]]:
    """Every tool of a request, with its place; a namespace's members carry its name in ``namespace``.

    Raises BadRequest where it is no list of objects, CannotCarry for a namespace of anything but tools.
    """
    known: set[str] = set()
    for tool, where in _flat(body, ""):
        known.add(plain_name(tool))
        yield tool, where
    for item, where in objects_in(body, "input") if isinstance(body.get("input"), list) else ():
        if item.get("type") in _BRING_TOOLS:
            for tool, here in _flat(_found(item), where):
                name = plain_name(tool)
                if name not in known or item.get("type") == "additional_tools":  # searches find them again
                    yield tool, here
                known.add(name)


def found_names(item: Json) -> list[str]:
    """The flat names of the tools that a search found."""
    return [plain_name(tool) for tool, _ in _flat(_found(item), "")]


def _found(item: Json) -> Json:
    """What a search found, as far as it is a function: the client alone knows what else is there."""
    if item.get("type") != "tool_search_output":
        return item
    tools = item.get("tools")
    listed = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return {**item, "tools": [one for tool in listed if (one := _callable(tool)) is not None]}


def _callable(tool: Json) -> Json | None:
    name, inside = tool.get("name"), tool.get("tools")
    if not (name and isinstance(name, str)):
        return None
    if tool.get("type") == "namespace":
        members = inside if isinstance(inside, list) else []
        return {**tool, "tools": [one for one in members if isinstance(one, dict) and _is_function(one)]}
    return tool if _is_function(tool) else None


def _is_function(tool: Json) -> bool:
    return tool.get("type") in _FUNCTIONS and isinstance(tool.get("name"), str) and tool["name"] != ""


def _flat(holder: Json, where: str) -> Iterator[tuple[Json, str]]:
    for tool, here in objects_in(holder, "tools", where):
        if tool.get("type") != "namespace":
            yield tool, here
            continue
        namespace = text_in(tool, "name", here)
        for member, there in objects_in(tool, "tools", here):
            if member.get("type") not in _FUNCTIONS:
                raise CannotCarry(
                    f"{there}: a {member.get('type')} tool is known to OpenAI's own models only"
                )
            yield {**member, "namespace": namespace}, there


def as_function(tool: Json, where: str) -> Json:
    """A function or custom tool as ``{name, description, parameters, strict}`` with its flat name."""
    told = custom_tools.as_function(tool, where) if tool.get("type") == "custom" else tool
    return {**told, "name": plain_name(tool)}


def called_as(body: Json) -> dict[str, Called]:
    """By flat name, the tools that the client knows under another form; ``body`` was read before."""
    found: dict[str, Called] = {}
    for tool, _ in tools_of(body):
        namespace, is_custom = str(tool.get("namespace") or ""), tool.get("type") == "custom"
        if namespace or is_custom:
            found[plain_name(tool)] = Called(str(tool.get("name") or ""), namespace, is_custom)
    return found


def arguments_of(item: Json) -> str:
    """A call's JSON arguments; a custom call's text stands in them."""
    if item.get("type") == "custom_tool_call":
        return custom_tools.arguments_with(item.get("input"))
    arguments: Any = item.get("arguments")
    return arguments if isinstance(arguments, str) else ""
