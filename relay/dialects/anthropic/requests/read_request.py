"""An Anthropic body as a neutral conversation.

PURE. Content that only Anthropic's own upstream can read is refused with its place; parameters that have no
neutral form are named in ``dropped``.
"""

from typing import Any, get_args

from relay.dialects.anthropic.errors import THREAD_UNSUPPORTED
from relay.dialects.anthropic.requests.read_content import ContentReader
from relay.dialects.anthropic.wire_messages import is_client_note
from relay.dialects.request_fields import (
    flag_in,
    integer_in,
    list_in,
    number_in,
    object_in,
    objects_in,
    place,
    text_in,
)
from relay.neutral.conversation import (
    Conversation,
    Effort,
    Json,
    Sampling,
    Text,
    ThinkingConfig,
    Tool,
    ToolChoice,
    Turn,
)
from relay.neutral.failures import BadRequest, CannotCarry
from relay.neutral.server_tools import WEB_SEARCH

_CARRIED = frozenset(
    {
        "model", "stream", "messages", "system", "max_tokens", "stop_sequences", "metadata", "tools",
        "tool_choice", "thinking", "output_config", "output_format", "temperature", "top_p", "top_k",
    }
)  # fmt: skip
# Without these the answer would be another one than the client asked for.
_ONLY_ANTHROPIC = ("container", "mcp_servers", "compaction", "thread")
_TOOL_FIELDS = frozenset({"type", "name", "description", "input_schema", "strict"})
_THINKING_FIELDS = frozenset({"type", "budget_tokens", "display"})
_SHOWN = {"summarized": True, "updates": True, "omitted": False}


def read(body: Json) -> Conversation:
    """The body as a neutral conversation; raises BadRequest, or CannotCarry."""
    for name in _ONLY_ANTHROPIC:
        if body.get(name):
            code = THREAD_UNSUPPORTED if name == "thread" else ""
            raise CannotCarry(f"{name} works with Anthropic's own upstream only", code)
    dropped: dict[str, None] = dict.fromkeys(sorted(key for key in body if key not in _CARRIED))
    content = ContentReader(dropped)
    turns = tuple(_turn(message, where, content) for message, where in objects_in(body, "messages"))
    tools, web_search = _tools(body, dropped)
    output = object_in(body, "output_config")
    schema = _schema(body, output, dropped)
    return Conversation(
        turns=turns,
        system=_system(body, content, dropped),
        tools=tools,
        web_search=web_search,
        tool_choice=_tool_choice(body, tools),
        thinking=_thinking(body, output, dropped),
        sampling=Sampling(
            temperature=number_in(body, "temperature"),
            top_p=number_in(body, "top_p"),
            top_k=integer_in(body, "top_k"),
        ),
        max_tokens=_max_tokens(body),
        stop_sequences=tuple(_texts(body, "stop_sequences")),
        json_answer=schema is not None,
        response_schema=schema,
        user_id=text_in(object_in(body, "metadata"), "user_id", "metadata"),
        dropped=tuple(dropped),
    )


def _turn(message: Json, where: str, content: ContentReader) -> Turn:
    match message.get("role"):
        case "user" | "assistant" | "system" as role:
            pass
        case _:
            raise BadRequest(f"{where}.role must be one of user, assistant, system")
    for name in message:
        if name not in ("role", "content"):
            content.dropped[f"{name} of a turn"] = None
    return Turn(role, content.parts(message.get("content"), role, place(where, "content")))


def _system(body: Json, content: ContentReader, dropped: dict[str, None]) -> tuple[Text, ...]:
    system = body.get("system")
    if system is None:
        return ()
    if isinstance(system, list) and any(map(is_client_note, system)):
        dropped["system: the client's billing line"] = None
        system = [block for block in system if not is_client_note(block)]
    parts = content.parts(system, "system", "system")
    return tuple(part for part in parts if isinstance(part, Text))


