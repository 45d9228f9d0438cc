"""Fragments of calls whose fields stand elsewhere than in OpenAI's form. PURE."""

from typing import Any

import msgspec

from relay.dialects.openai.chat.upstream_answer.wire import CallFragment, Function
from relay.neutral.conversation import Json


def put_right(fragment: CallFragment) -> list[tuple[str, Any]]:
    """``fragment`` gets its function as OpenAI has it; the fields that clients are to be told otherwise."""
    function = fragment.function
    if function is None:
        given = fragment.arguments if fragment.arguments is not None else fragment.input
        if fragment.custom is not None:
            return []
        if not fragment.name and given is None:  # an announcement: the SDK wants the object all the same
            return [("function", {"arguments": ""})]
        function = fragment.function = Function(fragment.name, given)
    elif function.arguments is None and function.parameters is not None:
        function.arguments = function.parameters
    elif type(function.arguments) is not list:
        return []
    if isinstance(function.arguments, list):
        function.arguments = _joined(function.arguments)
    return [("function", _as_json(function))]


def _joined(pieces: list[Any]) -> str:
    """Texts in a list are one; a list of anything else is no object, and said to be none."""
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(pieces)
    return msgspec.json.encode(pieces).decode()


def _as_json(function: Function) -> Json:
    told: Json = {} if function.name is None else {"name": function.name}
    return told if function.arguments is None else {**told, "arguments": function.arguments}
