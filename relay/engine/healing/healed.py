"""What was healed, per session: remembered block by block, so that the next request is right at once.

PURE. Not the session is "sick": exactly the refused blocks are converted again, to the same bytes, and
the fix prompt stays in the one user turn it was put in. Thinking made after the heal is not touched.
"""

from collections import OrderedDict

import msgspec


class HealedSession(msgspec.Struct):
    """Digests of the refused blocks and of the turns with the fix prompt; or upstream drops by itself.

    ``has_pairs`` says that calls and results of its history were paired.
    """

    blocks: set[str] = msgspec.field(default_factory=set)
    prompt_turns: set[str] = msgspec.field(default_factory=set)
    drops_blocks: bool = False
    has_pairs: bool = False

    def copied(self) -> "HealedSession":
        """The same, for another thread: what is healed later is not in it."""
        return HealedSession(set(self.blocks), set(self.prompt_turns), self.drops_blocks, self.has_pairs)


class HealedSessions:
    """The sessions that were healed, least recently used out first."""

    def __init__(self, limit: int = 1000) -> None:
        """``limit``: sessions."""
        self._limit = limit
        self._sessions: OrderedDict[str, HealedSession] = OrderedDict()

    def get(self, session: str) -> HealedSession | None:
        """What is remembered of ``session``."""
        healed = self._sessions.get(session)
        if healed is not None:
            self._sessions.move_to_end(session)
        return healed

    def remember(
        self,
        session: str,
        blocks: tuple[str, ...],
        prompt_turn: str,
        *,
        drops_blocks: bool = False,
        has_pairs: bool = False,
    ) -> list[str]:
        """Add a heal; the sessions that are forgotten for it."""
        healed = self._sessions.setdefault(session, HealedSession())
        self._sessions.move_to_end(session)
        healed.blocks.update(blocks)
        if prompt_turn:
            healed.prompt_turns.add(prompt_turn)
        healed.drops_blocks = healed.drops_blocks or drops_blocks
        healed.has_pairs = healed.has_pairs or has_pairs
        excess = max(len(self._sessions) - self._limit, 0)
        return [self._sessions.popitem(last=False)[0] for _ in range(excess)]
