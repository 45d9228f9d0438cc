"""What happens when the process starts and ends: five lists of callbacks, each called once, in order.

``start``  before the first exchange is served (load the pool, open the writer)
``leave``  the server was asked to end: it still serves, and says that it will not for long (``/readyz``)
``drain``  the moment of leaving is over: running streams go on, nothing new begins
``stop``   the time for draining is over: end what still runs, and wait for it
``flush``  nothing runs any more: write what is not yet written

ASGI servers have a protocol for this (lifespan) that daphne does not speak. ``manage.py serve`` calls the
phases itself. Under plain ``daphne proxyproject.asgi:application`` the first request calls ``start``,
which hangs the others on the Twisted reactor's shutdown.

Callbacks are plain or ``async`` functions without arguments. A callback that raises is logged and never
keeps the next one from running; an *essential* start callback is tried again until it succeeds, for a process
that listens without its accounts and keys would refuse everybody. ``CannotServe`` ends that: no waiting would
help. At the end each callback has a bound, so that no store that hangs keeps the process alive. Rooms below
this one cannot import it: ``proxyproject/wiring.py`` registers their functions.
"""

import asyncio
import inspect
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any

logger = logging.getLogger(__name__)

Callback = Callable[[], Awaitable[Any] | None]

FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 5.0
"""Between two tries of an essential start callback: the first wait, doubled up to the last."""

END_SECONDS = 15.0
"""How long one callback of ``drain``, ``stop`` or ``flush`` may take."""


class CannotServe(Exception):
    """This process must not serve, and trying again would not help; the text says why."""


class Lifecycle:
    """The callbacks of one process and how far its life has come."""

    def __init__(self) -> None:
        self._on_start: list[tuple[Callback, bool]] = []
        self._on_leave: list[Callback] = []
        self._on_drain: list[Callback] = []
        self._on_stop: list[Callback] = []
        self._on_flush: list[Callback] = []
        self._starting: asyncio.Task[None] | None = None
        self.is_started = False

    def on_start(self, callback: Callback, *, is_essential: bool = False) -> None:
        """Call ``callback`` in the loop before the first exchange; an essential one until it succeeds."""
        self._on_start.append((callback, is_essential))

    def on_leave(self, callback: Callback) -> None:
        """Call ``callback`` when the process was asked to end, and goes on serving for a moment."""
        self._on_leave.append(callback)

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
        call them itself. Raises CannotServe.
        """
        if self._starting is None:
            self._starting = asyncio.create_task(self._start(shutdown_by_reactor))
        await asyncio.shield(self._starting)

    async def _start(self, shutdown_by_reactor: bool) -> None:
        if shutdown_by_reactor and "twisted.internet.reactor" in sys.modules:
            from twisted.internet import reactor  # only where it runs already: importing it installs one

            reactor.addSystemEventTrigger("before", "shutdown", self._shut_down_with_reactor)
        for callback, is_essential in self._on_start:
            if is_essential:
                await _call_until_it_succeeds(callback)
            else:
                await _call(callback, "start")
        self.is_started = True

    async def leave(self) -> None:
        """Run the leave callbacks."""
        await _call_all(self._on_leave, "leave")

    async def drain(self) -> None:
        """Run the drain callbacks."""
        await _call_all(self._on_drain, "drain")

    async def stop(self) -> None:
        """Run the stop callbacks; a start that still waits for a store is given up."""
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
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
            async with asyncio.timeout(END_SECONDS):
                await _call(callback, phase)
        except TimeoutError:
            logger.error("A %s callback did not end within %g s: %r", phase, END_SECONDS, callback)


async def _call(callback: Callback, phase: str) -> None:
    try:
        await _result(callback)
    except Exception:
        logger.exception("A %s callback failed: %r", phase, callback)


async def _call_until_it_succeeds(callback: Callback) -> None:
    wait = FIRST_RETRY_SECONDS
    while True:
        try:
            await _result(callback)
        except CannotServe:
            raise
        except Exception as error:
            logger.warning("Not serving yet: %s; trying again in %g s", type(error).__name__, wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LAST_RETRY_SECONDS)
        else:
            return


async def _result(callback: Callback) -> None:
    result = callback()
    if inspect.isawaitable(result):
        await result


lifecycle = Lifecycle()
"""The life of this process."""
