"""Single flight: a second reader of the same thing waits for the first one, and shares its result."""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """The readings that are under way, by what they read. One belongs to nobody: who leaves ends none."""

    def __init__(self) -> None:
        """Nothing is being read."""
        self._tasks: dict[str, asyncio.Task[T]] = {}

    def is_under_way(self, key: str) -> bool:
        """Is ``key`` being read?"""
        return key in self._tasks

    async def results(
        self, keys: Collection[str], read: Callable[[list[str]], Coroutine[Any, Any, T]]
    ) -> list[T]:
        """The result of every reading that ``keys`` are part of; ``read`` is for those that nobody reads.

        Raises what a reading raised.
        """
        new = [key for key in keys if key not in self._tasks]
        if new:
            task = asyncio.create_task(read(new))
            self._tasks.update(dict.fromkeys(new, task))
            task.add_done_callback(lambda _: self._landed(new))
        tasks = {self._tasks[key] for key in keys}
        if tasks:
            await asyncio.wait(tasks)
        return [task.result() for task in tasks]

    async def stop(self) -> None:
        """End what is under way."""
        tasks = set(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, keys: list[str]) -> None:
        for key in keys:
            del self._tasks[key]
