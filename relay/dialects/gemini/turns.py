"""Turns of a Gemini body as they stand: who speaks, what makes an assistant turn, and what it is known by.

PURE. Chats send a streamed answer back as several ``model`` contents in a row: together they are one turn.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from relay.dialects.gemini.fields import field
from relay.neutral.conversation import Json, turn_key


def contents_of(body: Json) -> list[Any]:
    """The contents, none when there is no list of them."""
    contents = body.get("contents")
    return contents if isinstance(contents, list) else []


def is_model(content: Any) -> bool:
    """Does the model speak here?"""
    return isinstance(content, dict) and content.get("role") == "model"


def is_user(content: Any) -> bool:
    """Does the user speak here? Tool results are the user's; a system turn is nobody's."""
    return isinstance(content, dict) and content.get("role") not in ("model", "system")


def parts_of(content: Any) -> list[Json]:
    """The parts of a content; what is none is left out."""
    parts = content.get("parts") if isinstance(content, dict) else None
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def model_runs(contents: Sequence[Any]) -> Iterator[list[int]]:
    """The indexes of the contents of each assistant turn."""
    run: list[int] = []
    for index, content in enumerate(contents):
        if is_model(content):
            run.append(index)
        elif run:
            yield run
            run = []
    if run:
        yield run


def key_of_turn(parts: list[Json]) -> str:
    """What an assistant turn of these parts is recognised by (see ``conversation.turn_key``)."""
    texts = [part["text"] for part in parts if isinstance(part.get("text"), str) and not part.get("thought")]
    calls = [call for part in parts if isinstance(call := field(part, "functionCall"), dict)]
    return turn_key("".join(texts), [(str(call.get("name", "")), call.get("args") or {}) for call in calls])
