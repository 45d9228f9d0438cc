"""What happens when the process starts and ends: four lists of callbacks, each called once, in order.

``start``  before the first exchange is served (load the pool, open the writer)
``drain``  the server was asked to end: running streams go on, nothing new begins
``stop``   the time for draining is over: end what still runs, and wait for it
``flush``  nothing runs any more: write what is not yet written

ASGI servers have a protocol for this (lifespan) that daphne does not speak. ``manage.py serve`` calls the
four phases itself. Under plain ``daphne proxyproject.asgi:application`` the first request calls ``start``,
which hangs the other three on the Twisted reactor's shutdown.

Callbacks are plain or ``async`` functions without arguments. A callback that raises is logged and never
keeps the next one from running. Rooms below this one cannot import it: ``proxyproject/wiring.py`` registers
their functions.
"""

import asyncio
import inspect
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any

logger = logging.getLogger(__name__)

Callback = Callable[[], Awaitable[Any] | None]


class Lifecycle:
    """The callbacks of one process and how far its life has come."""

    def __init__(self) -> None:
        self._on_start: list[Callback] = []
        self._on_drain: list[Callback] = []
        self._on_stop: list[Callback] = []
        self._on_flush: list[Callback] = []
        self._starting: asyncio.Task[None] | None = None
        self.is_started = False

    def on_start(self, callback: Callback) -> None:
        """Call ``callback`` in the event loop before the first exchange."""
        self._on_start.append(callback)

    def on_drain(self, callback: Callback) -> None:
        """Call ``callback`` when the process was asked to end; what runs goes on."""
        self._on_drain.append(callback)

    def on_stop(self, callback: Callback) -> None:
        """Call ``callback`` to end what still runs after draining, and wait for it."""
        self._on_stop.append(callback)

    def on_flush(self, callback: Callback) -> None:
        """Call ``callback`` last, when nothing produces rows or log lines any more."""
        self._on_flush.append(callback)

    async def start(self, *, shutdown_by_reactor: bool = False) -> None:
        """Run the start callbacks; however many callers wait, they run once.

        ``shutdown_by_reactor`` hangs the other phases on the reactor's shutdown, for a server that does not
        call them itself.
        """
        if self._starting is None:
            self._starting = asyncio.create_task(self._start(shutdown_by_reactor))
        await asyncio.shield(self._starting)

    async def _start(self, shutdown_by_reactor: bool) -> None:
        if shutdown_by_reactor and "twisted.internet.reactor" in sys.modules:
            from twisted.internet import reactor  # only where it runs already: importing it installs one

            reactor.addSystemEventTrigger("before", "shutdown", self._shut_down_with_reactor)
        await _call_all(self._on_start, "start")
        self.is_started = True

    async def drain(self) -> None:
        """Run the drain callbacks."""
        await _call_all(self._on_drain, "drain")

    async def stop(self) -> None:
        """Run the stop callbacks."""
        await _call_all(self._on_stop, "stop")

    async def flush(self) -> None:
        """Run the flush callbacks."""
        await _call_all(self._on_flush, "flush")

    def _shut_down_with_reactor(self) -> Any:
        from twisted.internet.defer import Deferred

        async def shut_down() -> None:
            await self.drain()
            await self.stop()
            await self.flush()

        return Deferred.fromFuture(asyncio.ensure_future(shut_down()))


async def _call_all(callbacks: list[Callback], phase: str) -> None:
    for callback in callbacks:
        try:
            result = callback()
            if inspect.isawaitable(result):
                await result
        except Exception:
            logger.exception("A %s callback failed: %r", phase, callback)


lifecycle = Lifecycle()
"""The life of this process."""
