"""Function responses right behind the calls that they answer. PURE."""

from typing import Any

from relay.dialects.gemini.fields import field
from relay.dialects.gemini.turns import is_model, model_runs, parts_of
from relay.neutral.conversation import Json


def in_order(contents: list[Any]) -> list[Any]:
    """``contents`` with each response in the turn behind its call; the very same list when all are there."""
    due_behind: dict[int, list[Json]] = {}
    claimed: set[int] = set()
    moved: set[int] = set()
    for run in model_runs(contents):
        last = run[-1]
        calls = [call for index in run for part in parts_of(contents[index]) if (call := _call(part))]
        following = _end_of_users(contents, last + 1)
        for call in calls:
            for index, part in _responses(contents, last + 1):
                if id(part) not in claimed and _answers(_response(part), call):
                    claimed.add(id(part))
                    if index >= following:
                        moved.add(id(part))
                        due_behind.setdefault(last, []).append(part)
                    break
    if not moved:
        return contents
    repaired: list[Any] = []
    for index, content in enumerate(contents):
        kept = [part for part in parts_of(content) if id(part) not in moved]
        if len(kept) == len(parts_of(content)):
            repaired.append(content)
        elif kept:
            repaired.append({**content, "parts": kept})
        if index in due_behind:
            repaired.append({"role": "user", "parts": due_behind[index]})
    return repaired


def _end_of_users(contents: list[Any], start: int) -> int:
    """Where the user's turn that begins at ``start`` ends."""
    indexes = range(start, len(contents))
    return next((index for index in indexes if is_model(contents[index])), len(contents))


def _responses(contents: list[Any], start: int) -> list[tuple[int, Json]]:
    indexes = range(start, len(contents))
    return [(index, part) for index in indexes for part in parts_of(contents[index]) if _response(part)]


def _answers(response: Json, call: Json) -> bool:
    if call.get("id") and response.get("id"):
        return bool(call["id"] == response["id"])
    return bool(call.get("name") == response.get("name"))


def _call(part: Json) -> Json:
    value = field(part, "functionCall")
    return value if isinstance(value, dict) else {}


def _response(part: Json) -> Json:
    value = field(part, "functionResponse")
    return value if isinstance(value, dict) else {}
