"""Waiting for what happens in the background."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(true: Callable[[], bool | Awaitable[bool]]) -> None:
    """Returns when ``true`` is; the test's own timeout ends the waiting."""
    async with asyncio.timeout(10):
        while True:
            now = true()
            if now if isinstance(now, bool) else await now:
                return
            await asyncio.sleep(0.01)
