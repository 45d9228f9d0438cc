"""When a request to upstream was connected (told by the connector; none on a reused connection) and answered.

aiohttp's own tracing would be called for every step of every request, also where nothing is connected; this
costs only where a connection is made.
"""

import asyncio
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Any, TypeVar

import aiohttp
import msgspec

T = TypeVar("T")


class Times(msgspec.Struct):
    """Seconds since ``begun_at`` (the event loop's clock) until something happened; None: it did not."""

    begun_at: float
    connect_seconds: float | None = None
    """None where an open connection was used again."""
    headers_seconds: float | None = None

    def milliseconds(self) -> dict[str, int | None]:
        """As an attempt's record has them."""
        connect, headers = self.connect_seconds, self.headers_seconds
        return {
            "connect_ms": None if connect is None else round(1000 * connect),
            "headers_ms": None if headers is None else round(1000 * headers),
        }


_times: ContextVar[Times | None] = ContextVar("times", default=None)


async def watched(times: Times, answer: Awaitable[T]) -> T:
    """Wait for ``answer``; note in ``times`` when its request was connected, and when its headers came."""
    token = _times.set(times)
    try:
        answered = await answer
        times.headers_seconds = asyncio.get_running_loop().time() - times.begun_at
        return answered
    finally:
        _times.reset(token)


class TimedConnector(aiohttp.TCPConnector):
    """A connector that notes when it has connected."""

    async def _create_connection(self, *args: Any, **kwargs: Any) -> Any:
        made = await super()._create_connection(*args, **kwargs)
        times = _times.get()
        if times is not None:
            times.connect_seconds = asyncio.get_running_loop().time() - times.begun_at
        return made
