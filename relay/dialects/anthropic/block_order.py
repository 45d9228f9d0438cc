"""The order that the Messages API demands: tool results directly behind their calls, no empty message.

PURE.
"""

from collections.abc import Iterable

from relay.dialects.anthropic.wire_messages import blocks_of, type_of
from relay.neutral.conversation import Json

_Place = tuple[int, int]
"""A block's message and its position there."""


def in_order(messages: list[Json]) -> list[Json]:
    """``messages`` in that order; what is in order already stays the same object."""
    contents = [blocks_of(message.get("content")) for message in messages]
    results = _results(messages, contents)
    repaired: list[Json] = []
    moved: set[_Place] = set()
    calls: list[str] = []
    for index, message in enumerate(messages):
        blocks = contents[index]
        if message.get("role") == "assistant":
            calls += [
                block["id"] for block in blocks if type_of(block) == "tool_use" and _is_id(block.get("id"))
            ]
            repaired += [message] if blocks else []
            continue
        due = _due(calls, results, index, moved)
        calls = []
        if message.get("role") == "user":
            here = {position for at, position in due if at == index}
            rest = [(index, position) for position in range(len(blocks)) if position not in here]
            order = [*sorted(due), *(place for place in rest if place not in moved)]
        else:
            order = due
        moved.update(due)
        content = [contents[at][position] for at, position in order]
        if message.get("role") != "user":
            repaired += [{"role": "user", "content": content}] if content else []
            repaired.append(message)
        elif order == [(index, position) for position in range(len(blocks))]:
            repaired += [message] if blocks else []
        elif content:
            repaired.append({**message, "content": content})
    return repaired


def _results(messages: Iterable[Json], contents: list[list[Json]]) -> dict[str, list[_Place]]:
    """Where the results of each call stand."""
    found: dict[str, list[_Place]] = {}
    for index, message in enumerate(messages):
        for position, block in enumerate(contents[index] if message.get("role") == "user" else ()):
            if type_of(block) == "tool_result" and _is_id(block.get("tool_use_id")):
                found.setdefault(block["tool_use_id"], []).append((index, position))
    return found


def _due(
    calls: Iterable[str], results: dict[str, list[_Place]], index: int, moved: set[_Place]
) -> list[_Place]:
    """The result of each of the ``calls``, from message ``index`` on."""
    due: list[_Place] = []
    for call in calls:
        later = (place for place in results.get(call, ()) if place[0] >= index)
        due += [place for place in later if place not in moved and place not in due][:1]
    return due


def _is_id(value: object) -> bool:
    return isinstance(value, str)
