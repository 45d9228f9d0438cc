"""Blocking looks into the store for limits, in threads of their own.

A store that hangs keeps these few threads, and no other: address lookups and the end of a process need the
event loop's own.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from django.db import connection

LOOK_SECONDS: Final = 2.0
"""How long an admission waits for the store; one that hangs counts as away."""

Found = TypeVar("Found")

_threads = ThreadPoolExecutor(2, thread_name_prefix="limits-read")


async def looked_up(look: Callable[[], Found]) -> Found:
    """What ``look`` returns; raises what it raises, and TimeoutError after LOOK_SECONDS."""

    def read() -> Found:
        try:
            return look()
        finally:
            connection.close()

    async with asyncio.timeout(LOOK_SECONDS):
        return await asyncio.get_running_loop().run_in_executor(_threads, read)
