"""``python -m tests.bench.bench_processes``: what a second process costs an exchange, and a fourth.

Each number of processes serves the same load on one core, with PostgreSQL and Redis of its own; the first is
measured again at the end, so that the machine's own changes show. CPU is user and system time of the server's
processes, and beside it of PostgreSQL's and Redis's; every process hears every message.

Two processes of anything on one core cost more than one: caches, switches. So as many bare translators, which
share nothing, serve the same load right before. What a second of ours costs beyond that is its own cost.
"""

import argparse
import asyncio
import contextlib
import os
import tempfile

import aiohttp
import psutil
import psycopg
import redis
from msgspec import Struct

from tests import stores
from tests.bench.bench_server import (
    MODEL,
    TARGET,
    WORKLOADS,
    ask,
    bare_server,
    served,
    set_up,
    simulated,
)

CLIENTS = 32
"""Connections that stay open: the kernel spreads them over the processes."""


class Measured(Struct, frozen=True):
    """CPU in milliseconds a request; commands, messages and transactions a request."""

    processes: int
    complete: int
    cpu_ms: float
    postgres_ms: float
    redis_ms: float
    commands: float
    messages: float
    commits: float
    """Transactions of PostgreSQL a request: how much each writer gathers."""
    idle_ms_second: float
    """What the processes take a second while nobody asks anything."""
    bare_ms: float
    """CPU a request of as many bare translators."""

    @property
    def sum_ms(self) -> float:
        """With the stores."""
        return self.cpu_ms + self.postgres_ms + self.redis_ms


async def measure(processes: int, requests: int) -> Measured:
    """Serve ``requests`` by so many ``processes``, from an empty database."""
    workload = WORKLOADS[0]
    redis_url, redis_process = stores.start_redis()
    name = f"bench_{processes}_{os.urandom(3).hex()}"
    store = redis.Redis(unix_socket_path=redis_url.removeprefix("unix://"))
    with tempfile.TemporaryDirectory(prefix="evenkeel-bench-") as data_dir:
        environment = {
            **os.environ,
            "PROXY_DATA_DIR": data_dir,
            "PROXY_ENV_FILE": "",
            "DATABASE_URL": stores.create_database(name),
            "REDIS_URL": redis_url,
        }
        try:
            async with simulated(environment, "--events", str(workload.events)) as simulator_url:
                bare_ms = await _bare_ms(processes, simulator_url, requests)
                set_up(environment, simulator_url, {MODEL: TARGET})
                async with served(environment, "manage.py", workers=processes) as (base_url, pid):
                    await _load([base_url], CLIENTS * 4)  # what is loaded lazily
                    before, told = _spent(pid, redis_process.pid), (*_commands(store), _commits(name))
                    complete = await _load([base_url], requests)
                    said = _commands(store)
                    await asyncio.sleep(3)  # what is written behind the answers
                    resting, said = _spent(pid, redis_process.pid), (*said, _commits(name))
                    await asyncio.sleep(5)
                    idle = _spent(pid, redis_process.pid)
        finally:
            stores.end(redis_process)
            stores.drop_database(name)
    cpu, postgres, redis_cpu = (
        (now - then) / requests * 1e3 for now, then in zip(resting, before, strict=True)
    )
    commands, messages, commits = ((now - then) / requests for now, then in zip(said, told, strict=True))
    idle_ms = (idle[0] - resting[0]) / 5 * 1e3
    return Measured(
        processes, complete, cpu, postgres, redis_cpu, commands, messages, commits, idle_ms, bare_ms
    )


async def _bare_ms(processes: int, simulator_url: str, requests: int) -> float:
    """CPU in milliseconds a request of so many bare translators that serve the same load."""
    async with contextlib.AsyncExitStack() as stack:
        started = [await stack.enter_async_context(bare_server(simulator_url)) for _ in range(processes)]
        urls, pids = [url for url, _ in started], [pid for _, pid in started]
        await _load(urls, CLIENTS * 4)
        before = sum(map(_cpu, pids))
        await _load(urls, requests)
        return (sum(map(_cpu, pids)) - before) / requests * 1e3


async def _load(base_urls: list[str], requests: int) -> int:
    """How many answers came whole."""
    left, whole = iter(range(requests)), 0
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def client(base_url: str) -> None:
            nonlocal whole
            for _ in left:
                is_whole = (await ask(session, base_url, WORKLOADS[0]))[2]
                whole += is_whole

        await asyncio.gather(*(client(base_urls[n % len(base_urls)]) for n in range(CLIENTS)))
    return whole


def _spent(server: int, redis_pid: int) -> tuple[float, float, float]:
    """CPU seconds of the server's processes, of PostgreSQL's and of Redis."""
    postgres = [one.pid for one in psutil.Process().children() if one.name() == "postgres"]
    return _cpu(server), sum(map(_cpu, postgres)), _cpu(redis_pid)


def _cpu(pid: int) -> float:
    """Of a process and all below it, those that have ended too."""
    root, seconds = psutil.Process(pid), 0.0
    for process in (root, *root.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            seconds += sum(process.cpu_times()[:4])
    return seconds


def _commands(store: "redis.Redis") -> tuple[int, int]:
    """Commands that Redis has done, and messages sent: each process hears each."""
    stats = store.info("commandstats")
    published = sum(
        told["calls"] for name, told in stats.items() if name in ("cmdstat_publish", "cmdstat_spublish")
    )
    return sum(told["calls"] for told in stats.values()), published


def _commits(name: str) -> int:
    """Transactions that the database has seen; what a backend did last it tells a moment later."""
    with psycopg.connect(stores.database_url(), autocommit=True) as admin:
        found = admin.execute("SELECT xact_commit FROM pg_stat_database WHERE datname = %s", (name,))
        [number] = found.fetchone() or (0,)
        return int(number)


def printed(lines: list[Measured]) -> str:
    """The table."""
    head = (
        f"{'processes':>9} {'complete':>9} {'CPU ms/req':>11} {'x one':>6} {'PostgreSQL ms':>14}"
        f" {'Redis ms':>9} {'commands':>9} {'messages':>9} {'commits':>8} {'idle ms/s':>10} {'bare ms':>8}"
    )
    rows = [
        f"{m.processes:>9} {m.complete:>9} {m.cpu_ms:>11.2f} {m.cpu_ms / lines[0].cpu_ms:>6.2f}"
        f" {m.postgres_ms:>14.2f} {m.redis_ms:>9.2f} {m.commands:>9.2f} {m.messages:>9.2f}"
        f" {m.commits:>8.2f} {m.idle_ms_second:>10.1f} {m.bare_ms:>8.3f}"
        for m in lines
    ]
    one = lines[0]
    ratios = [
        f"{m.processes} to {one.processes}: {ours:.2f} times, the bare translator {bare:.2f} times,"
        f" so by itself {ours / bare:.2f} times; with PostgreSQL and Redis {m.sum_ms:.2f} ms,"
        f" {m.sum_ms / one.sum_ms:.2f} times"
        for m in lines
        for ours, bare in [(m.cpu_ms / one.cpu_ms, m.bare_ms / one.bare_ms)]
    ]
    return "\n".join([head, *rows, "", *ratios])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--processes", default="1,2,4,1", help="how many, one after the other")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {os.cpu_count() - 1} if (os.cpu_count() or 1) > 1 else {0})
    print(printed([asyncio.run(measure(int(n), arguments.requests)) for n in arguments.processes.split(",")]))
