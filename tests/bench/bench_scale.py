"""How much one process carries: streams that tick once a second, idle connections, distinct conversations.

``python -m tests.bench.bench_scale``; other numbers in ``BENCH_STREAMS``, ``BENCH_IDLE`` and
``BENCH_CONVERSATIONS``. The first two ask a real server in front of the simulator; the last goes through the
pool and the memory of conversations of this process, as requests do, and leaves the database out.
"""

import asyncio
import contextlib
import json
import os
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

os.environ.setdefault("PROXY_DATA_DIR", tempfile.mkdtemp())
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

import aiohttp  # noqa: E402
import psutil  # noqa: E402

from accounts.pool.leases import Want  # noqa: E402
from accounts.processes.bus import Bus  # noqa: E402
from relay.memory.conversation_memory import Memory  # noqa: E402
from relay.memory.memory_items import MemoryItem  # noqa: E402
from tests.bench import bench_server  # noqa: E402
from tests.bench.bench_pool import MODEL, lease_and_release, world  # noqa: E402

STREAMS = int(os.environ.get("BENCH_STREAMS", "2000"))
IDLE = int(os.environ.get("BENCH_IDLE", "9900"))
CONVERSATIONS = int(os.environ.get("BENCH_CONVERSATIONS", "1000000"))
TICKING = "bench-n120-t10-d1000"
BEGUN_A_SECOND = 50
WATCHED_SECONDS = 10.0


def told(name: str, process: psutil.Process, seconds: float, cpu_seconds: float, open_now: int) -> None:
    """One line."""
    rss = process.memory_info().rss / 2**20
    cpu = cpu_seconds / seconds * 100
    print(f"{name:32} {open_now:8} {cpu:6.1f} {rss:7.0f} {process.num_threads():8}", flush=True)


async def watch(name: str, process: psutil.Process, open_now: Callable[[], int]) -> None:
    """What ten seconds cost."""
    before, began = sum(process.cpu_times()[:2]), time.monotonic()
    await asyncio.sleep(WATCHED_SECONDS)
    cpu = sum(process.cpu_times()[:2]) - before
    told(name, process, time.monotonic() - began, cpu, open_now())


async def stream(session: aiohttp.ClientSession, base_url: str, speaking: set[object]) -> None:
    """One client; it is counted while it is told something."""
    body = {"model": TICKING, "max_tokens": 9999, "stream": True}
    body["messages"] = [{"role": "user", "content": "Say something long, please."}]
    headers = {"x-api-key": bench_server.KEY, "content-type": "application/json"}
    async with session.post(f"{base_url}/v1/messages", data=json.dumps(body), headers=headers) as answer:
        async for _ in answer.content.iter_any():
            speaking.add(answer)
        speaking.discard(answer)


async def streams(base_url: str, process: psutil.Process) -> None:
    """All of them, begun one after the other, so that all speak for a minute."""
    speaking: set[object] = set()
    timeout = aiohttp.ClientTimeout(total=None)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        asking = []
        for _ in range(STREAMS):
            asking.append(asyncio.create_task(stream(session, base_url, speaking)))
            await asyncio.sleep(1 / BEGUN_A_SECOND)
        await asyncio.sleep(3)
        await watch("streams, a tick a second", process, lambda: len(speaking))
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


async def idle(base_url: str, process: psutil.Process) -> None:
    """Connections that have had an answer each and ask nothing more."""
    host, _, port = base_url.removeprefix("http://").partition(":")
    writers: list[asyncio.StreamWriter] = []

    async def connects() -> None:
        while len(writers) < IDLE:
            reader, writer = await asyncio.open_connection(host, int(port))
            writers.append(writer)
            writer.write(b"GET /healthz HTTP/1.1\r\nhost: bench\r\n\r\n")
            with contextlib.suppress(asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")

    await asyncio.gather(*(connects() for _ in range(BEGUN_A_SECOND)))
    await watch("idle connections", process, lambda: len(process.net_connections()) - 1)
    for writer in writers:
        writer.close()


async def conversations() -> None:
    """Each leased an account, answered with a signature, and remembered."""
    process, (pool, _) = psutil.Process(), world(3, 3, 3)
    memory = Memory(Bus("bench"), 500, 200, 1000, is_apart=True)
    began = time.monotonic()
    for number in range(CONVERSATIONS + 1):
        if number % (CONVERSATIONS // 5) == 0:
            rss = process.memory_info().rss / 2**20
            print(f"conversations: {number:>17,} {rss:21.1f} MB", flush=True)
        name, now = f"{number:032x}", time.time()
        await memory.meet(name, is_begun=True)
        await lease_and_release(pool, Want(model=MODEL, session=name))
        memory.remember(
            [
                MemoryItem("tool", name, "call", now, "", "s" * 60, "gemini-3"),
                MemoryItem("session", name, "turn", now, "thinking", "t" * 60, "gemini-3"),
                MemoryItem("block", name, "b", now),
            ]
        )
    print(f"each {(time.monotonic() - began) / CONVERSATIONS * 1e6:.0f} µs")


async def measure() -> None:
    """All three."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(f"{'':32} {'open':>8} {'CPU %':>6} {'RSS MB':>7} {'threads':>8}")
    works: tuple[Callable[[str, psutil.Process], Awaitable[None]], ...] = (streams, idle)
    for work in works:
        with tempfile.TemporaryDirectory(prefix="evenkeel-scale-") as folder:
            environment = {
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "proxyproject.settings",
                "PROXY_DATA_DIR": str(Path(folder) / "data"),
                "PROXY_ENV_FILE": "",
                "PROXY_CONNECTIONS_PER_ADDRESS": "0",
            }
            async with bench_server.simulated(environment) as simulator_url:
                bench_server.set_up(environment, simulator_url, {TICKING: TICKING})
                async with bench_server.served(environment) as (base_url, pid):
                    await work(base_url, psutil.Process(pid))
    await conversations()


if __name__ == "__main__":
    asyncio.run(measure())
