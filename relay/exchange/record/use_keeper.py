"""Write down once in a while what running exchanges have used: a process that is killed books nothing itself.

Whoever closes its rows books what stands in them. An exchange is looked at when it is ``FIRST_SECONDS`` old,
and again each time that it has become half as old again: so a third of what came may be missing, and however
long an answer is, what is looked through is a few times as much.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final, Protocol

logger = logging.getLogger(__name__)

FIRST_SECONDS: Final = 2.0
GROWTH: Final = 1.5
LOOK_SECONDS: Final = 1.0


class RunningRecord(Protocol):
    """The record of a running exchange."""

    def keep_use(self) -> None:
        """Write down what was used by now."""
        ...


class UseKeeper:
    """Looks at the running exchanges, which come and go by their ids."""

    def __init__(self, running: Mapping[str, RunningRecord]) -> None:
        """Nothing is looked at before ``start``."""
        self._running = running
        self._due: dict[str, tuple[float, float]] = {}
        """When each was first seen, and when it is looked at next, by the loop's time."""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look by itself from now on."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="use-keeper")

    async def stop(self) -> None:
        """Look no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    def look(self, now: float) -> None:
        """Write down what is due at ``now``."""
        before, self._due = self._due, {}
        for request_id, record in list(self._running.items()):
            first, due = before.get(request_id) or (now, now + FIRST_SECONDS)
            if now >= due:
                due = first + (now - first) * GROWTH
                try:
                    record.keep_use()
                except Exception:
                    logger.exception("What an exchange has used by now could not be written down")
            self._due[request_id] = (first, due)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look(asyncio.get_running_loop().time())
