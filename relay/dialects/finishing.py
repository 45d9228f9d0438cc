"""What may follow a finish reason without changing that the answer has ended: events that add nothing to it.

PURE. Some servers tell a finish reason with every chunk, or before the answer: what says more takes it back.
"""

from collections.abc import Iterable

from relay.neutral.events import ArgumentsDelta, BlockStart, Event, TextDelta, ThinkingDelta

_DELTAS = (TextDelta, ThinkingDelta, ArgumentsDelta)
_EMPTY_BLOCKS = frozenset({"text", "thinking", "refusal"})


def says_more(events: Iterable[Event]) -> bool:
    """Do ``events`` say something of the answer? Usage, sources, a late signature, empty blocks do not."""
    return any(
        type(event) in _DELTAS or (type(event) is BlockStart and event.kind not in _EMPTY_BLOCKS)
        for event in events
    )
