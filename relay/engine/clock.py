"""The engine's only clock: the time of the last reply.

PURE. Every command of an exchange is asked through it, so its time is always that of the last reply.
"""

from collections.abc import Generator

from relay.engine.commands import Command, Reply


class Clock:
    """``at`` is in seconds since admission."""

    at = 0.0

    def ask(self, command: Command) -> Generator[Command, Reply, Reply]:
        """Yield ``command``; the reply, whose time is taken."""
        reply = yield command
        self.at = reply.at
        return reply
