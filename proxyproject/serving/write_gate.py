"""Back-pressure: where an application waits while its client does not read."""

import asyncio

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer


@implementer(IPushProducer)
class WriteGate:
    """Closed while the client's socket takes no more; the application waits at it after each piece."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    @property
    def is_open(self) -> bool:
        """Whether the socket takes more."""
        return self._open.is_set()

    async def wait(self) -> None:
        """Wait until the socket takes more; where it is lost, the application is cancelled at its wait."""
        await self._open.wait()

    def pauseProducing(self) -> None:
        """Twisted: more than 64 KiB wait to be sent."""
        self._open.clear()

    def resumeProducing(self) -> None:
        """Twisted: everything was sent."""
        self._open.set()

    stopProducing = resumeProducing
