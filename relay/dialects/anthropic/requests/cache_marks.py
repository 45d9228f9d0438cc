"""Where a translated request asks Claude to cache: behind the tools, the system prompt and the last turns.

PURE. Claude caches only what is asked for, up to a block with ``cache_control`` (platform.claude.com/docs/en/
build-with-claude/prompt-caching): at most four such blocks, none of them thinking; a prefix that is shorter
than the model's minimum is not cached, without a word. An entry is written at a mark alone and looked for up
to 20 blocks before one, so the turn that ended the last request is marked as well: a step of many tool calls
would lie between.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from relay.dialects.anthropic.wire_messages import THINKING_TYPES, type_of
from relay.neutral.conversation import Json

MOST_MARKS: Final = 4
MARK: Final[Json] = {"type": "ephemeral"}


def with_cache_marks(body: Json, minimum_tokens: int) -> Json:
    """``body``, which holds no mark, with those that a prefix of at least ``minimum_tokens`` stands before.

    Sizes are taken from bytes: a token stands for at least one, so that no prefix that could be cached goes
    without its mark.
    """
    size = 0
    tools, size = _last_marked(body.get("tools") or [], size, minimum_tokens)
    system, size = _last_marked(body.get("system") or [], size, minimum_tokens)
    messages = list(body["messages"])
    ends = _ends(messages)
    for index, message in enumerate(messages):
        content, size = _last_marked(message["content"], size, minimum_tokens)
        if index in ends:
            messages[index] = {**message, "content": content}
    marked = {**body, "messages": messages}
    return marked | {key: value for key, value in (("tools", tools), ("system", system)) if value}


def without_cache_marks(body: Json) -> Json:
    """``body`` without any mark, for a server that refuses them; the very same where it holds none."""
    found: Json = {key: _unmarked_blocks(body[key]) for key in ("tools", "system") if key in body}
    if isinstance(messages := body.get("messages"), list):
        found["messages"] = _changed(messages, _unmarked_message)
    if "cache_control" not in body and all(value is body[key] for key, value in found.items()):
        return body
    return {key: found.get(key, value) for key, value in body.items() if key != "cache_control"}


def _last_marked(blocks: list[Json], size: int, minimum: int) -> tuple[list[Json], int]:
    """``blocks``, the last of them marked where that may be, and the size of all before their end."""
    for block in blocks:
        if size >= minimum:
            break
        size += len(msgspec.json.encode(block))
    if not blocks or size < minimum or type_of(blocks[-1]) in THINKING_TYPES:
        return blocks, size
    return [*blocks[:-1], {**blocks[-1], "cache_control": MARK}], size


def _ends(messages: list[Json]) -> set[int]:
    """The user's last turn, and the one before the model's last: where this request and the last end."""
    asked = [index for index, message in enumerate(messages) if message["role"] == "user"]
    spoken = [index for index, message in enumerate(messages) if message["role"] == "assistant"]
    before = [index for index in asked if spoken and index < spoken[-1]]
    return {*asked[-1:], *before[-1:]}


def _unmarked_message(message: Any) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    unmarked = _unmarked_blocks(content)
    return message if unmarked is content else {**message, "content": unmarked}


def _unmarked_blocks(blocks: Any) -> Any:
    return _changed(blocks, _unmarked_block) if isinstance(blocks, list) else blocks


def _unmarked_block(block: Any) -> Any:
    """A block, and what a tool's result holds, without the mark."""
    if not isinstance(block, dict):
        return block
    if type_of(block) == "tool_result":
        block = _unmarked_message(block)
    if "cache_control" not in block:
        return block
    return {key: value for key, value in block.items() if key != "cache_control"}


def _changed(values: list[Any], change: Callable[[Any], Any]) -> list[Any]:
    """The values as ``change`` makes them; the very same list where it changes none."""
    changed = [change(value) for value in values]
    return values if all(new is old for new, old in zip(changed, values, strict=True)) else changed
