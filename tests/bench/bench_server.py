"""The cost of an exchange: the real server on one core, the simulator and the load on the other.

CPU is user and system time of the server's whole process tree, from /proc; every stream is checked for
completeness, so that nothing is fast by leaving something out. Rows and bodies are recorded as they are by
default. Trust ratios of one run on one machine, to about 15 %: the bare translator
(``bare_translator.py``) is measured beside it, right before the same workload.
"""

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-bench-0123456789abcdef"
MODEL = "claude-bench"
TARGET = "gemini-3-flash-preview"
TICK = os.sysconf("SC_CLK_TCK")


class Workload(Struct, frozen=True):
    """``at_once`` clients, ``requests`` in all; the answer's events and the milliseconds between them."""

    name: str
    what: str
    at_once: int
    requests: int
    events: int = 50
    delay_ms: float = 0
    is_stream: bool = True
    is_compared: bool = True
    """Also with the bare translator?"""


WORKLOADS = (
    Workload("W1", "50 events at once, 16 clients: cost of a request", 16, 1000),
    Workload("C1", "the same, one client: added latency", 1, 150),
    Workload(
        "W2", "200 events, 5 ms apart, 100 clients: cost of an event", 100, 200, 200, 5, is_compared=False
    ),
    Workload("W3", "not streamed, 16 clients", 16, 600, is_stream=False),
)


class Measured(Struct, frozen=True):
    """One line of the table; times in milliseconds, CPU per request in ms and per event in µs."""

    workload: Workload
    complete: int
    cpu_ms: float
    cpu_us_event: float
    first_ms: float
    first_p95_ms: float
    total_ms: float
    rss_mb: float
    requests_a_second: float


class Line(Struct, frozen=True):
    """What was measured of this server, and of the bare translator where that is compared.

    ``paced`` are the median and the 99th percentile of the time to first content, in milliseconds, while
    half as many requests a second come as the server can serve.
    """

    ours: Measured
    bare: Measured | None = None
    paced: tuple[float, float] | None = None

    @property
    def ratio(self) -> float | None:
        """Ours by the bare one's: CPU a request; with one client the time to first content."""
        if self.bare is None:
            return None
        if self.ours.workload.at_once == 1:
            return self.ours.first_ms / self.bare.first_ms
        return self.ours.cpu_ms / self.bare.cpu_ms


async def measure(scale: float) -> list[Line]:
    """Run every workload against a fresh server."""
    os.sched_setaffinity(0, {os.cpu_count() - 1} if (os.cpu_count() or 1) > 1 else {0})
    lines = []
    with tempfile.TemporaryDirectory(prefix="evenkeel-bench-") as data_dir:
        for workload in WORKLOADS:
            requests = max(int(workload.requests * scale), workload.at_once)
            async with _servers(Path(data_dir) / workload.name, workload) as (base_url, pid, simulator_url):
                bare = await _bare(workload, simulator_url, requests) if workload.is_compared else None
                ours = await _run(workload, base_url, pid, requests)
                paced = None
                if workload.name == "W1":
                    paced = await _paced(workload, base_url, ours.requests_a_second / 2, requests)
                lines.append(Line(ours, bare, paced))
    return lines


def printed(lines: list[Line]) -> str:
    """The table, and what its workloads are."""
    head = (
        f"{'':4} {'complete':>9} {'CPU ms/req':>11} {'CPU µs/event':>13}"
        f" {'first ms':>9} {'p95':>7} {'total ms':>9} {'RSS MB':>7} {'x bare':>7}"
    )
    rows = [
        f"{m.workload.name:4} {m.complete:>9} {m.cpu_ms:>11.2f} {m.cpu_us_event:>13.1f} {m.first_ms:>9.1f}"
        f" {m.first_p95_ms:>7.1f} {m.total_ms:>9.1f} {m.rss_mb:>7.0f}"
        + (f" {line.ratio:>7.2f}" if line.ratio is not None else "")
        for line in lines
        for m in (line.ours,)
    ]
    bare = [
        f"bare {m.workload.name}: {m.complete} complete, {m.cpu_ms:.2f} ms CPU a request,"
        f" {m.first_ms:.1f} ms to first content, {m.rss_mb:.0f} MB"
        for line in lines
        if (m := line.bare) is not None
    ]
    paced = [
        f"{line.ours.workload.name} at half of what it can serve: first content {line.paced[0]:.1f} ms,"
        f" p99 {line.paced[1]:.1f} ms: {line.paced[1] / line.paced[0]:.1f} times"
        for line in lines
        if line.paced is not None
    ]
    legend = [f"{w.name}: {w.what}" for w in WORKLOADS]
    legend.append("x bare: CPU a request by the bare translator's; C1: time to first content by its")
    return "\n".join([head, *rows, "", *bare, *paced, "", *legend])


@asynccontextmanager
async def _servers(data_dir: Path, workload: Workload) -> AsyncIterator[tuple[str, int, str]]:
    environment = {**os.environ, "PROXY_DATA_DIR": str(data_dir), "PROXY_ENV_FILE": ""}
    shape = ["--events", str(workload.events), "--delay-ms", str(workload.delay_ms)]
    async with simulated(environment, *shape) as simulator_url:
        set_up(environment, simulator_url, {MODEL: TARGET})
        async with served(environment) as (base_url, pid):
            yield base_url, pid, simulator_url


