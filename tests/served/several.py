"""A world with several server processes, and requests that each begin on a connection of their own."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from relay.simulator.thread import SimulatorThread
from tests import stores
from tests.running_server import RunningServer
from tests.served.world import CLAUDE, KEY, PATIENCE_SECONDS, World


class SeveralWorld(World):
    """``World`` over several processes: the kernel chooses, connection by connection."""

    def say(self, messages: list[dict[str, Any]], **more: Any) -> httpx.Response:
        """One turn of a conversation, on a new connection."""
        body = {"model": CLAUDE, "max_tokens": 1024, "stream": True, "messages": messages, **more}
        headers = {"x-api-key": KEY, "connection": "close"}
        return httpx.post(f"{self.server.base_url}/v1/messages", json=body, headers=headers, timeout=60)

    def wait_until_all_know(self) -> None:
        """Return when whichever process answers knows the key and the accounts."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        in_a_row = 0
        while in_a_row < 20:
            assert time.monotonic() < ends_at, "a change did not reach every process"
            headers = {"x-api-key": KEY, "connection": "close"}
            listed = httpx.get(f"{self.server.base_url}/v1/models", headers=headers)
            in_a_row = in_a_row + 1 if listed.status_code == 200 and CLAUDE in listed.text else 0


@contextmanager
def several(start: Callable[..., RunningServer], processes: int = 2, **env: str) -> Iterator[SeveralWorld]:
    """A world of ``processes`` workers with a Redis of its own, on whichever database the suite runs."""
    url, redis = stores.start_redis()
    settings = {"RELAY_BACKOFF_SCALE": "0", "RELAY_RETRY_SHARE": "100", "REDIS_URL": url, **env}
    try:
        with SimulatorThread() as simulator:
            server = start("--workers", str(processes), env=settings)
            world = SeveralWorld(server, simulator)
            try:
                world.wait_until_all_know()
                yield world
            finally:
                world.client.close()
                server.stop()
    finally:
        stores.end(redis)
