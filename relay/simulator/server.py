"""The simulator on a socket, inside a running event loop."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any

from relay.simulator.connection.http_connection import HttpConnection
from relay.simulator.dialect import Options
from relay.simulator.faults.faults import parse_sequence
from relay.simulator.faults.plans import Match
from relay.simulator.ledger import Received
from relay.simulator.model.prose import Prose
from relay.simulator.upstream import Upstream

_BACKLOG = 4096


class Simulator:
    """A scriptable upstream: ``async with Simulator() as simulator: … simulator.base_url``.

    ``shape`` is how much the model says by default, ``token_seconds`` how long an OAuth access token
    lasts, ``keeps_requests`` how many requests are remembered; ``enforces_prefix`` and
    ``binds_gemini_to_account`` are explained at ``Options``.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        shape: Prose | None = None,
        token_seconds: float = 3600,
        keeps_requests: int = 1000,
        enforces_prefix: bool = True,
        binds_gemini_to_account: bool = False,
    ) -> None:
        options = Options(enforces_prefix, binds_gemini_to_account)
        self.upstream = Upstream(shape or Prose(), options, token_seconds, keeps_requests)
        self.base_url = ""
        self._host, self._port = host, port
        self._server: asyncio.Server | None = None
        self._connections: set[HttpConnection] = set()

    async def start(self) -> str:
        """Listen; returns the base URL, ``http://host:port``. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: HttpConnection(self.upstream.handle, self._connections),
            self._host,
            self._port,
            backlog=_BACKLOG,
        )
        self._port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://{self._host}:{self._port}"
        return self.base_url

    async def stop(self) -> None:
        """Stop listening and drop every connection. ``start`` listens on the same port again."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._connections):
            connection.abort()
        await self._server.wait_closed()
        self._server = None

    async def __aenter__(self) -> "Simulator":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # -- scripting and asking

    def plan(
        self,
        *faults: str,
        account: str = "",
        model: str = "",
        path: str = "",
        text: str = "",
        repeat: bool = False,
    ) -> None:
        """Give the next matching attempts these faults, e.g. ``plan("empty", "status=503")``.

        Matching is explained at ``Match``. Raises UnknownFaultError.
        """
        self.upstream.plans.add(
            parse_sequence(list(faults)), Match(account, model, path, text), repeat=repeat
        )

    @property
    def requests(self) -> list[Received]:
        """The requests that came in, oldest first; control paths are not among them."""
        return list(self.upstream.ledger.received)

    @property
    def open_connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    def counts(self) -> dict[str, Any]:
        """Requests in all, by fault, by account; token refreshes by account."""
        return self.upstream.control.counts()

    def expire_access_tokens(self, account: str | None = None) -> None:
        """Make the access tokens of one account, or of all, run out now."""
        self.upstream.desk.expire(account)

    def release(self) -> None:
        """Let every answer go on that has stalled for as long as its client waits."""
        for connection in list(self._connections):
            connection.release()

    def reset(self) -> None:
        """Forget plans, requests, counts and prompt caches."""
        self.upstream.control.reset()

    async def wait_until(
        self, condition: Callable[[list[Received]], bool], timeout_seconds: float = 60
    ) -> None:
        """Return once ``condition`` holds for the requests. Raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            await self.upstream.ledger.wait_until(lambda: condition(self.requests))
