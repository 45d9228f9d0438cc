"""Each call with one result in the turn behind it, as every vendor demands it.

PURE. Histories are cut, compacted and interrupted: a call without a result, or a result without a call, would
be refused on every later turn and by every fallback.
"""

from collections import Counter, deque

import msgspec

from relay.dialects.translation.foreign_history import stray_result, unanswered
from relay.neutral.conversation import Conversation, Part, ToolCall, ToolResult, Turn


def paired(conversation: Conversation, changes: list[str]) -> Conversation:
    """``conversation`` with its results behind their calls; the very same where they stand so."""
    if not any(isinstance(part, ToolCall | ToolResult) for turn in conversation.turns for part in turn.parts):
        return conversation
    pairing = _Pairing(conversation.turns)
    turns = pairing.paired()
    if not pairing.changes:
        return conversation
    changes += pairing.changes
    return msgspec.structs.replace(conversation, turns=turns)


class _Pairing:
    """One pass over the turns. A result is known by its identity, for ids may come twice."""

    def __init__(self, turns: tuple[Turn, ...]) -> None:
        self.changes: dict[str, None] = {}
        self._turns = turns
        parts = [part for turn in turns for part in turn.parts]
        self._calls = Counter(part.id for part in parts if isinstance(part, ToolCall))
        self._waiting: dict[str, deque[ToolResult]] = {}  # not reached yet, by their call's id
        for part in parts:
            if isinstance(part, ToolResult):
                self._waiting.setdefault(part.call_id, deque()).append(part)
        self._open: dict[str, deque[ToolCall]] = {}
        self._moved: set[int] = set()
        self._given: dict[str, ToolResult] = {}  # the newest result of each call

    def paired(self) -> tuple[Turn, ...]:
        """All turns."""
        out: list[Turn] = []
        held: list[Turn] = []  # turns that stood between calls and their results
        for turn in self._turns:
            parts = turn.parts
            if turn.role == "assistant":
                if held or (out and out[-1].role != "assistant"):
                    self._close(out, held)
                for part in parts:
                    if isinstance(part, ToolCall):
                        self._open.setdefault(part.id, deque()).append(part)
            elif turn.role == "user":
                parts = self._answered(parts)
            whole = turn if parts is turn.parts else Turn(turn.role, parts)
            if self._open and turn.role != "assistant" and not _has_results(whole):
                held += [whole] if parts else []
                continue
            if (held or self._open) and _has_results(whole):  # what is said beside them comes behind them all
                out.append(Turn("user", tuple(part for part in parts if isinstance(part, ToolResult))))
                rest = tuple(part for part in parts if not isinstance(part, ToolResult))
                held += [Turn("user", rest)] if rest else []
            else:
                out += [whole] if parts or whole is turn else []
            if held and not self._open:
                for role in dict.fromkeys(one.role for one in held):
                    self.changes[f"{role} turns were put behind the results of calls"] = None
                self._close(out, held)
        self._close(out, held)
        return tuple(out)

    def _answered(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """A user's turn: results of calls that are open stay, others become what the user shows."""
        out: list[Part] = []
        is_changed = False
        for part in parts:
            if not isinstance(part, ToolResult):
                out.append(part)
            elif id(part) in self._moved:
                is_changed = True
            else:
                self._waiting[part.call_id].popleft()
                if self._answers(part):
                    out.append(part)
                    continue
                is_changed = True
                if self._given.get(part.call_id) == part:
                    self.changes["results that were told twice were left out"] = None
                    continue
                self.changes["results whose calls are not in the history became text"] = None
                out += stray_result(part.name, part.parts)
        return tuple(out) if is_changed else parts

    def _answers(self, result: ToolResult) -> bool:
        calls = self._open.get(result.call_id)
        if not calls:
            return False
        calls.popleft()
        self._given[result.call_id] = result
        if not calls:
            del self._open[result.call_id]
        return True

    def _close(self, out: list[Turn], held: list[Turn]) -> None:
        """The model speaks again, or nobody does: what is open gets its result, and ``held`` comes behind."""
        results = [self._result(call) for calls in self._open.values() for call in calls]
        self._open = {}
        behind = len(out)
        if results:
            while out[behind - 1].role != "assistant":  # calls are open, so there is one
                behind -= 1
            out += held
            if behind < len(out) and out[behind].role == "user":
                out[behind] = Turn("user", (*out[behind].parts, *results))
            else:
                out.insert(behind, Turn("user", tuple(results)))
        else:
            out += held
        held.clear()

    def _result(self, call: ToolCall) -> ToolResult:
        """One that stands further down, if it can be no other call's; else a word that there is none."""
        later = self._waiting.get(call.id)
        if later and self._calls[call.id] == 1:
            result = later.popleft()
            self._moved.add(id(result))
            self.changes["results were put behind their calls"] = None
            return result
        self.changes["calls without a result got one that says so"] = None
        return unanswered(call.id, call.name)


def _has_results(turn: Turn) -> bool:
    return any(isinstance(part, ToolResult) for part in turn.parts)
