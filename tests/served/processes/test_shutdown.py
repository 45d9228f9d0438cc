"""The end of the server, asked for or not: no stream merely stops, no row is lost or stays open."""

import os
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import httpx
import pytest

from relay.simulator.model.prose import read_counters
from relay.simulator.thread import SimulatorThread
from tests.proxyproject.serving.raw_http import read_to_end, read_until
from tests.running_server import RunningServer, ServerWorld
from tests.served.clients.test_client_gone import ask
from tests.served.operators import log_in, make_operator
from tests.served.processes.several import shared_stores
from tests.served.world import CLAUDE, GEMINI, KEY, PATIENCE_SECONDS, World, events, text_of

OwnWorld = Callable[..., AbstractContextManager[World]]
STREAMS = 50
WAYS = (
    "anthropic",
    "anthropic from gemini",
    "gemini",
    "gemini from anthropic",
    "openai from anthropic",
    "responses from anthropic",
)
CLOSED_FOR_RESTART = b"\x88\x02" + (1012).to_bytes(2, "big")
"""A WebSocket's last frame, with the code of RFC 6455's registry for a server that restarts."""
ENDLESS = "[say: events=1500, delay=0.2]"


def begun(world: World, prompt: str, count: int = STREAMS) -> list[tuple[socket.socket, bytes, str]]:
    """``count`` streams of all ways that have said something: socket, what came, name."""
    asked = [ask(world, WAYS[number % len(WAYS)], prompt) for number in range(count)]
    return [(client, read_until(client, b"[1] "), name) for client, name in asked]


def decoded(received: bytes) -> httpx.Response:
    """A raw chunked answer as a response; ``is_whole`` tells if its last chunk came."""
    top, _, chunked = received.partition(b"\r\n\r\n")
    body = b""
    while chunked:
        size, _, rest = chunked.partition(b"\r\n")
        length = int(size, 16)
        body, chunked = body + rest[:length], rest[length + 2 :]
        if not length:
            return httpx.Response(int(top.split()[1]), content=body)
    raise AssertionError("the stream merely stopped")


def all_read(streams: list[tuple[socket.socket, bytes, str]]) -> list[httpx.Response]:
    """The streams to their end, read at the same time."""
    with ThreadPoolExecutor(len(streams)) as readers:
        return list(readers.map(lambda stream: decoded(stream[1] + read_to_end(stream[0])), streams))


def in_flight(server: RunningServer) -> int:
    [row] = server.rows("SELECT count(*) AS n FROM monitor_requestlog WHERE in_flight = true")
    return int(str(row["n"]))


def outcomes(server: RunningServer) -> dict[str, int]:
    """How the exchanges ended; the world's own start asks for lists, which are none."""
    query = "SELECT outcome, count(*) AS n FROM monitor_requestlog WHERE method = 'POST' GROUP BY outcome"
    rows = server.rows(query)
    return {str(row["outcome"]): int(str(row["n"])) for row in rows}


def test_running_streams_end_whole_while_new_exchanges_are_refused(own_world: OwnWorld) -> None:
    """SIGTERM: 50 of 50 go on to their own end, what is new gets 503 with Retry-After in its dialect."""
    with own_world(RELAY_DRAIN_SECONDS="60") as world:
        streams = begun(world, "Hello. [say: events=60] [fault: stall@5*]")
        world.server.process.send_signal(signal.SIGTERM)
        world.server.wait_for_output(f"Draining: {STREAMS} running")
        paths = ("/v1/messages", f"/v1beta/models/{GEMINI}:generateContent", "/v1/chat/completions")
        for path in (*paths, "/v1/responses"):
            refused = httpx.post(
                world.server.base_url + path, headers={"x-api-key": KEY}, json={"model": CLAUDE}
            )
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) > 0
            assert "restarting" in refused.json()["error"]["message"]
        world.simulator.release()
        for answer in all_read(streams):
            counters = [counter for counter, _ in read_counters(text_of(answer))]
            assert counters == list(range(60))
        assert world.server.wait() == 0
        assert in_flight(world.server) == 0
        assert outcomes(world.server) == {"ok": STREAMS}
        assert "Traceback" not in world.server.log_text


@pytest.mark.parametrize("answers", [True, False])
def test_an_open_live_feed_does_not_hold_up_the_end(own_world: OwnWorld, answers: bool) -> None:
    """SIGTERM: an operator's page hears of the restart, and one that is gone is not waited for."""
    with own_world(RELAY_DRAIN_SECONDS="600") as world:
        make_operator(world)
        with httpx.Client(base_url=world.server.base_url) as browser:
            log_in(browser)
            cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        host = world.server.base_url.removeprefix("http://")
        with socket.create_connection(("127.0.0.1", world.server.port), timeout=PATIENCE_SECONDS) as page:
            page.sendall(
                f"GET /ws/monitor/ HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\ncookie: {cookies}\r\n"
                "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
                "sec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
            )
            assert read_until(page, b"in_flight").startswith(b"HTTP/1.1 101 ")
            world.server.process.send_signal(signal.SIGTERM)
            read_until(page, CLOSED_FOR_RESTART)
            if answers:
                page.sendall(b"\x88\x82\0\0\0\0" + CLOSED_FOR_RESTART[2:])
            assert world.server.wait() == 0
        assert "Traceback" not in world.server.log_text


