"""The ids of tool calls, as the Messages API takes them: of letters, digits, ``_`` and ``-``, and each once.

PURE. Other servers give ``functions.Bash:0``, or the same id in every turn; a history that holds such is
refused on every later turn, so its ids are mended, the same on every turn.
"""

from typing import Any

from relay.dialects.anthropic.wire_messages import blocks_of, type_of
from relay.dialects.names.rules import PLAIN
from relay.neutral.conversation import Json, digest


class CallIds:
    """The ids of one history, in order."""

    def __init__(self) -> None:
        """No call yet."""
        self._used: set[str] = set()
        self._latest: dict[str, str] = {}  # by the id that was told: what stands for it by now

    def call(self, told: str, name: str) -> str:
        """The id of the next call."""
        call_id = told
        if not call_id or not PLAIN.issuperset(call_id):
            call_id = "toolu_" + digest([len(self._used), told, name])[:24]
        while call_id in self._used:
            call_id = "toolu_" + digest([call_id, len(self._used)])[:24]
        self._used.add(call_id)
        self._latest[told] = call_id
        return call_id

    def result(self, told: str) -> str:
        """The id under which the result of the latest call ``told`` is sent."""
        return self._latest.get(told, told)


def mend_ids(body: Json, changes: list[str]) -> Json:
    """``body`` with ids that the API takes; the very same where all are so."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body
    ids = CallIds()
    mended = [_mended(message, ids) for message in messages]
    if all(new is old for new, old in zip(mended, messages, strict=True)):
        return body
    changes.append("ids of tool calls that Claude refuses were replaced")
    return {**body, "messages": mended}


def _mended(message: Any, ids: CallIds) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return message
    blocks = [_block(block, ids) for block in blocks_of(content)]
    if all(new is old for new, old in zip(blocks, content, strict=True)):
        return message
    return {**message, "content": blocks}


def _block(block: Any, ids: CallIds) -> Any:
    match type_of(block):
        case "tool_use" if isinstance(told := block.get("id"), str):
            key, call_id = "id", ids.call(told, str(block.get("name", "")))
        case "tool_result" if isinstance(told := block.get("tool_use_id"), str):
            key, call_id = "tool_use_id", ids.result(told)
        case _:
            return block
    return block if call_id == told else {**block, key: call_id}
