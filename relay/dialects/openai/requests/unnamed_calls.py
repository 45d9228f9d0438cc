"""A client's own body, in either wire form, whose calls have names and arguments that servers take. PURE.

A client records the call of a model whose name was lost on the way with an empty one; OpenAI and compatible
servers refuse it on every turn from then on.
"""

from typing import Any

from relay.dialects.openai.requests import half_arguments
from relay.dialects.openai.requests.each_turn import with_turns
from relay.dialects.translation.foreign_history import UNNAMED, UNNAMED_NOTE, is_unnamed
from relay.neutral.conversation import Json

_CALLS = ("function_call", "custom_tool_call")
"""Of Responses, which tell the name beside the type."""
_FORMS = ("function", "custom")
"""Of chat's calls."""
_OLDER_RESULT = "function"
"""The role of a message that answers chat's older ``function_call`` by the function's name."""


def mend(body: Json, changes: list[str]) -> Json:
    """``body`` as servers take it; the very same where they do already."""
    named = with_turns(body, _named)
    if named is not body:
        changes.append(UNNAMED_NOTE)
    return half_arguments.mend(named, changes)


def _named(turn: Json) -> Json:
    calls, older = turn.get("tool_calls"), turn.get("function_call")
    changed: Json = {}
    if isinstance(calls, list) and any(map(_form_without_name, calls)):
        changed["tool_calls"] = [_with_name(call) for call in calls]
    if is_unnamed(older):
        changed["function_call"] = {**turn["function_call"], "name": UNNAMED}
    if is_unnamed(turn) and (turn.get("type") in _CALLS or turn.get("role") == _OLDER_RESULT):
        changed["name"] = UNNAMED
    return {**turn, **changed} if changed else turn


def _form_without_name(call: Any) -> str:
    """Under which key a call of chat's has an empty name; "" under none."""
    found = (form for form in _FORMS if isinstance(call, dict) and is_unnamed(call.get(form)))
    return next(found, "")


def _with_name(call: Any) -> Any:
    form = _form_without_name(call)
    return {**call, form: {**call[form], "name": UNNAMED}} if form else call
