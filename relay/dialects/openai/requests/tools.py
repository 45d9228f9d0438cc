"""Function tools, their calls and the choice among them, for both wire forms. PURE.

Chat completions nest what a function is under ``function``; Responses write it flat.
"""

from collections.abc import Callable

import msgspec

from relay.dialects.names.rules import PLAIN, NameRule
from relay.dialects.openai.requests.fit_schemas import fit_spec
from relay.dialects.request_fields import as_list, as_object, as_text, flag_in, object_in, text_in
from relay.dialects.translation.foreign_history import arguments_in
from relay.neutral.conversation import Json, Tool, ToolCall, ToolChoice, digest
from relay.neutral.failures import BadRequest, CannotCarry
from relay.neutral.server_tools import WEB_SEARCH

NAMES = NameRule(PLAIN, 64)
"""Of functions, at OpenAI and at most servers that speak its forms."""

MAX_CALL_ID_LENGTH = 40
"""OpenAI refuses a longer tool call id in chat completions."""


def function_of(spec: Json, where: str) -> Tool:
    """A function as the client describes it: ``{name, description, parameters, strict}``."""
    name = text_in(spec, "name", where)
    if not name:
        raise BadRequest(f"{where}.name is missing")
    schema = object_in(spec, "parameters", where) or {"type": "object", "properties": {}}
    return Tool(name, text_in(spec, "description", where), schema, flag_in(spec, "strict", where))


def spec_of(tool: Tool, changes: list[str]) -> Json:
    """``tool`` as ``{name, description, parameters, strict}``."""
    spec: Json = {"name": tool.name, "parameters": tool.schema}
    if tool.description:
        spec["description"] = tool.description
    if tool.strict is not None:
        spec["strict"] = tool.strict
    return fit_spec(spec, changes)


def choice_of(
    choice: object, parallel: bool | None, tools: tuple[Tool, ...], name_of: Callable[[Json], object]
) -> tuple[ToolChoice, tuple[Tool, ...], list[str]]:
    """The neutral choice, the tools that are left to choose from, and what had to be said otherwise.

    ``name_of`` finds the name in a function choice of the wire form.
    """
    is_parallel = parallel is not False
    if isinstance(choice, str) or choice is None:
        return _by_word(choice or "auto", is_parallel), tools, []
    chosen = as_object(choice, "tool_choice")
    match chosen.get("type"):
        case "function":
            name = as_text(name_of(chosen), "tool_choice: the function's name")
            return ToolChoice("any", (name,), is_parallel), tools, []
        case "allowed_tools":
            allowed = chosen.get("allowed_tools", chosen)
            allowed = as_object(allowed, "tool_choice.allowed_tools")
            names = tuple(
                as_text(name_of(as_object(one, "tool_choice.tools")), "tool_choice: an allowed tool's name")
                for one in as_list(allowed.get("tools"), "tool_choice.tools")
            )
            if allowed.get("mode") == "required":
                return ToolChoice("any", names, is_parallel), tools, []
            wanted = frozenset(names)
            left = tuple(tool for tool in tools if tool.name in wanted)
            return ToolChoice(parallel=is_parallel), left, ["allowed_tools: the other tools are left out"]
        case str(hosted) if hosted.startswith(WEB_SEARCH):
            return ToolChoice(parallel=is_parallel, searches=True), tools, []
        case other:
            raise CannotCarry(f"tool_choice {other!r} is known to OpenAI's own models only")


def choice_body(
    choice: ToolChoice, one: Callable[[str], Json], several: Callable[[list[Json]], Json]
) -> str | Json:
    """The wire's ``tool_choice``; ``one`` writes a function choice, ``several`` wraps a required subset."""
    if choice.mode != "any":
        return choice.mode
    if not choice.names:
        return "required"
    if len(choice.names) == 1:
        return one(choice.names[0])
    return several([one(name) for name in choice.names])


def call_of(call_id: str, name: str, arguments: str, dropped: list[str]) -> ToolCall:
    """A call out of the history. Arguments that are no JSON object (cut ones) are carried as text in one."""
    parsed, is_object = arguments_in(arguments)
    if not is_object:
        dropped.append(f"arguments of {name} that are no JSON object (told as text)")
    return ToolCall(call_id, name, parsed)


def arguments_text(call: ToolCall) -> str:
    """The call's arguments as the JSON text that both forms want."""
    return msgspec.json.encode(call.arguments).decode()


def call_id(told: str) -> str:
    """``told``, or a stable short stand-in where it is longer than OpenAI takes."""
    return told if 0 < len(told) <= MAX_CALL_ID_LENGTH else f"call_{digest(told)}"


def _by_word(word: str, parallel: bool) -> ToolChoice:
    match word:
        case "auto" | "none":
            return ToolChoice(word, parallel=parallel)
        case "required":
            return ToolChoice("any", parallel=parallel)
        case _:
            raise BadRequest("tool_choice must be none, auto, required or an object")
