"""A client's own body, without what other vendors' answers left in it and Claude would refuse on every turn.

PURE. Ids of tool calls that are none here, empty names, inputs as texts, runs of other vendors' tools that
were told as Anthropic's, and citations of their pages, which have an empty index.
"""

from typing import Any

from relay.dialects.anthropic.call_ids import CallIds, with_wire_id
from relay.dialects.anthropic.server_tools import OWN_ID
from relay.dialects.anthropic.wire_messages import blocks_of, type_of
from relay.dialects.translation.foreign_history import UNNAMED, UNNAMED_NOTE, arguments_in, is_unnamed
from relay.neutral.conversation import Json


def mend(body: Json, changes: list[str]) -> Json:
    """``body`` as the API takes it; the very same where it does already."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body
    ids = CallIds()
    said: dict[str, None] = {}
    mended = [_mended(message, ids, said) for message in messages]
    if not said:
        return body
    changes += said
    return {**body, "messages": [message for message in mended if message is not None]}


def _mended(message: Any, ids: CallIds, said: dict[str, None]) -> Any:
    """None for a message of which nothing is left."""
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return message
    kept = [block for block in blocks_of(content) if not _is_foreign_run(block)]
    named = [with_wire_id(block, ids) for block in kept]
    is_model = message.get("role") == "assistant"
    called = [_with_an_object(block) if is_model else block for block in named]
    if any(map(_is_unnamed, called)):
        called = [{**block, "name": UNNAMED} if _is_unnamed(block) else block for block in called]
        said[UNNAMED_NOTE] = None
    blocks = [_without_own_citations(block) if is_model else block for block in called]
    if len(kept) < len(content):
        said["runs of another vendor's tools were left out"] = None
    elif all(new is old for new, old in zip(blocks, content, strict=True)):
        return message
    if any(new is not old for new, old in zip(named, kept, strict=True)):
        said["ids of tool calls that Claude refuses were replaced"] = None
    if any(new.get("input") is not old.get("input") for new, old in zip(called, named, strict=True)):
        said["inputs of tool calls that were texts became objects"] = None
    if any(new is not old for new, old in zip(blocks, called, strict=True)):
        said["citations of another vendor's pages were left out"] = None
    return {**message, "content": blocks} if blocks else None


def _is_foreign_run(block: Any) -> bool:
    told = (block.get("id") or block.get("tool_use_id")) if isinstance(block, dict) else None
    return isinstance(told, str) and told.startswith(OWN_ID)


def _is_unnamed(block: Any) -> bool:
    return type_of(block) == "tool_use" and is_unnamed(block)


def _with_an_object(block: Any) -> Any:
    """A call whose input some gateway told as a text: the API takes an object alone."""
    if type_of(block) != "tool_use" or not isinstance(block.get("input"), str):
        return block
    return {**block, "input": arguments_in(block["input"])[0]}


def _without_own_citations(block: Any) -> Any:
    """Where another vendor's answer cited a page, this server told a location with an empty index."""
    citations = block.get("citations") if type_of(block) == "text" else None
    if not isinstance(citations, list):
        return block
    kept = [one for one in citations if not (isinstance(one, dict) and one.get("encrypted_index") == "")]
    if len(kept) == len(citations):
        return block
    rest = {key: value for key, value in block.items() if key != "citations"}
    return {**rest, "citations": kept} if kept else rest
