"""What each agent's last requests left in upstream's prompt caches, over all processes where there is Redis.

Bounded by what it takes; an agent that is silent for long is forgotten. Without Redis each process knows
its own.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from relay.caching import stored_form
from relay.caching.kept import Kept
from relay.memory.memory_items import MemoryItem, Wanted
from relay.memory.shared_store import SharedStore

MOST_CHARACTERS: Final = 16 * 2**20
"""Of all agents together: a turn takes ten to twenty, so this is about a million turns."""


class KeptRequests:
    """By agent."""

    def __init__(self, shared: SharedStore | None) -> None:
        """``shared`` is where other processes look."""
        self._shared = shared
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    async def of(self, agent: str) -> list[Kept]:
        """What is kept of ``agent``'s requests, oldest first."""
        if not agent:
            return []
        found = await self._shared.read([Wanted("cached", agent, "")]) if self._shared is not None else None
        text = found[0].value if found else self._texts.get(agent, "")
        return stored_form.read(text) if text else []

    def keep(self, agent: str, kept: Sequence[Kept], now: float) -> None:
        """Keeps ``kept`` of ``agent``; ``now`` is in epoch seconds."""
        if not agent:
            return
        text = stored_form.written(kept)
        self._characters += len(text) - len(self._texts.pop(agent, ""))
        self._texts[agent] = text
        while self._characters > MOST_CHARACTERS:
            _, oldest = self._texts.popitem(last=False)
            self._characters -= len(oldest)
        if self._shared is not None:
            self._shared.write([MemoryItem("cached", agent, "", now, value=text)])
