"""Worlds with several server processes on one PostgreSQL and one Redis, whatever store the suite runs on."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any

import httpx
from cryptography.fernet import Fernet

from relay.simulator.thread import SimulatorThread
from tests import stores
from tests.running_server import RunningServer, ServerWorld
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
def shared_stores(
    server_world: ServerWorld, pooler: Callable[[str], AbstractContextManager[str]] = nullcontext
) -> Iterator[Callable[..., RunningServer]]:
    """``start(*arguments, **env)``: one more host, with a data directory of its own, on common stores.

    ``pooler`` makes the database's URL one that leads through it.
    """
    database = f"shared_{uuid.uuid4().hex[:12]}"
    ways = ExitStack()
    url, redis = stores.start_redis()
    common = {
        "DATABASE_URL": ways.enter_context(pooler(server_world.new_database(database))),
        "REDIS_URL": url,
        "PROXY_SECRET_KEY": "shared" * 10,
        "PROXY_FERNET_KEYS": Fernet.generate_key().decode(),
        "RELAY_BACKOFF_SCALE": "0",
        "RELAY_RETRY_SHARE": "100",
    }
    hosts: list[RunningServer] = []

    def start(*arguments: str, **env: str) -> RunningServer:
        data_dir, environment = server_world.prepare({**common, **env})
        hosts.append(RunningServer(data_dir, environment, arguments))
        return hosts[-1]

    try:
        yield start
    finally:
        for host in hosts:
            host.stop()
            server_world.discard(host.data_dir)
        stores.end(redis)
        ways.close()
        stores.drop_database(database)


@contextmanager
def several(server_world: ServerWorld, processes: int = 2, **env: str) -> Iterator[SeveralWorld]:
    """A world of one host with ``processes`` workers."""
    with SimulatorThread() as simulator, shared_stores(server_world) as start:
        world = SeveralWorld(start("--workers", str(processes), **env), simulator)
        world.wait_until_all_know()
        yield world
        world.client.close()
