"""A request or response of any dialect as turns to be read by a person. PURE.

It shows what is there and judges nothing: what it does not know is shown as JSON. Bodies come from clients
and models, so no field can be relied on to be there or to be of its type.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from monitor.turns import anthropic, gemini, openai
from monitor.turns.parts import ShownTurn
from monitor.turns.streams import json_objects

Reader = Callable[[dict[str, Any]], list[ShownTurn]]
Folder = Callable[[list[dict[str, Any]]], list[ShownTurn]]

_READERS: dict[str, tuple[Reader, Folder]] = {
    "anthropic": (anthropic.request_turns, anthropic.response_turns),
    "gemini": (gemini.request_turns, gemini.response_turns),
    "openai": (openai.request_turns, openai.response_turns),
}


def request_turns(dialect: str, data: bytes) -> list[ShownTurn] | None:
    """The turns of a request's body; None when it cannot be read (no JSON, or cut at the cap)."""
    try:
        body = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(body, dict) or dialect not in _READERS:
        return None
    return _READERS[dialect][0](body)


def response_turns(dialect: str, data: bytes) -> list[ShownTurn] | None:
    """The answer's turns, from a stream or in one piece, as far as it is there; None for no answer."""
    objects = json_objects(data)
    if not objects or dialect not in _READERS:
        return None
    return _READERS[dialect][1](objects) or None
