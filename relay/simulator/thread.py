"""The simulator in a thread of its own, for tests that are not asynchronous."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVar

import uvloop

from relay.simulator.ledger import Received
from relay.simulator.server import Simulator

T = TypeVar("T")


class SimulatorThread:
    """``Simulator`` with the same words, usable from any thread; takes the same arguments.

    ``with SimulatorThread() as simulator: … simulator.base_url``
    """

    def __init__(self, **options: Any) -> None:
        self._simulator = Simulator(**options)
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulator", daemon=True)

    def start(self) -> str:
        """Start thread and server; returns the base URL. Raises OSError."""
        self._thread.start()
        return self._run(self._simulator.start())

    def stop(self) -> None:
        """Stop both."""
        self._run(self._simulator.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> "SimulatorThread":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """``http://host:port``."""
        return self._simulator.base_url

    def plan(self, *faults: str, **match: Any) -> None:
        """As ``Simulator.plan``."""
        self._call(lambda: self._simulator.plan(*faults, **match))

    @property
    def requests(self) -> list[Received]:
        """As ``Simulator.requests``."""
        return self._call(lambda: self._simulator.requests)

    @property
    def open_connections(self) -> int:
        """As ``Simulator.open_connections``."""
        return self._call(lambda: self._simulator.open_connections)

    def counts(self) -> dict[str, Any]:
        """As ``Simulator.counts``."""
        return self._call(self._simulator.counts)

    def expire_access_tokens(self, account: str | None = None) -> None:
        """As ``Simulator.expire_access_tokens``."""
        self._call(lambda: self._simulator.expire_access_tokens(account))

    def release(self) -> None:
        """As ``Simulator.release``."""
        self._call(self._simulator.release)

    def reset(self) -> None:
        """As ``Simulator.reset``."""
        self._call(self._simulator.reset)

    def wait_until(self, condition: Callable[[list[Received]], bool], timeout_seconds: float = 60) -> None:
        """As ``Simulator.wait_until``; ``condition`` runs in the simulator's thread. Raises TimeoutError."""
        self._run(self._simulator.wait_until(condition, timeout_seconds))

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def _call(self, function: Callable[[], T]) -> T:
        async def inside() -> T:
            return function()

        return self._run(inside())
