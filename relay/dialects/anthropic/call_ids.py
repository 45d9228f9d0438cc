"""The ids of tool calls, as the Messages API takes them: of letters, digits, ``_`` and ``-``, and each once.

PURE. Other servers give ``functions.Bash:0``, or the same id in every turn; a history that holds such is
refused on every later turn, so its ids are mended, the same on every turn.
"""

from typing import Any

from relay.dialects.anthropic.wire_messages import type_of
from relay.dialects.names.rules import PLAIN
from relay.neutral.conversation import digest


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


def with_wire_id(block: Any, ids: CallIds) -> Any:
    """A call or result under the id that the API takes; any other block as it is."""
    match type_of(block):
        case "tool_use" if isinstance(told := block.get("id"), str):
            key, call_id = "id", ids.call(told, str(block.get("name", "")))
        case "tool_result" if isinstance(told := block.get("tool_use_id"), str):
            key, call_id = "tool_use_id", ids.result(told)
        case _:
            return block
    return block if call_id == told else {**block, key: call_id}
