"""Back-pressure: where an application waits while its client does not read."""

import asyncio
import time

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer


@implementer(IPushProducer)
class WriteGate:
    """Closed while the client's socket takes no more; the application waits at it after each piece."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._closed_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the socket takes more."""
        return self._open.is_set()

    @property
    def closed_seconds(self) -> float:
        """How long the socket has taken nothing."""
        return 0.0 if self._open.is_set() else time.monotonic() - self._closed_at

    async def wait(self) -> None:
        """Wait until the socket takes more; where it is lost, the application is cancelled at its wait."""
        await self._open.wait()

    def pauseProducing(self) -> None:
        """Twisted: more than 64 KiB wait to be sent."""
        if self._open.is_set():
            self._closed_at = time.monotonic()
        self._open.clear()

    def resumeProducing(self) -> None:
        """Twisted: everything was sent."""
        self._open.set()

    stopProducing = resumeProducing
