"""Two hosts behind one front, restarted one after the other while requests come.

``TEST_ROLLING_REQUESTS=5000`` restarts them again and again until so many were asked, about 75 a second, with
the times of docs/deployment.md in place of shorter ones.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from relay.simulator.thread import SimulatorThread
from tests.fronts.front import caddy, documented, free_port, nginx
from tests.running_server import RunningServer, ServerWorld
from tests.served.processes.several import shared_stores
from tests.served.world import CLAUDE, KEY, PATIENCE_SECONDS, World

REQUESTS = int(os.environ.get("TEST_ROLLING_REQUESTS", "0"))
CLIENTS = 16 if REQUESTS else 4
PAUSE_SECONDS = CLIENTS / 75 if REQUESTS else 0.0
"""From the beginning of a client's request to that of its next, at least."""
LAME_DUCK_SECONDS, KEEP_ALIVE_SECONDS = (5, 3) if REQUESTS else (2, 1)
FORM = {"model": CLAUDE, "max_tokens": 64, "stream": True}


@pytest.fixture(scope="module")
def hosts(server_world: ServerWorld) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two servers on one database and one Redis, with accounts at a simulator."""
    with SimulatorThread() as simulator, shared_stores(server_world) as start:
        one, two = (start(RELAY_LAME_DUCK_SECONDS=str(LAME_DUCK_SECONDS)) for _ in range(2))
        world = World(one, simulator)
        wait_until_ready(two)
        yield one, two
        world.client.close()


def wait_until_ready(host: RunningServer) -> None:
    """Return when the host serves, and knows the key and the accounts."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while (
        httpx.get(f"{host.base_url}/readyz").status_code != 200
        or httpx.get(f"{host.base_url}/v1/models", headers={"x-api-key": KEY}).status_code != 200
    ):
        assert time.monotonic() < ends_at
        time.sleep(0.1)


def wait_until_asked(host: RunningServer) -> None:
    """Return when the front sends requests to the host again: docs/deployment.md gives it five seconds."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while 'outcome="ok"' not in httpx.get(f"{host.base_url}/metrics").text:
        assert time.monotonic() < ends_at, "the front did not come back to the host"
        time.sleep(0.05)


def config(name: str, port: int, ports: Sequence[int]) -> str:
    """The documented front, on ``port`` and without its certificate."""
    if name == "caddy":
        told = documented("caddy-hosts").replace("proxy.example.org {", f"http://127.0.0.1:{port} {{")
    else:
        told = documented("nginx")
        begin, end = told.index("upstream evenkeel"), told.index("map $")
        told = told[:begin] + documented("nginx-hosts") + told[end:]
        next_upstream = next(line for line in told.splitlines() if "proxy_next_upstream" in line)
        told = told.replace(next_upstream, documented("nginx-hosts-location"))
        told = told.replace("listen 443 ssl http2", f"listen 127.0.0.1:{port}")
    for setting in ("keepalive_timeout", "keepalive"):  # shorter than the lame duck of these hosts
        told = told.replace(f"{setting} 3s", f"{setting} {KEEP_ALIVE_SECONDS}s")
    for number, of_host in enumerate(ports, 1):
        told = told.replace(f"10.0.0.{number}:8045", f"127.0.0.1:{of_host}")
    return told


@pytest.mark.parametrize("name", ["nginx", "caddy"])
def test_a_rolling_restart_loses_no_answer(
    name: str, hosts: tuple[RunningServer, RunningServer], tmp_path: Path
) -> None:
    """Answers are whole while each host in turn is stopped and started again."""
    port = free_port()
    program: Callable[..., object] = nginx if name == "nginx" else caddy
    over = threading.Event()
    failed: list[str] = []
    served: list[int] = []

    def ask(number: int) -> None:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"x-api-key": KEY}, timeout=60
        ) as client:
            turn = 0
            due = time.monotonic()
            while not over.wait(max(0.0, due - time.monotonic())):
                due = time.monotonic() + PAUSE_SECONDS
                turn += 1
                prompt = f"Hello {number} {turn}."
                try:
                    body = {**FORM, "messages": [{"role": "user", "content": prompt}]}
                    answer = client.post("/v1/messages", json=body)
                    is_whole = answer.status_code == 200 and "event: message_stop" in answer.text
                    words = "" if is_whole else f"{answer.status_code} {answer.text[:200]}"
                except httpx.HTTPError as error:
                    words = repr(error)
                served.append(number)
                if words:
                    failed.append(words)

    with program(tmp_path, port, config(name, port, [host.port for host in hosts])):  # type: ignore[attr-defined]
        clients = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        began, restarts = time.monotonic(), 0
        try:
            while not restarts or len(served) < REQUESTS:
                for host in hosts:
                    assert host.stop() == 0
                    host.start()
                    wait_until_ready(host)
                    wait_until_asked(host)
                    restarts += 1
        finally:
            over.set()
            for client in clients:
                client.join()
    seconds = time.monotonic() - began
    print(f"{name}: {len(served)} requests in {seconds:.0f} s, {restarts} restarts, {len(failed)} failed")
    assert not failed, f"{len(failed)} of {len(served)} failed: {failed[:5]}"
    assert len(served) > 50


class OnceBroken(BaseHTTPRequestHandler):
    """Ready at any time; its first answer breaks off before it began, all others are there."""

    has_broken = False

    def do_GET(self) -> None:
        """``/readyz``."""
        self._say("ready")

    def do_POST(self) -> None:
        """The request is read whole."""
        self.rfile.read(int(self.headers["content-length"]))
        if OnceBroken.has_broken:
            return self._say("served")
        OnceBroken.has_broken = True
        self.close_connection = True
        return None

    def _say(self, text: str) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Not on the terminal."""


def test_one_broken_answer_does_not_close_caddy_s_door(tmp_path: Path) -> None:
    """While the other host restarts, a host that broke one answer is asked again at once."""
    live = ThreadingHTTPServer(("127.0.0.1", 0), OnceBroken)
    threading.Thread(target=live.serve_forever, daemon=True).start()
    port, away = free_port(), free_port()
    try:
        with caddy(tmp_path, port, config("caddy", port, [live.server_port, away])):
            url = f"http://127.0.0.1:{port}/v1/messages"
            assert httpx.post(url, json=FORM, timeout=60).status_code == 502
            for _ in range(5):
                answer = httpx.post(url, json=FORM, timeout=60)
                assert (answer.status_code, answer.text) == (200, "served")
    finally:
        live.shutdown()
        live.server_close()
