"""Items on their way to the database: written by one thread a moment later, and again where that failed."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.db import InterfaceError, OperationalError

from relay.memory import database
from relay.memory.memory_items import MemoryItem

logger = logging.getLogger(__name__)

WRITE_SECONDS = 0.2
"""How long an item may wait to be written; a kill -9 loses no more than this."""

_PENDING_LIMIT: Final = 20_000


class WriteBehind:
    """What one process still has to write."""

    def __init__(self) -> None:
        """Nothing."""
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="memory")
        self._pending: dict[str, MemoryItem] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def is_empty(self) -> bool:
        """Is nothing left that no batch has taken?"""
        return not self._pending

    def add(self, item: MemoryItem) -> None:
        """Take an item; what is too much for a database that is away is not kept."""
        if len(self._pending) < _PENDING_LIMIT:
            self._pending[item.wanted.key] = item

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._write_on(), name="memory-write")

    async def stop(self) -> None:
        """Write what is left and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._write()

    async def _write_on(self) -> None:
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            await self._write()

    async def _write(self) -> None:
        if not self._pending:
            return
        batch, self._pending = self._pending, {}
        try:
            await self._store(batch)
        except (InterfaceError, OperationalError) as error:
            logger.warning("What was remembered could not be written, trying again: %s", type(error).__name__)
            self._pending = batch | self._pending
        except asyncio.CancelledError:  # the process ends: whether it is written is not known, so once more
            self._pending = batch | self._pending
            raise
        except Exception:
            await self._store_singly(batch)

    async def _store_singly(self, batch: dict[str, MemoryItem]) -> None:
        """Write what can be written; what no database takes shall keep nothing else from it."""
        for key, item in batch.items():
            try:
                await self._store({key: item})
            except (InterfaceError, OperationalError):
                self._pending.setdefault(key, item)
            except Exception as error:
                logger.warning("An item cannot be written: %s, %s", item.layer, type(error).__name__)

    async def _store(self, batch: dict[str, MemoryItem]) -> None:
        await asyncio.get_running_loop().run_in_executor(self.thread, database.store, batch)
