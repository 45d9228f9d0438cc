"""Aliases for the tools and properties whose names upstream refuses, for one request and its answer.

PURE. The model sees and calls the aliases; the client sees its own names alone.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from relay.dialects.json_object import json_object
from relay.dialects.names.rules import NameRule
from relay.dialects.schemas.keywords import LISTS, MAPS, SCHEMAS
from relay.neutral.conversation import Conversation, Json, Part, Tool, ToolCall, ToolResult, Turn

Rename = Callable[[str], str]
_NAMED = frozenset({"required", "propertyOrdering"})
_MAX_DEPTH = 100


class Aliases(msgspec.Struct, frozen=True):
    """What stands for what: ``tools`` by the client's name, ``properties`` by tool and their own name."""

    tools: dict[str, str] = {}
    properties: dict[str, dict[str, str]] = {}

    def sent(self, name: str, arguments: Json) -> tuple[str, Json]:
        """A call as upstream knows it."""
        told = self.properties.get(name)
        return self.tools.get(name, name), _renamed_keys(arguments, told) if told else arguments

    def own_names(self) -> dict[str, str]:
        """The client's tool names by alias."""
        return {alias: name for name, alias in self.tools.items()}

    def own_properties(self) -> dict[str, dict[str, str]]:
        """By the client's tool name: its properties' names by alias."""
        return {tool: {alias: name for name, alias in told.items()} for tool, told in self.properties.items()}


NONE = Aliases()


def aliased(
    conversation: Conversation, tools: NameRule | None, properties: NameRule | None, changes: list[str]
) -> tuple[Conversation, Aliases]:
    """``conversation`` in names that upstream takes; the very same where it takes them all."""
    named: dict[str, str] = {}
    for name in dict.fromkeys(_names_in(conversation)):
        if tools is not None and not tools.takes(name):
            named[name] = tools.alias(name)
            changes.append(f"tool {name} is called {named[name]} there")
    told: dict[str, dict[str, str]] = {}
    for tool in conversation.tools:
        held = _refused(tool.schema, properties) if properties is not None else {}
        if held:
            told[tool.name] = held
            changes.append(f"properties of {tool.name} have other names there: {', '.join(held)}")
    if not named and not told:
        return conversation, NONE
    aliases = Aliases(named, told)
    choice = conversation.tool_choice
    return (
        msgspec.structs.replace(
            conversation,
            tools=tuple(_tool(tool, aliases) for tool in conversation.tools),
            tool_choice=msgspec.structs.replace(choice, names=tuple(named.get(n, n) for n in choice.names)),
            turns=tuple(_turn(turn, aliases) for turn in conversation.turns),
        ),
        aliases,
    )


def renamed_json(text: str, names: dict[str, str]) -> str:
    """``text`` with the keys of its JSON renamed; as it is where it is no JSON object."""
    value = json_object(text)
    return text if value is None else msgspec.json.encode(_renamed_keys(value, names)).decode()


def _names_in(conversation: Conversation) -> list[str]:
    parts = [part for turn in conversation.turns for part in turn.parts]
    used = [part.name for part in parts if isinstance(part, ToolCall | ToolResult) and part.name]
    return [*(tool.name for tool in conversation.tools), *conversation.tool_choice.names, *used]


def _properties_in(schema: Json) -> dict[str, None]:
    """The names of all properties in a schema, in order."""
    found: dict[str, None] = {}

    def look(name: str) -> str:
        found[name] = None
        return name

    _renamed_schema(schema, look, 0)
    return found


def _refused(schema: Json, rule: NameRule) -> dict[str, str]:
    """The properties whose names are refused, and what stands for them."""
    return {name: rule.alias(name) for name in _properties_in(schema) if not rule.takes(name)}


def _tool(tool: Tool, aliases: Aliases) -> Tool:
    told = aliases.properties.get(tool.name)
    schema = _renamed_schema(tool.schema, lambda name: told.get(name, name), 0) if told else tool.schema
    return msgspec.structs.replace(tool, name=aliases.tools.get(tool.name, tool.name), schema=schema)


def _turn(turn: Turn, aliases: Aliases) -> Turn:
    return Turn(turn.role, tuple(_part(part, aliases) for part in turn.parts))


def _part(part: Part, aliases: Aliases) -> Part:
    if isinstance(part, ToolCall):
        name, arguments = aliases.sent(part.name, part.arguments)
        return msgspec.structs.replace(part, name=name, arguments=arguments)
    if isinstance(part, ToolResult):
        return msgspec.structs.replace(part, name=aliases.tools.get(part.name, part.name))
    return part


def _renamed_schema(schema: Any, rename: Rename, depth: int) -> Any:
    """``schema`` with each property's name renamed, where it stands and where it is required."""
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return schema
    out: Json = {}
    for key, value in schema.items():
        if key in MAPS and isinstance(value, dict):
            name_of = rename if key == "properties" else str
            value = {name_of(name): _renamed_schema(one, rename, depth + 1) for name, one in value.items()}
        elif key in LISTS and isinstance(value, list):
            value = [_renamed_schema(one, rename, depth + 1) for one in value]
        elif key in SCHEMAS:
            value = _renamed_schema(value, rename, depth + 1)
        elif key in _NAMED and isinstance(value, list):
            value = [rename(name) if isinstance(name, str) else name for name in value]
        out[key] = value
    return out


def _renamed_keys(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): _renamed_keys(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed_keys(item, names) for item in value]
    return value
