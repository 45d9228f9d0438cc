"""What passes from the driver to whoever writes the response: pieces of bytes, then the end.

Bounded: a client that reads slowly makes ``room`` wait, and the driver stops reading upstream.
One driver and one taker, both in the same event loop.
"""

import asyncio
from collections import deque
from functools import partial
from typing import Generic, TypeVar

from relay.exchange.alarm import KeptTimer

LIMIT_BYTES = 512 * 1024
"""A few seconds of the fastest stream, and small against what the transports buffer."""

End = TypeVar("End")


class Mailbox(Generic[End]):
    """Pieces in order; the end is said once and stays."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        """Empty, with room for ``limit_bytes`` (one piece always fits)."""
        self._limit_bytes = limit_bytes
        self._pieces: deque[bytes] = deque()
        self._bytes = 0
        self._taker: asyncio.Future[None] | None = None
        self._patience = KeptTimer()
        self._driver: asyncio.Future[None] | None = None
        self._has_lost = False
        self.end: End | None = None

    @property
    def is_all_taken(self) -> bool:
        """Has everything that was added been taken?"""
        return not self._pieces and not self._has_lost

    async def room(self) -> None:
        """Wait while the box is full."""
        while self._bytes >= self._limit_bytes:
            self._driver = asyncio.get_running_loop().create_future()
            await self._driver

    def add(self, piece: bytes) -> None:
        """Add a piece, whether there is room for it or not; an empty one is none."""
        if piece:
            self._pieces.append(piece)
            self._bytes += len(piece)
            _wake(self._taker)

    def finish(self, end: End) -> None:
        """Say the end; what was put before it is taken first."""
        self.end = end
        _wake(self._taker)
        self._patience.stop()

    def abandon(self) -> None:
        """Nobody takes any more: what is there is thrown away, and nobody waits for room."""
        self._limit_bytes = 1 << 62
        self._has_lost = bool(self._pieces)
        self._pieces.clear()
        self._bytes = 0
        _wake(self._driver)

    async def take(self, seconds: float | None) -> bytes | End | None:
        """All pieces that are there, joined; else the end; None when ``seconds`` passed without either."""
        if not self._pieces and self.end is None:
            loop = asyncio.get_running_loop()
            taker = self._taker = loop.create_future()
            if seconds is not None:
                self._patience.set(loop, loop.time() + max(seconds, 0), partial(_wake, taker))
            try:
                await taker
            finally:
                self._taker = None
                self._patience.rest()
        if not self._pieces:
            return self.end
        joined = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._bytes = 0
        _wake(self._driver)
        return joined


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)
