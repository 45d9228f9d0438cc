"""Half a character in the arguments of a call: JSON inside of a text, which a client passes on as it came.

PURE. Servers that read the arguments to show them to their model fail on it at every turn.
"""

from typing import Any

import msgspec

from relay.dialects.json_object import json_object
from relay.dialects.openai.requests.each_turn import with_turns
from relay.neutral.conversation import Json


def mend(body: Json, changes: list[str]) -> Json:
    """``body``, in either wire form, with U+FFFD for such halves; the very same where it holds none."""
    mended = with_turns(body, _mended)
    if mended is not body:
        changes.append("halves of characters in the arguments of calls became U+FFFD")
    return mended


def _mended(turn: Json) -> Json:
    calls = turn.get("tool_calls")
    if isinstance(calls, list):
        whole = [_with_function(call) if isinstance(call, dict) else call for call in calls]
        is_same = all(new is old for new, old in zip(whole, calls, strict=True))
        return turn if is_same else {**turn, "tool_calls": whole}
    return _with_arguments(turn) if turn.get("type") == "function_call" else turn


def _with_function(call: Json) -> Json:
    function = call.get("function")
    if not isinstance(function, dict) or (whole := _with_arguments(function)) is function:
        return call
    return {**call, "function": whole}


def _with_arguments(holder: Json) -> Json:
    told = holder.get("arguments")
    if not isinstance(told, str) or not _may_hold_half(told):
        return holder
    whole = json_object(told)
    return holder if whole is None else {**holder, "arguments": msgspec.json.encode(whole).decode()}


def _may_hold_half(arguments: Any) -> bool:
    """Is it JSON with escapes, and no strict reader takes it?"""
    if "\\ud" not in arguments and "\\uD" not in arguments:
        return False
    try:
        msgspec.json.decode(arguments)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return True
    return False
