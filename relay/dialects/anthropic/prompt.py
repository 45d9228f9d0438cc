"""An Anthropic body as Claude's prompt cache sees it.

PURE. The order (tools, system, messages) and what else makes a prefix another one are documented at
platform.claude.com/docs/en/build-with-claude/prompt-caching. Never raises, whatever a client's body holds.
"""

from collections.abc import Iterator
from typing import Any

from relay.dialects.anthropic.requests.cache_marks import without_cache_marks
from relay.dialects.anthropic.wire_messages import blocks_of, is_client_note
from relay.neutral.conversation import Json
from relay.neutral.prompt import LONG_SECONDS, SHORT_SECONDS, Prompt, given, listed


def prompt(body: Json) -> Prompt:
    """The parts of ``body``. Claude Code's billing line is no part of them: Anthropic leaves it out."""
    marks, lasts_seconds, pieces = [], SHORT_SECONDS, 0
    for pieces, piece in enumerate(_pieces(body), 1):
        if isinstance(piece, dict) and isinstance(mark := piece.get("cache_control"), dict):
            marks.append(pieces)
            lasts_seconds = LONG_SECONDS if mark.get("ttl") == "1h" else lasts_seconds
    if isinstance(mark := body.get("cache_control"), dict) and pieces:
        marks.append(pieces)
        lasts_seconds = LONG_SECONDS if mark.get("ttl") == "1h" else lasts_seconds
    plain = without_cache_marks(body)
    return Prompt(
        tools=listed(plain.get("tools")),
        system=[block for block in blocks_of(plain.get("system")) if not is_client_note(block)],
        turns=[_turn(message) for message in listed(plain.get("messages"))],
        settings=given(plain, "tool_choice", "thinking", "output_config", "speed"),
        marks=tuple(dict.fromkeys(marks)),
        lasts_seconds=lasts_seconds,
    )


def _pieces(body: Json) -> Iterator[Any]:
    yield from listed(body.get("tools"))
    yield from blocks_of(body.get("system"))
    for message in listed(body.get("messages")):
        yield from blocks_of(message.get("content")) if isinstance(message, dict) else ()


def _turn(message: Any) -> Any:
    """A message, the same for text as a string or as a block: clients write the newest one otherwise."""
    return [message.get("role"), blocks_of(message.get("content"))] if isinstance(message, dict) else message
