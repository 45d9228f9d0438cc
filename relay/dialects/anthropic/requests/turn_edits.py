"""Adding to the turns of an Anthropic body, without touching what was there.

PURE. Used where a refused history is healed and by what a model's facts demand.
"""

from relay.dialects.anthropic.wire_messages import THINKING_TYPES, blocks_of, messages_of, type_of
from relay.neutral.conversation import Json


def last_spoken_index(messages: list[Json]) -> int:
    """The index of the last turn that is no system turn; -1 when there is none.

    Claude Code puts system turns behind the user's: they do not count as last.
    """
    indexes = (index for index in range(len(messages) - 1, -1, -1) if messages[index].get("role") != "system")
    return next(indexes, -1)


def with_text_at(messages: list[Json], index: int, text: str) -> list[Json]:
    """``messages`` with ``text`` said by the user at turn ``index``.

    A user turn gets it as a last block of its own; behind a turn of the model's a user turn is added.
    """
    block = {"type": "text", "text": text}
    message = messages[index]
    if message.get("role") == "user":
        content = [*blocks_of(message.get("content")), block]
        return [*messages[:index], {**message, "content": content}, *messages[index + 1 :]]
    added = {"role": "user", "content": [block]}
    return [*messages[: index + 1], added, *messages[index + 1 :]]


def without_clear_thinking(body: Json) -> Json:
    """``body`` without the edit that clears old thinking: the API takes it only where thinking is on."""
    management = body.get("context_management")
    if not isinstance(management, dict) or not isinstance(edits := management.get("edits"), list):
        return body
    kept = [edit for edit in edits if not _clears_thinking(edit)]
    if len(kept) == len(edits):
        return body
    if kept:
        return {**body, "context_management": {**management, "edits": kept}}
    return {key: value for key, value in body.items() if key != "context_management"}


def without_unopened_thinking(body: Json) -> Json:
    """``body`` without its thinking configuration where the model's last turn calls tools, and did not think.

    With ``enabled`` thinking the API refuses such a turn. The very same body where there is none.
    """
    turns = [message for message in messages_of(body) if message.get("role") == "assistant"]
    blocks = blocks_of(turns[-1].get("content")) if turns else []
    if not any(type_of(block) == "tool_use" for block in blocks) or type_of(blocks[0]) in THINKING_TYPES:
        return body
    return without_clear_thinking({key: value for key, value in body.items() if key != "thinking"})


def _clears_thinking(edit: object) -> bool:
    return isinstance(edit, dict) and str(edit.get("type", "")).startswith("clear_thinking_")
