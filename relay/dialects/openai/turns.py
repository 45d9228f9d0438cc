"""Turns as they are read, one after the other: results are matched to the calls before them. PURE."""

from collections.abc import Iterable

from relay.dialects.openai.tools import call_of
from relay.dialects.request_fields import text_in
from relay.neutral.conversation import Json, Media, Part, Text, ToolCall, ToolResult, Turn
from relay.neutral.failures import BadRequest


class Turns:
    """The turns of one request. ``dropped`` gets what has no neutral form."""

    def __init__(self, dropped: list[str]) -> None:
        """Nothing read yet."""
        self._dropped = dropped
        self._turns: list[Turn] = []
        self._names: dict[str, str] = {}  # of the calls so far, by id

    def whole(self) -> tuple[Turn, ...]:
        """All turns that say anything."""
        return tuple(turn for turn in self._turns if turn.parts)

    def add(self, turn: Turn) -> None:
        """The next turn."""
        self._turns.append(turn)

    def say(self, parts: Iterable[Part]) -> None:
        """More of the model's turn, or the beginning of one."""
        last = self._turns[-1] if self._turns else None
        if last is not None and last.role == "assistant":
            self._turns[-1] = Turn("assistant", (*last.parts, *parts))
        else:
            self._turns.append(Turn("assistant", tuple(parts)))

    def call(self, call_id: str, function: Json, where: str) -> ToolCall:
        """A call whose ``function`` has name and arguments; its result may come from now on."""
        name, arguments = text_in(function, "name", where), text_in(function, "arguments", where)
        if not name:
            raise BadRequest(f"{where}: the called function's name is missing")
        call = call_of(call_id, name, arguments, self._dropped)
        self._names[call_id] = name
        return call

    def id_of(self, name: str) -> str:
        """The latest call of the function ``name``; "" without."""
        return next((call_id for call_id in reversed(self._names) if self._names[call_id] == name), "")

    def result(self, call_id: str, parts: Iterable[Part]) -> None:
        """What a call gave. Results that stand together are one turn."""
        name = self._names.get(call_id, "")
        result = ToolResult(call_id, name, tuple(part for part in parts if isinstance(part, Text | Media)))
        last = self._turns[-1] if self._turns else None
        if last is not None and last.parts and all(isinstance(part, ToolResult) for part in last.parts):
            self._turns[-1] = Turn("user", (*last.parts, result))
        else:
            self._turns.append(Turn("user", (result,)))
