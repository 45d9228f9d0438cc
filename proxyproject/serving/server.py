"""daphne's server on uvloop, with what daphne lacks: drain, back-pressure, deep backlog, early refusals.

Importing this module installs Twisted's reactor on a uvloop event loop, so only ``manage.py serve`` does.
docs/deployment.md tells what an operator sees of it. Limits on time are the relay's; there is deliberately
no HTTP timeout here: daphne's would end a running stream cleanly, which a client takes for its whole answer.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Collection, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvloop
from twisted.internet import asyncioreactor

asyncioreactor.install(uvloop.new_event_loop())

from proxyproject.unused_imports import load_without  # noqa: E402

load_without("click", "autobahn.util")  # it colours lines that nobody writes

import daphne.server  # noqa: E402  it takes the reactor that it finds
from twisted.internet import reactor  # noqa: E402
from twisted.internet.defer import Deferred  # noqa: E402
from twisted.logger import (  # noqa: E402
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    STDLibLogObserver,
    globalLogBeginner,
)

from proxyproject.serving.connection.http_factory import RelayFactory  # noqa: E402
from proxyproject.serving.connection.http_request import RelayRequest  # noqa: E402
from proxyproject.serving.connection.websocket import RelayWebSocketFactory  # noqa: E402
from proxyproject.serving.door.closed_door import (  # noqa: E402
    HANDSHAKE_SECONDS,
    close_at_once,
    take_nobody_new,
)
from proxyproject.serving.door.descriptors import raise_limit  # noqa: E402
from proxyproject.serving.door.door_rules import DoorLimits, connections_for  # noqa: E402
from proxyproject.serving.door.doorkeeper import Doorkeeper  # noqa: E402
from proxyproject.serving.lifecycle import CannotServe, lifecycle  # noqa: E402
from proxyproject.serving.listening import BACKLOG, listen  # noqa: E402
from proxyproject.serving.workers import ending_signals  # noqa: E402

logger = logging.getLogger(__name__)

THREADS = 8
"""For the admin's synchronous views and name look-ups. The relay's own path uses none."""

STOP_GRACE_SECONDS = 5
"""After the stop callbacks: time for the streams they ended to say so, and for the last bytes to leave."""

ARRIVAL_SECONDS = 2.0
"""How long a server that listens no more waits for requests that are on their way to it already,"""

ARRIVAL_LOOK_SECONDS = 0.02
"""and how often it looks."""

SERVICE_RESTART = 4012
"""WebSocket close code: come back. It stands for IANA's 1012, which autobahn lets no application send."""


