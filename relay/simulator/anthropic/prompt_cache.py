"""Claude's prompt cache: what a request reads and writes there, and the API's own word for a miss.

What is cached of the messages is another for another tool choice or thinking, as the manual's table says
(platform.claude.com/docs/en/build-with-claude/prompt-caching). The word is told where ``diagnostics`` asks
for it (…/cache-diagnostics); all accounts here are one organization's.
"""

from dataclasses import dataclass
from typing import Any

from relay.simulator.anthropic.thinking import ReadHistory, without_cache_marks
from relay.simulator.dialect import Inbound, Json, encode_json
from relay.simulator.model.prefix import Point
from relay.simulator.model.signatures import digest

LOOKBACK_BLOCKS = 20
"""How far before a breakpoint a cached prefix is looked for."""

_TOLD_APART = ("type", "budget_tokens")


def read_and_written(inbound: Inbound, conversation: ReadHistory) -> tuple[int, int]:
    """The tokens that come from the cache, and those that go there now."""
    if not conversation.breakpoints:
        return 0, 0
    points = _as_cached(inbound.body, conversation)
    places = [conversation.prefix.points.index(point) for point in conversation.breakpoints]
    read = 0
    for place in reversed(places):
        near = points[max(place + 1 - LOOKBACK_BLOCKS, 0) : place + 1]
        if read := inbound.cache.read(inbound.account, inbound.base_model, near):
            break
    inbound.cache.store(inbound.account, inbound.base_model, [points[place] for place in places])
    return read, points[places[-1]].tokens - read


def _as_cached(body: Json, conversation: ReadHistory) -> list[Point]:
    points, ahead = conversation.prefix.points, conversation.ahead
    thinking = body.get("thinking") or {}
    settings = [body.get("tool_choice"), [thinking.get(name) for name in _TOLD_APART]]
    of_settings = encode_json(settings)
    return points[:ahead] + [
        Point(digest(point.digest + of_settings), point.tokens) for point in points[ahead:]
    ]


@dataclass(frozen=True, slots=True)
class _Asked:
    model: str
    system: bytes
    tools: bytes
    points: list[Point]


class Comparisons:
    """What was asked with ``diagnostics``, by the id of its answer."""

    def __init__(self) -> None:
        self._asked: dict[str, _Asked] = {}

    def diagnostics(self, inbound: Inbound, message_id: str, conversation: ReadHistory) -> Json:
        """The field of the answer ``message_id``; no field where it was not asked for."""
        body = inbound.body
        if not isinstance(told := body.get("diagnostics"), dict):
            return {}
        now = _Asked(
            inbound.base_model,
            _digest(body.get("system")),
            _digest(body.get("tools")),
            conversation.prefix.points,
        )
        self._asked[message_id] = now
        if told.get("previous_message_id") is None:
            return {"diagnostics": None}
        before = self._asked.get(str(told["previous_message_id"]))
        if before is None:
            return {"diagnostics": {"cache_miss_reason": {"type": "previous_message_not_found"}}}
        return {"diagnostics": {"cache_miss_reason": _reason(before, now)}}


def _reason(before: _Asked, now: _Asked) -> Json | None:
    """The first that is different; a history that only grew is not."""
    word = ""
    if before.model != now.model:
        word = "model_changed"
    elif before.system != now.system:
        word = "system_changed"
    elif before.tools != now.tools:
        word = "tools_changed"
    elif now.points[: len(before.points)] != before.points:
        word = "messages_changed"
    if not word:
        return None
    shared = sum(one == other for one, other in zip(before.points, now.points, strict=False))
    kept = before.points[shared - 1].tokens if shared and before.model == now.model else 0
    return {"type": word, "cache_missed_input_tokens": before.points[-1].tokens - kept}


def _digest(value: Any) -> bytes:
    return digest(encode_json(without_cache_marks(value)))