def _tools(body: Json, dropped: dict[str, None]) -> tuple[tuple[Tool, ...], bool]:
    """The client's own tools, and whether it wants upstream's web search."""
    tools, web_search = [], False
    for tool, where in objects_in(body, "tools"):
        kind = text_in(tool, "type", where) or "custom"
        if kind == "custom":
            name = text_in(tool, "name", where)
            if not name:
                raise BadRequest(f"{where}.name is missing")
            schema = object_in(tool, "input_schema", where)
            strict = flag_in(tool, "strict", where)
            tools.append(Tool(name, text_in(tool, "description", where), schema, strict))
            dropped.update(dict.fromkeys(f"tools: {key}" for key in sorted(tool.keys() - _TOOL_FIELDS)))
        elif kind.startswith("web_search_"):
            web_search = True
            dropped.update(
                dict.fromkeys(f"web search: {key}" for key in sorted(tool.keys() - {"type", "name"}))
            )
        elif kind.startswith("tool_search_tool_"):
            dropped["tool search: every tool is there at once"] = None
        else:
            raise CannotCarry(
                f"{where}: the tool {kind} is Anthropic's own; another upstream does not know it"
            )
    return tuple(tools), web_search


def _tool_choice(body: Json, tools: tuple[Tool, ...]) -> ToolChoice:
    """What must be called; a name that is no client's tool's is that of the web search."""
    choice = object_in(body, "tool_choice")
    parallel = not flag_in(choice, "disable_parallel_tool_use", "tool_choice")
    match choice.get("type"):
        case None | "auto":
            return ToolChoice(parallel=parallel)
        case "any":
            return ToolChoice("any", parallel=parallel)
        case "none":
            return ToolChoice("none")
        case "tool":
            name = text_in(choice, "name", "tool_choice")
            if not name:
                raise BadRequest("tool_choice.name is missing")
            if name == WEB_SEARCH and all(tool.name != name for tool in tools):
                return ToolChoice(parallel=parallel, searches=True)
            return ToolChoice("any", (name,), parallel)
        case _:
            raise BadRequest("tool_choice.type must be one of auto, any, tool, none")


def thinking(body: Json) -> ThinkingConfig:
    """How much thinking ``body`` asks for; raises BadRequest."""
    return _thinking(body, object_in(body, "output_config"), {})


def _thinking(body: Json, output: Json, dropped: dict[str, None]) -> ThinkingConfig:
    thinking = object_in(body, "thinking")
    dropped.update(dict.fromkeys(f"thinking: {key}" for key in sorted(thinking.keys() - _THINKING_FIELDS)))
    effort = _effort(output)
    show = _SHOWN.get(text_in(thinking, "display", "thinking"))
    match thinking.get("type"):
        case None:
            return ThinkingConfig(effort=effort, show=show)
        case "disabled":
            return ThinkingConfig("off", effort=effort, show=show)
        case "enabled":
            budget = integer_in(thinking, "budget_tokens", "thinking")
            return ThinkingConfig("budget", budget, effort, show)
        case "adaptive":
            return ThinkingConfig("adaptive", effort=effort, show=show)
        case "between_tools":
            return ThinkingConfig("between_tools", effort=effort, show=show)
        case _:
            raise BadRequest("thinking.type must be one of adaptive, enabled, disabled, between_tools")


def _effort(output: Json) -> Effort | None:
    told = text_in(output, "effort", "output_config")
    if not told:
        return None
    for effort in get_args(Effort):
        if told == effort:
            return effort  # type: ignore[no-any-return]
    raise BadRequest("output_config.effort must be one of low, medium, high, xhigh, max")


def _schema(body: Json, output: Json, dropped: dict[str, None]) -> Json | None:
    """The JSON Schema that the answer must fit, where the client asked for one."""
    dropped.update(
        dict.fromkeys(f"output_config: {key}" for key in sorted(output.keys() - {"effort", "format"}))
    )
    where = "output_config.format" if output.get("format") else "output_format"
    wanted: Any = object_in(output, "format", "output_config") or object_in(body, "output_format")
    if not wanted:
        return None
    if wanted.get("type") != "json_schema":
        raise BadRequest(f"{where}.type must be json_schema")
    return object_in(wanted, "schema", where)


def _max_tokens(body: Json) -> int | None:
    limit = integer_in(body, "max_tokens")
    if limit == 0:
        raise CannotCarry("max_tokens 0 fills Anthropic's prompt cache; another upstream has no such request")
    if limit is not None and limit < 0:
        raise BadRequest("max_tokens must not be negative")
    return limit


def _texts(body: Json, key: str) -> list[str]:
    values = list_in(body, key)
    if not all(isinstance(value, str) for value in values):
        raise BadRequest(f"{key} must be an array of strings")
    return values
