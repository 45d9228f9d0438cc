"""Turns as chat completions have them: what stands between calls and their results would be refused. PURE."""

from collections.abc import Iterable, Iterator

from relay.neutral.conversation import Part, Text, ToolCall, ToolResult, Turn

_BETWEEN = Text("\n\n")


def joined(turns: Iterable[Turn]) -> Iterator[Turn]:
    """``turns``, whose results are behind their calls: those of one speaker that call, or answer, as one.

    Other vendors take several turns of the model's before the results, and results in several of the user's,
    where a picture of the first one would come before the second.
    """
    group: list[Turn] = []
    has_called = False
    for turn in turns:
        is_same = bool(group) and group[0].role == turn.role
        has_called = is_same and has_called
        if group and not (is_same and (has_called or _answers(turn))):
            yield _as_one(group)
            group = []
        group.append(turn)
        has_called = has_called or any(isinstance(part, ToolCall) for part in turn.parts)
    if group:
        yield _as_one(group)


def _answers(turn: Turn) -> bool:
    return any(isinstance(part, ToolResult) for part in turn.parts)


def _as_one(turns: list[Turn]) -> Turn:
    """Texts of the model's, which are no parts there, keep apart."""
    if len(turns) == 1:
        return turns[0]
    parts: list[Part] = []
    has_spoken = False
    for turn in turns:
        speaks = turn.role == "assistant" and any(isinstance(part, Text) for part in turn.parts)
        parts += (_BETWEEN,) if has_spoken and speaks else ()
        parts += turn.parts
        has_spoken = has_spoken or speaks
    return Turn(turns[0].role, tuple(parts))
