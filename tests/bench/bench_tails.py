"""Who waits for whom: 16 clients stream while one thing after another happens that is large.

``make bench BENCH_ARGS=--tails`` (``BENCH_ROWS``: rows of the history, 100,000). For each thing: the time to
the first content of those 16, and the worst that a ticker of 1 ms saw in the server's event loop
(``watched_server``): computing of the loop's own thread, computing of all threads, and how late it came. More
than 20 ms of the first is a defect.
"""

import asyncio
import json
import os
import signal
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx

from tests.bench import bench_server
from tests.bench.bench_server import KEY

ROWS = int(os.environ.get("BENCH_ROWS", "100000"))
STREAMS = 16
SMALL = "bench-n20-t20-d10"
QUICK = "bench-n4-t10-d0"
LONG = "bench-n200-t20-d5"
OPERATOR, PASSWORD = "bench", "a-long-password-for-the-bench"
TURNS = 400


def history(size_bytes: int) -> list[dict[str, Any]]:
    """A conversation of 400 turns: tools called, what they gave, and what was said to it."""
    piece = "a line of some file, with its number\n" * max(size_bytes // TURNS // 37, 1)
    turns: list[dict[str, Any]] = [{"role": "user", "content": "Read all files."}]
    for number in range(TURNS // 2):
        call = {"type": "tool_use", "id": f"toolu_{number}", "name": "read", "input": {"path": piece}}
        turns.append({"role": "assistant", "content": [{"type": "text", "text": "I read on."}, call]})
        given = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": piece}
        turns.append({"role": "user", "content": [given]})
    return turns


def body_of(model: str, messages: list[dict[str, Any]] | None = None) -> bytes:
    """A request for a stream."""
    asked: dict[str, Any] = {"model": model, "max_tokens": 60000, "stream": True}
    asked["messages"] = messages or [{"role": "user", "content": "Say something long, please."}]
    if messages:
        schema = {"type": "object", "properties": {"path": {"type": "string"}}}
        asked["tools"] = [{"name": "read", "description": "Reads.", "input_schema": schema}]
    return json.dumps(asked).encode()


class Bench:
    """One server that is looked at, its clients, and what was seen."""

    def __init__(self, base_url: str, pid: int, ticks: Path, database: Path) -> None:
        self.base_url, self.pid, self.ticks, self.database = base_url, pid, ticks, database
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def ask(self, body: bytes) -> float:
        """Seconds to the first content; raises where the answer is not whole."""
        began, first, last = time.monotonic(), 0.0, b""
        headers = {"x-api-key": KEY, "content-type": "application/json"}
        async with self.session.post(f"{self.base_url}/v1/messages", data=body, headers=headers) as answer:
            async for piece in answer.content.iter_any():
                if not first and b"content_block_delta" in piece:
                    first = time.monotonic() - began
                last = (last + piece)[-4000:]
        if answer.status != 200 or b"message_stop" not in last:
            raise RuntimeError(f"{answer.status}: {last[-500:]!r}")
        return first

    async def many(self, body: bytes, count: int, at_once: int) -> None:
        """``count`` requests, ``at_once`` at a time."""
        left = [count]

        async def client() -> None:
            while left[0] > 0:
                left[0] -= 1
                await self.ask(body)

        await asyncio.gather(*(client() for _ in range(at_once)))

    async def while_others_stream(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Print what ``work`` means for 16 clients that stream."""
        is_over = asyncio.Event()
        firsts: list[float] = []

        async def streams() -> None:
            while not is_over.is_set():
                firsts.append(await self.ask(body_of(SMALL)))

        streaming = [asyncio.create_task(streams()) for _ in range(STREAMS)]
        await asyncio.sleep(1)
        firsts.clear()
        began = time.monotonic()
        await work()
        ended = time.monotonic()
        is_over.set()
        await asyncio.gather(*streaming)
        self._print(name, sorted(firsts), began, ended)

    def _print(self, name: str, firsts: list[float], began: float, ended: float) -> None:
        told = [[float(word) for word in line.split()] for line in self.ticks.read_text().splitlines()]
        seen = [tick for due, *tick in told if began <= due <= ended]
        late, loop, threads = (max(of, default=0.0) for of in zip(*seen, strict=True)) if seen else (0.0,) * 3
        over = sum(loop > 20 for _, loop, _ in seen)
        median, p99 = statistics.median(firsts) * 1e3, firsts[int(len(firsts) * 0.99)] * 1e3
        print(
            f"{name:42} {ended - began:6.1f} {median:8.1f} {p99:8.1f} {loop:8.1f} {over:6} {threads:8.1f}"
            f" {late:8.1f}",
            flush=True,
        )


async def gather_garbage(bench: Bench) -> None:
    """Ten whole collections."""
    for _ in range(10):
        os.kill(bench.pid, signal.SIGUSR2)
        await asyncio.sleep(0.1)


async def read_pages(bench: Bench) -> None:
    """The history's page ten times, then all rows as CSV, as an operator does."""
    async with httpx.AsyncClient(base_url=bench.base_url, timeout=600, follow_redirects=True) as browser:
        page = await browser.get("/admin/login/")
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {"csrfmiddlewaretoken": token, "username": OPERATOR, "password": PASSWORD}
        (await browser.post("/admin/login/", data=form)).raise_for_status()
        for _ in range(10):
            (await browser.get("/monitor/history/")).raise_for_status()
        async with browser.stream("GET", "/monitor/history/export/file/?format=csv") as exported:
            exported.raise_for_status()
            lines = 0
            async for chunk in exported.aiter_bytes():
                lines += chunk.count(b"\n")
        if lines < ROWS:
            raise RuntimeError(f"{lines} lines of {ROWS} rows")


def fill(database: Path) -> None:
    """Rows of the exchanges so far, again and again under other names, until there are enough."""
    with sqlite3.connect(database, timeout=60) as store:
        columns = [row[1] for row in store.execute("PRAGMA table_info(monitor_requestlog)")]
        rest = ", ".join(name for name in columns if name != "id")
        have = store.execute("SELECT count(*) FROM monitor_requestlog").fetchone()[0]
        copies = ROWS // max(have, 1) + 1
        for number in range(copies):
            store.execute(
                f"INSERT INTO monitor_requestlog (id, {rest}) SELECT printf('%08x', {number + 1})"
                f" || substr(id, 9), {rest} FROM monitor_requestlog ORDER BY id DESC LIMIT {have}"
            )


@asynccontextmanager
async def world() -> AsyncIterator[Bench]:
    """A server that is looked at, in front of the simulator."""
    with tempfile.TemporaryDirectory(prefix="evenkeel-tails-") as folder:
        ticks = Path(folder) / "ticks"
        ticks.touch()
        data_dir = Path(folder) / "data"
        environment = {
            **os.environ,
            "PROXY_DATA_DIR": str(data_dir),
            "PROXY_ENV_FILE": "",
            "BENCH_TICKS": str(ticks),
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        }
        async with bench_server.simulated(environment) as simulator_url:
            bench_server.set_up(environment, simulator_url, {name: name for name in (SMALL, QUICK, LONG)})
            login = ["createsuperuser", "--noinput", "--username", OPERATOR, "--email", "bench@example.com"]
            bench_server.manage(environment, *login)
            async with bench_server.served(environment, "-m", "tests.bench.watched_server") as (url, pid):
                bench = Bench(url, pid, ticks, data_dir / "proxy.sqlite3")
                try:
                    yield bench
                finally:
                    await bench.session.close()


async def measure() -> None:
    """All of it, line by line."""
    heads = f"{'first ms':>8} {'p99':>8} {'loop ms':>8} {'> 20':>6} {'all ms':>8} {'late ms':>8}"
    print(f"{'':42} {'s':>6} {heads}")
    large, larger = body_of(QUICK, history(5_000_000)), body_of(QUICK, history(50_000_000))
    async with world() as bench:
        await bench.many(body_of(QUICK), 50, 10)
        happenings: list[tuple[str, Callable[[], Awaitable[object]]]] = [
            ("nothing besides", lambda: asyncio.sleep(5)),
            ("bodies of 5 MB, translated, one by one", lambda: bench.many(large, 10, 1)),
            ("bodies of 5 MB, translated, five at once", lambda: bench.many(large, 10, 5)),
            ("a body of 50 MB", lambda: bench.many(larger, 2, 1)),
            ("1,000 exchanges stored in a burst", lambda: bench.many(body_of(QUICK), 1000, 50)),
            ("100 streams that end at once", lambda: bench.many(body_of(LONG), 100, 100)),
            ("ten whole garbage collections", lambda: gather_garbage(bench)),
        ]
        for name, work in happenings:
            await bench.while_others_stream(name, work)
        await asyncio.to_thread(fill, bench.database)
        await bench.while_others_stream(f"history and export of {ROWS:,} rows", lambda: read_pages(bench))
