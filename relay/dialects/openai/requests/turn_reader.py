"""Turns as they are read, one after the other: results are matched to the calls before them. PURE."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from relay.dialects.openai.requests.tools import call_of
from relay.dialects.request_fields import text_in
from relay.dialects.translation.foreign_history import UNNAMED_NOTE, name_in
from relay.neutral.conversation import Json, Media, Part, Text, ToolCall, ToolResult, Turn
from relay.neutral.failures import BadRequest


class _OpenTurn(msgspec.Struct):
    """A turn that may get more parts. ``are_results``: it holds nothing but results."""

    role: Literal["user", "assistant", "system"]
    parts: list[Part]
    are_results: bool = False


class TurnReader:
    """The turns of one request. ``dropped`` gets what has no neutral form."""

    def __init__(self, dropped: list[str]) -> None:
        """Nothing read yet."""
        self._dropped = dropped
        self._turns: list[_OpenTurn] = []
        self._names: dict[str, str] = {}  # of the calls so far, by id
        self._latest: dict[str, str] = {}  # the other way round

    def whole(self) -> tuple[Turn, ...]:
        """All turns that say anything."""
        return tuple(Turn(turn.role, tuple(turn.parts)) for turn in self._turns if turn.parts)

    def add(self, turn: Turn) -> None:
        """The next turn."""
        are_results = bool(turn.parts) and all(isinstance(part, ToolResult) for part in turn.parts)
        self._turns.append(_OpenTurn(turn.role, [*turn.parts], are_results))

    def say(self, parts: Iterable[Part]) -> None:
        """More of the model's turn, or the beginning of one."""
        if not self._turns or self._turns[-1].role != "assistant":
            self._turns.append(_OpenTurn("assistant", []))
        self._turns[-1].parts += parts

    def call(self, call_id: str, function: Json, where: str) -> ToolCall:
        """A call whose ``function`` has name and arguments; its result may come from now on."""
        told, arguments = text_in(function, "name", where), text_in(function, "arguments", where)
        name = told or name_in(function)
        if not name:
            raise BadRequest(f"{where}: the called function's name is missing")
        if not told:
            self._dropped.append(UNNAMED_NOTE)
        call = call_of(call_id, name, arguments, self._dropped)
        self._names[call_id] = name
        self._latest[name] = call_id
        return call

    def id_of(self, name: str) -> str:
        """The latest call of the function ``name``; "" without."""
        return self._latest.get(name, "")

    def result(self, call_id: str, parts: Iterable[Part]) -> None:
        """What a call gave. Results that stand together are one turn."""
        name = self._names.get(call_id, "")
        result = ToolResult(call_id, name, tuple(part for part in parts if isinstance(part, Text | Media)))
        if not self._turns or not self._turns[-1].are_results:
            self._turns.append(_OpenTurn("user", [], are_results=True))
        self._turns[-1].parts.append(result)
