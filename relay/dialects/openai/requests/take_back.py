"""A body of either wire form, without what its server refuses of its form. PURE.

The names are those of ``refused_parameters``; a body that holds nothing of the kind stays the same object.
"""

from relay.dialects.errors import refused_parameters as refused
from relay.dialects.openai.requests.each_turn import with_turns
from relay.dialects.openai.requests.fit_schemas import fit_schemas
from relay.neutral.conversation import Json

NO_REASONING = " "
"""Stands for reasoning that nobody kept: DeepSeek wants some behind every call, and refuses an empty one."""

_RENAMED = {refused.COMPLETION_LIMIT: refused.LIMIT, refused.LIMIT: refused.COMPLETION_LIMIT}


def take_back(body: Json, name: str) -> Json:
    """``body`` without ``name``."""
    match name:
        case refused.STREAM:
            return {**_without(body, refused.STREAM_OPTIONS), "stream": False} if body.get("stream") else body
        case refused.DEVELOPER:
            return with_turns(body, _as_system)
        case refused.REASONING:
            return with_turns(body, _with_reasoning)
        case refused.SEARCH_SOURCES if isinstance(body.get("include"), list) and name in body["include"]:
            return {**body, "include": [one for one in body["include"] if one != name]}
        case refused.PATTERNS:
            return fit_schemas(body, [])
        case refused.COMPLETION_LIMIT | refused.LIMIT if body.get(name) is not None:
            return {**_without(body, name), _RENAMED[name]: body[name]}
        case refused.COMPLETION_LIMIT | refused.LIMIT:
            return body
        case _:
            return _without(body, name)


def with_reasoning_on_calls(body: Json) -> Json:
    """``body`` with reasoning on each turn of the model's that calls tools."""
    return with_turns(body, lambda turn: _with_reasoning(turn) if turn.get("tool_calls") else turn)


def _as_system(turn: Json) -> Json:
    return {**turn, "role": "system"} if turn.get("role") == "developer" else turn


def _with_reasoning(turn: Json) -> Json:
    if turn.get("role") != "assistant" or turn.get("reasoning_content"):
        return turn
    return {**turn, "reasoning_content": NO_REASONING}


def _without(body: Json, name: str) -> Json:
    return {key: value for key, value in body.items() if key != name} if name in body else body
