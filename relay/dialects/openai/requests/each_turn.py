"""The turns of a body of either wire form, each of them changed or left as it is. PURE."""

from collections.abc import Callable

from relay.neutral.conversation import Json


def with_turns(body: Json, change: Callable[[Json], Json]) -> Json:
    """``body`` with each turn that is an object changed; the very same where ``change`` changed none."""
    key = "messages" if "messages" in body else "input"
    turns = body.get(key)
    if not isinstance(turns, list):
        return body
    changed = [change(turn) if isinstance(turn, dict) else turn for turn in turns]
    if all(new is old for new, old in zip(changed, turns, strict=True)):
        return body
    return {**body, key: changed}
