"""A client's own body, in either wire form, whose calls have names and arguments that servers take. PURE.

A client records the call of a model whose name was lost on the way with an empty one; OpenAI and compatible
servers refuse it on every turn from then on.
"""

from typing import Any

from relay.dialects.openai.requests import half_arguments
from relay.dialects.openai.requests.each_turn import with_turns
from relay.dialects.translation.foreign_history import UNNAMED, UNNAMED_NOTE
from relay.neutral.conversation import Json

_CALLS = ("function_call", "custom_tool_call")


def mend(body: Json, changes: list[str]) -> Json:
    """``body`` as servers take it; the very same where they do already."""
    named = with_turns(body, _named)
    if named is not body:
        changes.append(UNNAMED_NOTE)
    return half_arguments.mend(named, changes)


def _named(turn: Json) -> Json:
    calls = turn.get("tool_calls")
    if isinstance(calls, list) and any(map(_is_unnamed, calls)):
        return {**turn, "tool_calls": [_with_function(call) if _is_unnamed(call) else call for call in calls]}
    return {**turn, "name": UNNAMED} if turn.get("type") in _CALLS and turn.get("name") == "" else turn


def _is_unnamed(call: Any) -> bool:
    function = call.get("function") if isinstance(call, dict) else None
    return isinstance(function, dict) and function.get("name") == ""


def _with_function(call: Json) -> Json:
    return {**call, "function": {**call["function"], "name": UNNAMED}}