@pytest.mark.parametrize("form", ["committed", "kept patient", "collected"])
def test_what_outlasts_the_drain_is_told_so(own_world: OwnWorld, form: str) -> None:
    """After RELAY_DRAIN_SECONDS each exchange ends with an error that says it; its row is interrupted."""
    count = 20
    with own_world(RELAY_DRAIN_SECONDS="0.3", RELAY_PATIENCE_SECONDS="0.1") as world:
        if form == "committed":
            streams = begun(world, ENDLESS, count)
        else:
            ways = WAYS if form == "kept patient" else ("anthropic", "gemini", "openai from anthropic")
            asked = [
                ask(world, ways[number % len(ways)], "[fault: hang*]", form == "kept patient")
                for number in range(count)
            ]
            mark = b"\r\n\r\n" if form == "kept patient" else b""
            streams = [(client, read_until(client, mark), name) for client, name in asked]
            world.simulator.wait_until(lambda requests: sum(r.method == "POST" for r in requests) == count)
        world.server.process.send_signal(signal.SIGTERM)
        if form == "collected":
            answers = [read_to_end(client) for client, _, _ in streams]
            assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in answers)
            assert all(b"retry-after: " in answer.lower() for answer in answers)
        else:
            for answer in all_read(streams):
                is_error = [
                    "error" in data or data.get("type") == "response.failed" for _, data in events(answer)
                ]
                told = [data.get("type") for _, data in events(answer)][-2:]
                ends = 2 if told == ["response.failed", "error"] else 1  # Codex hears the first alone
                assert all(is_error[-ends:])
                assert not any(is_error[:-ends])
                for ending in ("message_stop", '"finishReason"', "[DONE]", "response.completed"):
                    assert ending not in answer.text
                counters = [counter for counter, _ in read_counters(text_of(answer))]
                assert counters == list(range(len(counters)))
        assert world.server.wait() == 0
        assert in_flight(world.server) == 0
        assert outcomes(world.server) == {"interrupted": count}
        assert "Traceback" not in world.server.log_text


def test_a_kill_loses_nothing_and_leaves_nothing_open(own_world: OwnWorld) -> None:
    """kill -9 in the middle of 50 streams: what was on record stays; the next start closes it."""
    with own_world() as world:
        finished = [world.row(world.messages())["id"] for _ in range(3)]
        streams = begun(world, ENDLESS)
        wait_until_in_flight(world.server, STREAMS)
        os.kill(world.server.pid, signal.SIGKILL)
        for client, _, _ in streams:
            client.close()
        world.server.wait()
        rows = world.server.rows(
            "SELECT id, outcome, in_flight FROM monitor_requestlog WHERE method = 'POST'"
        )
        assert len(rows) == STREAMS + len(finished)
        assert in_flight(world.server) == STREAMS
        world.server.start()
        wait_until_closed(world.server, STREAMS)
        assert outcomes(world.server) == {"ok": len(finished), "interrupted": STREAMS}
        query = "SELECT DISTINCT error, ended_by FROM monitor_requestlog WHERE outcome = 'interrupted'"
        [told] = world.server.rows(query)
        assert told["ended_by"] == "proxy"
        assert "ended unexpectedly" in str(told["error"])
        assert world.messages().status_code == 200


def test_a_sibling_closes_rows_of_the_dead_and_never_of_the_living(server_world: ServerWorld) -> None:
    """Two servers on one data directory: the second one's start leaves the first one's streams alone.

    On common stores: SQLite's directory takes one server.
    """
    with SimulatorThread() as simulator, shared_stores(server_world) as start:
        world = World(start(), simulator)
        streams = begun(world, ENDLESS, 8)
        sibling = RunningServer(world.server.data_dir, world.server.env, ())
        try:
            asked = httpx.post(
                sibling.base_url + "/v1/messages/count_tokens",
                headers={"x-api-key": KEY},
                json={"model": CLAUDE, "messages": [{"role": "user", "content": "Hello."}]},
            )
            assert asked.status_code == 200
            wait_until_in_flight(sibling, len(streams))
            assert "have died" not in sibling.log_text
            os.kill(world.server.pid, signal.SIGKILL)
            world.server.wait()
            wait_until_closed(sibling, len(streams))
        finally:
            sibling.stop()
        for client, _, _ in streams:
            client.close()


def wait_until_in_flight(server: RunningServer, count: int) -> None:
    """Until the rows of ``count`` running exchanges are stored: they are written behind the exchange."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while in_flight(server) != count:
        assert time.monotonic() < ends_at, f"{in_flight(server)} rows in flight"
        time.sleep(0.02)


def wait_until_closed(server: RunningServer, count: int) -> None:
    """Until no row is in flight: by the dead process's lock, not only when its heartbeat had grown old."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    told = f"Closed {count} rows in flight of 1 processes that have died"
    while in_flight(server) or told not in server.log_text:
        assert time.monotonic() < ends_at, f"rows of a dead process stay open: {server.log_text}"
        time.sleep(0.1)