@asynccontextmanager
async def simulated(environment: dict[str, str], *shape: str) -> AsyncIterator[str]:
    """A simulator's base URL, while it runs; ``shape`` is that of its answers."""
    simulator = _start(["manage.py", "simulator", *shape], environment)
    try:
        yield _line(simulator).strip()
    finally:
        simulator.terminate()
        simulator.wait()


def set_up(environment: dict[str, str], simulator_url: str, targets: dict[str, str]) -> None:
    """A database with one Gemini account at the simulator, mappings to its models by name, and one key."""
    manage(environment, "migrate", "-v0")
    account = {
        "email": "bench",
        "kind": "gemini",
        "base_url": simulator_url,
        "credential": {"api_key": "sim-bench"},
    }
    manage(environment, "import_accounts", "-", stdin=json.dumps([account]))
    mappings = [{"pattern": name, "target": target, "kinds": ["gemini"]} for name, target in targets.items()]
    manage(environment, "import_mappings", "-", stdin=json.dumps(mappings))
    manage(environment, "create_client_key", "bench", "--key", KEY)


@asynccontextmanager
async def served(
    environment: dict[str, str], *program: str, workers: int = 1
) -> AsyncIterator[tuple[str, int]]:
    """A server's base URL and process id, on the first core, while it runs."""
    server = _start(
        [
            *(program or ("manage.py",)),
            "serve",
            "--port",
            "0",
            *(["--workers", str(workers)] if workers > 1 else []),
        ],
        environment,
        cpu=0,
    )
    try:
        while "listens on" not in (line := _line(server)):
            pass
        yield line.split("listens on ")[1].split()[0].rstrip(","), server.pid
    finally:
        server.terminate()
        server.wait()


async def _bare(workload: Workload, simulator_url: str, requests: int) -> Measured:
    async with bare_server(simulator_url) as (base_url, pid):
        return await _run(workload, base_url, pid, requests)


@asynccontextmanager
async def bare_server(simulator_url: str) -> AsyncIterator[tuple[str, int]]:
    """The bare translator's base URL and process id, on the first core, while it runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["taskset", "-c", "0", sys.executable, "-m", "tests.bench.bare_translator", simulator_url]
    server = await asyncio.to_thread(subprocess.Popen, [*command, str(port)], cwd=ROOT)
    try:
        for _ in range(600):  # a minute, on a busy machine
            await asyncio.sleep(0.1)
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.terminate()
        server.wait()


def _start(
    arguments: list[str], environment: dict[str, str], cpu: int | None = None
) -> subprocess.Popen[str]:
    command = [sys.executable, *arguments]
    if cpu is not None:
        command = ["taskset", "-c", str(cpu), *command]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the process ended before it was ready"
    return line


def manage(environment: dict[str, str], *arguments: str, stdin: str = "") -> None:
    """One command of the program."""
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(
        command, cwd=ROOT, env=environment, input=stdin, check=True, text=True, capture_output=True
    )


async def _run(workload: Workload, base_url: str, pid: int, requests: int) -> Measured:
    left = [requests]
    seen: list[tuple[float, float, bool]] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def client() -> None:
            while left[0] > 0:
                left[0] -= 1
                seen.append(await ask(session, base_url, workload))

        await asyncio.gather(*(client() for _ in range(min(workload.at_once, 20))))  # what is loaded lazily
        left[0] = requests
        seen.clear()
        before, began = _cpu_seconds(pid), time.perf_counter()
        await asyncio.gather(*(client() for _ in range(workload.at_once)))
        cpu, seconds = _cpu_seconds(pid) - before, time.perf_counter() - began
    first = sorted(entry[0] for entry in seen)
    return Measured(
        workload,
        sum(entry[2] for entry in seen),
        cpu / len(seen) * 1e3,
        cpu / len(seen) / workload.events * 1e6,
        statistics.median(first) * 1e3,
        first[int(len(first) * 0.95)] * 1e3,
        statistics.median(entry[1] for entry in seen) * 1e3,
        _rss_mb(pid),
        len(seen) / seconds,
    )


async def _paced(workload: Workload, base_url: str, rate: float, requests: int) -> tuple[float, float]:
    """Median and 99th percentile of the milliseconds to first content, with ``rate`` requests a second."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        began, running = time.perf_counter(), []
        for number in range(requests):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            running.append(asyncio.create_task(ask(session, base_url, workload)))
        first = sorted(entry[0] for entry in await asyncio.gather(*running))
    return statistics.median(first) * 1e3, first[int(len(first) * 0.99)] * 1e3


def body_of(workload: Workload) -> dict[str, Any]:
    return {
        "model": MODEL,
        "max_tokens": 60000,
        "stream": workload.is_stream,
        "messages": [{"role": "user", "content": "Say something long, please."}],
    }


async def ask(session: aiohttp.ClientSession, base_url: str, workload: Workload) -> tuple[float, float, bool]:
    """Seconds to the first content, seconds in all, and whether the answer came whole."""
    body, began = body_of(workload), time.perf_counter()
    first = 0.0
    received = b""
    async with session.post(f"{base_url}/v1/messages", json=body, headers={"x-api-key": KEY}) as response:
        async for piece in response.content.iter_any():
            received += piece
            if not first and b"[0]" in received:
                first = time.perf_counter() - began
    last = b"[%d]" % (workload.events - 1)
    ending = b"message_stop" if workload.is_stream else b"end_turn"
    return first, time.perf_counter() - began, last in received and ending in received


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / TICK


def _rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
