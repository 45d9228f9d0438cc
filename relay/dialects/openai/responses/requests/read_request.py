"""A Responses request, as a neutral conversation. PURE.

What only OpenAI's own service has (its tools, stored prompts and conversations) is refused with
CannotCarry; parameters without a neutral place are named in ``dropped``. ``stop`` is none of this API's
parameters, and OpenAI itself refuses it; upstreams that can stop are asked to (docs/decisions/0006).
"""

from relay.dialects.openai.reasoning import thinking_of
from relay.dialects.openai.requests.fit_parameters import stop_sequences_in
from relay.dialects.openai.requests.leftovers import leftovers
from relay.dialects.openai.requests.tools import choice_of, function_of
from relay.dialects.openai.responses.requests.named_tools import as_function, plain_name, tools_of
from relay.dialects.openai.responses.requests.read_items import read_items
from relay.dialects.request_fields import flag_in, integer_in, number_in, object_in, text_in
from relay.neutral.conversation import Conversation, Json, Sampling, ThinkingConfig, Tool
from relay.neutral.failures import CannotCarry

_READ = frozenset(
    {
        "model", "input", "instructions", "stream", "stream_options", "tools", "tool_choice",
        "parallel_tool_calls", "text", "reasoning", "max_output_tokens", "temperature", "top_p",
        "user", "safety_identifier", "prompt_cache_key", "prompt", "stop",
    }
)  # fmt: skip

_UNASKED = frozenset({"image_generation", "tool_search", "local_shell"})
"""Tools of OpenAI's own that Codex offers by itself, whatever it is asked."""


def read(body: Json) -> Conversation:
    """The body as a conversation; raises BadRequest or CannotCarry."""
    if body.get("prompt") is not None:
        raise CannotCarry("prompt: a stored prompt is known to OpenAI's own service only")
    dropped = leftovers(body, _READ)
    system, turns = read_items(body, dropped)
    tools, web_search = _tools(body, dropped)
    choice, tools, narrowed = choice_of(
        _choice(body.get("tool_choice")), flag_in(body, "parallel_tool_calls"), tools, _chosen_name
    )
    reasoning = object_in(body, "reasoning")
    dropped += [f"reasoning.{key}" for key in leftovers(reasoning, ("effort", "summary", "generate_summary"))]
    json_answer, schema = _answer_format(object_in(body, "text"), dropped)
    return Conversation(
        turns=turns,
        system=system,
        tools=tools,
        web_search=web_search,
        tool_choice=choice,
        thinking=thinking(body),
        sampling=Sampling(temperature=number_in(body, "temperature"), top_p=number_in(body, "top_p")),
        max_tokens=integer_in(body, "max_output_tokens"),
        stop_sequences=stop_sequences_in(body),
        json_answer=json_answer or schema is not None,
        response_schema=schema,
        user_id=text_in(body, "safety_identifier") or text_in(body, "user"),
        cache_key=text_in(body, "prompt_cache_key"),
        dropped=tuple(dict.fromkeys([*dropped, *narrowed])),
    )


def thinking(body: Json) -> ThinkingConfig:
    """How much thinking ``body`` asks for; raises BadRequest."""
    reasoning = object_in(body, "reasoning")
    shows = reasoning.get("summary") is not None or reasoning.get("generate_summary") is not None
    return thinking_of(text_in(reasoning, "effort", "reasoning"), True if shows else None, "reasoning.effort")


def _tools(body: Json, dropped: list[str]) -> tuple[tuple[Tool, ...], bool]:
    """The client's functions, and whether upstream's own web search is wanted."""
    tools: list[Tool] = []
    web_search = False
    for tool, where in tools_of(body):
        kind = text_in(tool, "type", where)
        if kind in ("function", "custom"):
            tools.append(function_of(as_function(tool, where), where))
        elif kind.startswith("web_search"):
            web_search = True
            dropped += [f"{kind}.{key}" for key in leftovers(tool, ("type",))]
        elif kind in _UNASKED:
            dropped.append(f"the tool {kind}: only OpenAI runs it")
        else:
            raise CannotCarry(f"{where}: a {kind} tool is known to OpenAI's own models only")
    return tuple({tool.name: tool for tool in tools}.values()), web_search


def _choice(choice: object) -> object:
    """A custom tool is chosen as the function that stands for it."""
    return (
        choice | {"type": "function"}
        if isinstance(choice, dict) and choice.get("type") == "custom"
        else choice
    )


def _chosen_name(choice: Json) -> object:
    return plain_name(choice)


def _answer_format(text: Json, dropped: list[str]) -> tuple[bool, Json | None]:
    """Is any JSON object wanted, and by which schema."""
    dropped += [f"text.{key}" for key in leftovers(text, ("format",))]
    told = object_in(text, "format", "text")
    match told.get("type", "text"):
        case "text":
            return False, None
        case "json_object":
            return True, None
        case "json_schema":
            return False, object_in(told, "schema", "text.format")
        case other:
            raise CannotCarry(f"text.format {other!r} is known to OpenAI's own models only")
