"""A chat completions request, as a neutral conversation. PURE.

Content that only OpenAI's own models know (audio answers, several choices) is refused with CannotCarry;
parameters without a neutral place are named in ``dropped``. A Responses body is read as one.
"""

from relay.dialects.openai.chat.requests.client_shapes import custom_tools, is_flat, is_responses, spec_of
from relay.dialects.openai.chat.requests.read_messages import leading_system, read_turns
from relay.dialects.openai.reasoning import thinking_of
from relay.dialects.openai.requests.fit_parameters import stop_sequences_in
from relay.dialects.openai.requests.leftovers import leftovers
from relay.dialects.openai.requests.tools import choice_of, function_of
from relay.dialects.openai.responses.requests import read_request
from relay.dialects.request_fields import (
    as_object,
    flag_in,
    integer_in,
    list_in,
    number_in,
    object_in,
    objects_in,
    place,
    text_in,
)
from relay.neutral.conversation import Conversation, Json, Sampling, ThinkingConfig, Tool
from relay.neutral.failures import CannotCarry

_READ = frozenset(
    {
        "model", "messages", "stream", "stream_options", "tools", "tool_choice", "functions", "function_call",
        "parallel_tool_calls", "response_format", "reasoning_effort", "max_tokens", "max_completion_tokens",
        "stop", "n", "temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty",
        "user", "safety_identifier", "modalities", "audio", "web_search_options", "prompt_cache_key",
        "reasoning",
    }
)  # fmt: skip


def read(body: Json) -> Conversation:
    """The body as a conversation; raises BadRequest or CannotCarry."""
    _refuse_what_cannot_travel(body)
    if is_responses(body):
        return read_request.read(body)
    dropped = leftovers(body, _READ)
    dropped += [f"reasoning.{key}" for key in leftovers(_reasoning(body), ("effort", "summary", "enabled"))]
    if body.get("web_search_options"):
        dropped.append("web_search_options: search runs with upstream's own")
    messages = objects_in(body, "messages")
    system, first = leading_system(messages)
    tools = _tools(body)
    choice, tools, narrowed = choice_of(
        _tool_choice(body), flag_in(body, "parallel_tool_calls"), tools, _chosen_name
    )
    json_answer, schema = _answer_format(object_in(body, "response_format"))
    limit = integer_in(body, "max_completion_tokens")
    return Conversation(
        turns=read_turns(messages[first:], custom_tools(body), dropped),
        system=system,
        tools=tools,
        web_search=body.get("web_search_options") is not None,
        tool_choice=choice,
        thinking=thinking(body),
        sampling=_sampling(body),
        max_tokens=limit if limit is not None else integer_in(body, "max_tokens"),
        stop_sequences=stop_sequences_in(body),
        json_answer=json_answer or schema is not None,
        response_schema=schema,
        user_id=text_in(body, "safety_identifier") or text_in(body, "user"),
        cache_key=text_in(body, "prompt_cache_key"),
        dropped=tuple(dict.fromkeys([*dropped, *narrowed])),
    )


def thinking(body: Json) -> ThinkingConfig:
    """How much thinking ``body`` asks for; raises BadRequest."""
    if is_responses(body):
        return read_request.thinking(body)
    effort = text_in(body, "reasoning_effort") or text_in(_reasoning(body), "effort", "reasoning")
    return thinking_of(effort, True if effort not in ("", "none") else None, "reasoning_effort")


def _reasoning(body: Json) -> Json:
    """What Responses and OpenRouter call it, beside chat's own ``reasoning_effort``."""
    told = body.get("reasoning")
    return told if isinstance(told, dict) else {}


def _refuse_what_cannot_travel(body: Json) -> None:
    choices = integer_in(body, "n")
    if choices is not None and choices != 1:
        raise CannotCarry("n: only one choice can be asked of this upstream")
    if body.get("audio") is not None or "audio" in list_in(body, "modalities"):
        raise CannotCarry("audio answers are known to OpenAI's own models only")


def _sampling(body: Json) -> Sampling:
    return Sampling(
        temperature=number_in(body, "temperature"),
        top_p=number_in(body, "top_p"),
        top_k=integer_in(body, "top_k"),
        seed=integer_in(body, "seed"),
        presence_penalty=number_in(body, "presence_penalty"),
        frequency_penalty=number_in(body, "frequency_penalty"),
    )


def _answer_format(told: Json) -> tuple[bool, Json | None]:
    """Is any JSON object wanted, and by which schema."""
    match told.get("type", "text"):
        case "text":
            return False, None
        case "json_object":
            return True, None
        case "json_schema":
            named = object_in(told, "json_schema", "response_format")
            return False, object_in(named, "schema", "response_format.json_schema")
        case other:
            raise CannotCarry(f"response_format {other!r} is known to OpenAI's own models only")


def _tools(body: Json) -> tuple[Tool, ...]:
    tools = []
    for tool, where in objects_in(body, "tools"):
        kind = tool.get("type", "function")
        if kind not in ("function", "custom"):
            raise CannotCarry(f"{where}: a {kind} tool is known to OpenAI's own models only")
        tools.append(function_of(spec_of(tool, where), where if is_flat(tool) else place(where, kind)))
    return (*tools, *(function_of(function, where) for function, where in objects_in(body, "functions")))


def _tool_choice(body: Json) -> object:
    """``tool_choice``, or the older ``function_call`` in its words; custom tools are functions here."""
    legacy, choice = body.get("function_call"), body.get("tool_choice")
    if legacy is None or choice is not None:
        if isinstance(choice, dict) and choice.get("type") == "custom":
            return {"type": "function", "function": _called(choice)}
        return choice
    return {"type": "function", "function": legacy} if isinstance(legacy, dict) else legacy


def _chosen_name(choice: Json) -> object:
    return _called(choice).get("name")


def _called(choice: Json) -> Json:
    """The chosen tool, nested or flat."""
    kind = str(choice.get("type") or "function")
    return choice if is_flat(choice) else as_object(choice.get(kind), f"tool_choice.{kind}")