class Server(daphne.server.Server):
    """Serve ``application`` on sockets that are bound, until SIGTERM or SIGINT.

    It listens when the start callbacks are done, and calls ``when_listening`` then.
    ``lame_duck_seconds``: how long it goes on serving after the first signal while ``/readyz`` says 503.
    ``drain_seconds``: how long running streams may go on then; a second signal ends both.
    ``door``: how long clients may take for what, and what they may make the server hold.
    ``page_origins``: whose pages may read the server's own answers (``cors``).
    ``lifeline``: a descriptor on which nothing comes but its end, and that is taken as a signal.
    """

    def __init__(
        self,
        application: Any,
        listeners: Sequence[socket.socket],
        *,
        door: DoorLimits,
        drain_seconds: float,
        lame_duck_seconds: float = 0.0,
        when_listening: Callable[[], None],
        page_origins: Collection[str] = (),
        lifeline: int | None = None,
    ) -> None:
        super().__init__(
            application,
            endpoints=["adopted"],
            request_buffer_size=door.max_body_bytes + 1,  # the application gets a body in one message
            server_name="evenkeel",
        )
        self.doorkeeper = Doorkeeper(door, connections_for(raise_limit()))
        self.page_origins = page_origins
        self.is_leaving = False
        """Whether it still serves, but keeps no connection open any more."""
        self.is_draining = False
        self.refusal = ""
        """Why this process must not serve, once it is known."""
        self._is_ending = False
        self._lame_duck_seconds = lame_duck_seconds
        self._listeners = listeners
        self._drain_seconds = drain_seconds
        self._when_listening = when_listening
        self._lifeline = lifeline
        self._ports: list[Any] = []
        self._hurry = asyncio.Event()

    def run(self) -> None:
        """Serve; return when everything has been drained, stopped and flushed."""
        loop = reactor._asyncioEventloop
        loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="serve"))
        asyncio.set_event_loop(loop)
        self.connections: dict[Any, dict[str, Any]] = {}
        self.http_factory = RelayFactory(self, self.doorkeeper)
        self.ws_factory = RelayWebSocketFactory(self, server=self.server_name)
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            allowNullOrigin=True,  # origins are checked by the application
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
        )
        errors = FilteringLogObserver(STDLibLogObserver("twisted"), [LogLevelFilterPredicate(LogLevel.error)])
        globalLogBeginner.beginLoggingTo([errors], redirectStandardIO=False, discardBuffer=True)
        for number in ending_signals():
            loop.add_signal_handler(number, self._signalled)
        if self._lifeline is not None:
            loop.add_reader(self._lifeline, self._lifeline_cut, self._lifeline)
        reactor.callWhenRunning(lambda: asyncio.ensure_future(self._open()))
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        reactor.addSystemEventTrigger("before", "shutdown", self.kill_all_applications)
        reactor.run(installSignalHandlers=False)

    async def _open(self) -> None:
        try:
            await lifecycle.start()
        except CannotServe as error:
            self._refuse(str(error))
            return
        if self._is_ending:
            return
        try:
            for listener in self._listeners:
                listen(listener)
        except OSError as error:
            self._refuse(f"Cannot listen on {listener.getsockname()[:2]}: {error.strerror}")
            return
        for listener in self._listeners:
            port = reactor.adoptStreamPort(listener.fileno(), listener.family, self.http_factory)
            self._ports.append(port)
            listener.close()  # the reactor has a descriptor of its own
        self.doorkeeper.start()
        self._when_listening()

    def _refuse(self, why: str) -> None:
        self.refusal = why
        logger.critical("Not serving: %s", why)
        self.stop()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Daphne: start the application for a request; it may ask this server to cut the connection."""
        if scope["type"] == "http":
            scope["extensions"] = {
                "evenkeel.abort": {},
                "evenkeel.hold": {"hold": protocol.hold},
                "evenkeel.gone": {"call": protocol.when_gone},
            }
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Daphne: write a message of the application, and return when the client has room for more."""
        if isinstance(protocol, RelayRequest):
            if message["type"] == "evenkeel.abort":
                protocol.abort()
                return
            if not protocol.write_more(message):
                await super().handle_reply(protocol, message)
            if protocol.gate is not None and not protocol.gate.is_open:
                await protocol.gate.wait()
        else:
            await super().handle_reply(protocol, message)

    # The end

    def _signalled(self) -> None:
        if self._is_ending:
            logger.warning("Asked again to stop: ending what still runs")
            self._hurry.set()
        else:
            self.stop()

    def _lifeline_cut(self, descriptor: int) -> None:
        asyncio.get_running_loop().remove_reader(descriptor)
        self._signalled()

    def kill_all_applications(self) -> Any:
        """Daphne, when the reactor stops: instead of killing, drain."""
        self._is_ending = True
        return Deferred.fromFuture(asyncio.ensure_future(self._end()))

    async def _end(self) -> None:
        if self._ports and self._lame_duck_seconds:
            await lifecycle.leave()
            self.is_leaving = True
            await self._unless_hurried(asyncio.sleep(self._lame_duck_seconds))
            await self._unless_hurried(self._leave_the_front())
        self.is_draining = True
        for protocol in list(self.connections):
            if not isinstance(protocol, RelayRequest):
                self._close_websocket(protocol)
        running = self._running()
        if running:
            logger.info(
                "Draining: %d running exchanges have %g s to end; a second signal ends them now",
                len(running),
                self._drain_seconds,
            )
        await lifecycle.drain()
        await self._wait_for(running, self._drain_seconds)
        await lifecycle.stop()
        await self._wait_for(self._running(), STOP_GRACE_SECONDS)
        await self._cancel(self._running())
        self._stop_listening()
        self.http_factory.close_channels()
        self.doorkeeper.stop()
        try:
            await asyncio.wait_for(self.http_factory.all_closed.wait(), STOP_GRACE_SECONDS)
        except TimeoutError:
            logger.warning("Cut %d connections that did not close", len(self.http_factory.channels))
        await lifecycle.flush()

    async def _leave_the_front(self) -> None:
        """Take no connection any more, so that a front asks another host; serve what is on its way here."""
        for port in self._ports:
            take_nobody_new(port.socket)
        await asyncio.sleep(HANDSHAKE_SECONDS)
        self._stop_listening()
        self.http_factory.close_idle()
        ends_at = time.monotonic() + ARRIVAL_SECONDS
        while self.http_factory.expects_requests() and time.monotonic() < ends_at:
            await asyncio.sleep(ARRIVAL_LOOK_SECONDS)
            self.http_factory.close_idle()

    def _stop_listening(self) -> None:
        ports, self._ports = self._ports, []
        for port in ports:
            close_at_once(port, BACKLOG)

    async def _unless_hurried(self, work: Coroutine[Any, Any, Any]) -> None:
        """Wait for ``work``, or until a second signal says that nobody wants to wait."""
        task, hurry = asyncio.ensure_future(work), asyncio.ensure_future(self._hurry.wait())
        await asyncio.wait({task, hurry}, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        task.cancel()

    def _close_websocket(self, protocol: Any) -> None:
        try:
            protocol.serverClose(code=SERVICE_RESTART)
        except Exception:  # one that is still shaking hands; nothing may keep the rest from ending well
            logger.warning("A WebSocket could not be told that the server ends", exc_info=True)

    def _running(self) -> dict[asyncio.Future[Any], RelayRequest]:
        """The applications that serve HTTP requests now."""
        return {
            details["application_instance"]: protocol
            for protocol, details in self.connections.items()
            if isinstance(protocol, RelayRequest)
            and "application_instance" in details
            and not details["application_instance"].done()
        }

    async def _cancel(self, applications: dict[asyncio.Future[Any], RelayRequest]) -> None:
        """End what did not end by itself; its clients see a broken answer."""
        if not applications:
            return
        logger.warning("Cancelled %d exchanges that did not end", len(applications))
        for application in applications:
            application.cancel()
        await asyncio.wait(applications, timeout=STOP_GRACE_SECONDS)
        for request in applications.values():
            request.abort()

    async def _wait_for(self, applications: Collection[asyncio.Future[Any]], seconds: float) -> None:
        """Wait until all have ended, the time is over, or a second signal says that it is."""
        if not applications:
            return
        hurry = asyncio.ensure_future(self._hurry.wait())
        all_ended = asyncio.ensure_future(asyncio.wait(applications))
        await asyncio.wait({hurry, all_ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        all_ended.cancel()
