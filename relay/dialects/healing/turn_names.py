"""Which turn gets the fix prompt, and how it is found again on every later request. PURE.

A turn is known by its digest and by how many equal ones stand before it: "go on" said twice is two turns.
"""

from collections import Counter
from collections.abc import Collection, Sequence

from relay.neutral.conversation import Json, digest


class TurnNames:
    """Names turns in the order in which they stand."""

    def __init__(self) -> None:
        """None seen yet."""
        self._seen: Counter[str] = Counter()

    def name(self, turn: Json) -> str:
        """The name of the next turn."""
        found = digest(turn)
        self._seen[found] += 1
        return found if self._seen[found] == 1 else digest([found, self._seen[found]])


def named(turns: Sequence[Json]) -> list[str]:
    """The names of all ``turns``."""
    names = TurnNames()
    return [names.name(turn) for turn in turns]


def positions(turns: Sequence[Json], prompt_turns: Collection[str]) -> set[int]:
    """Where the turns of these names stand."""
    if not prompt_turns:
        return set()
    return {index for index, name in enumerate(named(turns)) if name in prompt_turns}
