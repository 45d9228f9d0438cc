"""A neutral conversation as an Anthropic body.

PURE. Written first as a model would take it that refuses nothing, and fitted to the model then: the rules of
what a model refuses stand in fit.py alone. The body is meant for ``anthropic-version: 2023-06-01``, under
which a model that takes sampling parameters takes them.
"""

from typing import assert_never

from accounts.facts.model_facts import ModelFacts
from relay.dialects.anthropic.requests.cache_marks import with_cache_marks
from relay.dialects.anthropic.requests.fit import fit_model, instructed
from relay.dialects.anthropic.requests.fit_schemas import fit_tool
from relay.dialects.anthropic.requests.write_messages import write_messages
from relay.dialects.anthropic.requests.write_schema import closed_schema
from relay.dialects.names.rules import PLAIN, NameRule
from relay.dialects.schemas.answers import asks_to_fit
from relay.dialects.translation.effort import budget_for
from relay.neutral.conversation import Conversation, Json, ThinkingConfig, Tool, ToolChoice

TOOL_NAMES = NameRule(PLAIN, 128)
PROPERTY_NAMES = NameRule(PLAIN | {"."}, 64)
"""Of a tool's properties: "Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'"."""

# The oldest that every model still takes; the newer ones run code besides.
_WEB_SEARCH = {"type": "web_search_20250305", "name": "web_search"}
_JSON_ONLY = "Answer with one JSON object and nothing else: no explanation, no code fence."


def write(conversation: Conversation, model: str, facts: ModelFacts, changes: list[str]) -> Json:
    """The body for ``model``; ``changes`` gets what was mapped or dropped. Raises CannotCarry, BadRequest."""
    system, messages = write_messages(conversation, changes)
    body: Json = {
        "model": model,
        "max_tokens": conversation.max_tokens or facts.default_max_tokens,
        "messages": messages,
    }
    said = [{"type": "text", "text": text.text} for text in system if text.text.strip()]
    if said:
        body["system"] = said
    body |= _tools(conversation, changes)
    body |= _thinking(conversation.thinking, facts)
    body |= _sampling(conversation, changes)
    stops = [sequence for sequence in conversation.stop_sequences if sequence.strip()]
    if len(stops) < len(conversation.stop_sequences):
        changes.append("stop sequences of white space dropped")
    if stops:
        body["stop_sequences"] = stops
    if conversation.user_id:
        body["metadata"] = {"user_id": conversation.user_id}
    body = with_cache_marks(body, facts.cache_minimum_tokens)
    # Behind the marks: what is said for this answer alone.
    body = _json_answer(conversation, body, changes)
    return fit_model(body, model, facts, changes)


def _tools(conversation: Conversation, changes: list[str]) -> Json:
    """``tools`` and ``tool_choice``; a choice of some tools leaves the others out."""
    choice = conversation.tool_choice
    offered = conversation.tools
    if len(choice.names) > 1 or (choice.names and choice.mode == "auto"):
        named = frozenset(choice.names)
        offered = tuple(tool for tool in offered if tool.name in named)
        changes.append(
            f"tools limited to {', '.join(choice.names)}: the API has no choice among some of them"
        )
    tools = [_tool(tool, changes) for tool in offered]
    if conversation.web_search:
        tools.append(_WEB_SEARCH)
    if not tools:
        return {}
    chosen = _tool_choice(choice)
    return {"tools": tools, "tool_choice": chosen} if chosen else {"tools": tools}


def _tool(tool: Tool, changes: list[str]) -> Json:
    written: Json = {"name": tool.name, "input_schema": tool.schema}
    if tool.description:
        written["description"] = tool.description
    written = fit_tool(written, changes)
    if tool.strict:
        closed = closed_schema(written["input_schema"])
        if closed is None:
            changes.append(f"tool {tool.name}: strict dropped, its schema leaves open what may be said")
        else:
            written |= {"input_schema": closed, "strict": True}
    return written


def _tool_choice(choice: ToolChoice) -> Json:
    """``tool_choice``; {} for the default."""
    single = {} if choice.parallel else {"disable_parallel_tool_use": True}
    if choice.searches:
        return {"type": "tool", "name": _WEB_SEARCH["name"], **single}
    match choice.mode:
        case "none":
            return {"type": "none"}
        case "auto":
            return {"type": "auto", **single} if single else {}
        case "any" if len(choice.names) == 1:
            return {"type": "tool", "name": choice.names[0], **single}
        case "any":
            return {"type": "any", **single}
        case _:
            assert_never(choice.mode)


def _thinking(config: ThinkingConfig, facts: ModelFacts) -> Json:
    """``thinking`` and the effort in ``output_config``, in the words nearest to what the client said."""
    written: Json = {"output_config": {"effort": config.effort}} if config.effort else {}
    display: Json = {}
    if config.show is not None and config.show != facts.thinking_shown_by_default:
        display = {"display": "summarized" if config.show else "omitted"}
    match config.mode:
        case "unset":
            if display and facts.thinks_by_default:
                written["thinking"] = {"type": "adaptive", **display}
        case "off":
            written["thinking"] = {"type": "disabled"}
        case "between_tools":
            written["thinking"] = {"type": "between_tools"}
        case "adaptive":
            written["thinking"] = {"type": "adaptive", **display}
        case "budget":
            budget = config.budget_tokens or budget_for(config.effort or "")
            written["thinking"] = {"type": "enabled", "budget_tokens": budget, **display}
        case _:
            assert_never(config.mode)
    return written


def _sampling(conversation: Conversation, changes: list[str]) -> Json:
    sampling = conversation.sampling
    changes += [
        f"{name} dropped: Claude has no such parameter"
        for name in ("seed", "presence_penalty", "frequency_penalty")
        if getattr(sampling, name) is not None
    ]
    temperature = sampling.temperature
    if temperature is not None and temperature > 1:
        changes.append(f"temperature {temperature:g} became 1")
        temperature = 1
    given = {"temperature": temperature, "top_p": sampling.top_p, "top_k": sampling.top_k}
    return {name: value for name, value in given.items() if value is not None}


def _json_answer(conversation: Conversation, body: Json, changes: list[str]) -> Json:
    """The demand for JSON: a guaranteed schema where the API can give it, else an instruction."""
    schema = conversation.response_schema
    closed = closed_schema(schema) if schema else None
    if closed is not None:
        output = {**body.get("output_config", {}), "format": {"type": "json_schema", "schema": closed}}
        return {**body, "output_config": output}
    if schema:
        changes.append("the JSON schema became an instruction: it leaves open what may be said")
        return instructed(body, asks_to_fit(schema))
    if conversation.json_answer:
        changes.append("JSON mode became an instruction")
        return instructed(body, _JSON_ONLY)
    return body
