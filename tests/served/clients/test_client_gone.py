"""A client that goes: upstream is let go in the middle, and the row says who ended it and where."""

import json
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.proxyproject.serving.raw_http import connect, head, read_until
from tests.served.world import CLAUDE, GEMINI, KEY, PATIENCE_SECONDS, World

pytestmark = pytest.mark.stores

PATHS = {
    "anthropic": "/v1/messages",
    "anthropic from gemini": "/v1/messages",
    "gemini": f"/v1beta/models/{GEMINI}:streamGenerateContent?alt=sse",
    "gemini as array": f"/v1beta/models/{GEMINI}:streamGenerateContent",
    "gemini from anthropic": "/v1beta/models/gemini-on-claude:streamGenerateContent?alt=sse",
    "openai from anthropic": "/v1/chat/completions",
    "responses from anthropic": "/v1/responses",
}
TERMINAL = {
    "anthropic": b"message_stop",
    "gemini": b'"finishReason"',
    "openai": b"[DONE]",
    "responses": b"event: response.completed",
}


def body_for(way: str, prompt: str, is_stream: bool = True) -> bytes:
    if way.startswith("gemini"):
        return json.dumps({"contents": [{"role": "user", "parts": [{"text": prompt}]}]}).encode()
    if way.startswith("responses"):
        return json.dumps({"model": CLAUDE, "input": prompt, "stream": is_stream}).encode()
    model = "claude-on-gemini" if way == "anthropic from gemini" else CLAUDE
    body: dict[str, Any] = {"model": model, "max_tokens": 4096, "stream": is_stream}
    return json.dumps(body | {"messages": [{"role": "user", "content": prompt}]}).encode()


def ask(world: World, way: str, prompt: str, is_stream: bool = True) -> tuple[socket.socket, str]:
    """A request that is sent and not yet answered, and what its row is known by."""
    name = uuid.uuid4().hex
    prompt = f"{name} {prompt}"
    path = PATHS[way] if is_stream else PATHS[way].replace("streamGenerateContent?alt=sse", "generateContent")
    body = body_for(way, prompt, is_stream)
    client = connect(world.server)
    client.sendall(head("POST", path, f"x-api-key: {KEY}", f"content-length: {len(body)}") + body)
    return client, name


def row_of(world: World, name: str) -> dict[str, Any]:
    """The row of the exchange whose prompt begins with ``name``, once it has ended."""
    query = "SELECT * FROM monitor_requestlog WHERE preview LIKE %s AND in_flight = false"
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not (rows := world.server.rows(query, (f"{name}%",))):
        assert time.monotonic() < ends_at, "the row did not end"
        time.sleep(0.02)
    return rows[0]


def wait_until_let_go(world: World) -> None:
    """Until upstream sees its own client go; an answer that was read to its end instead never gets there."""
    world.simulator.wait_until(lambda requests: bool(requests and requests[-1].client_gone_at))


@pytest.mark.parametrize("is_stream", [True, False])
@pytest.mark.parametrize("way", ["anthropic", "anthropic from gemini", "gemini"])
@pytest.mark.parametrize("fault", ["hang", "stall", "pings_forever"])
def test_a_client_that_goes_before_the_commit(world: World, way: str, is_stream: bool, fault: str) -> None:
    """While upstream is connected, silent or only alive: cancelled, and not tried again."""
    client, name = ask(world, way, f"Hello. [fault: {fault}*]", is_stream)
    world.simulator.wait_until(lambda requests: len(requests) == 1)
    client.close()
    wait_until_let_go(world)
    row = row_of(world, name)
    assert (row["outcome"], row["ended_by"], row["attempts"]) == ("client_closed", "client", 1)
    assert row["ended_in"] in ("connect", "headers", "peek")
    query = "SELECT status, phase FROM monitor_attemptlog WHERE request_id = %s"
    [attempt] = world.server.rows(query, (row["id"],))
    assert attempt["status"] == (None if attempt["phase"] == "connect" else 200)  # it answered, or not yet
    assert len(world.simulator.requests) == 1


@pytest.mark.parametrize("way", list(PATHS))
def test_a_client_that_goes_in_the_middle(world: World, way: str) -> None:
    """After the commit: upstream is cancelled, the row knows what was said, nothing is retried."""
    client, name = ask(world, way, "Hello. [say: events=1500, delay=0.05]")
    assert b"[2] " in read_until(client, b"[2] ")
    client.close()
    wait_until_let_go(world)
    row = row_of(world, name)
    assert (row["outcome"], row["ended_by"], row["ended_in"]) == ("client_closed", "client", "text")
    assert (row["status"], row["attempts"]) == (200, 1)
    assert row["first_data_ms"] is not None


@pytest.mark.parametrize("way", ["anthropic", "gemini"])
def test_a_client_that_goes_while_a_collected_answer_grows(world: World, way: str) -> None:
    """It was promised nothing yet; the answer is let go all the same."""
    client, name = ask(world, way, "Hello. [say: events=1500, delay=0.05]", is_stream=False)
    world.simulator.wait_until(lambda requests: bool(requests and requests[0].headers_at))
    client.close()
    wait_until_let_go(world)
    assert row_of(world, name)["outcome"] == "client_closed"


@pytest.mark.parametrize("way", list(PATHS))
def test_a_client_that_goes_behind_the_terminal_event_has_all(world: World, way: str) -> None:
    """It does not wait for the connection's own end: that is no loss, and the row says ok."""
    client, name = ask(world, way, "Hello. [say: events=3]")
    mark = TERMINAL[way.split()[0]]
    received = read_until(client, mark)
    end = b"]\r\n" if "array" in way else b"\n"  # an array is over when it is closed
    received += read_until(client, end) if end not in received.partition(mark)[2] else b""
    client.close()
    row = row_of(world, name)
    assert (row["outcome"], row["ended_by"], row["ended_in"]) == ("ok", "upstream", "after_stop")


def test_a_client_that_goes_in_the_middle_of_a_backoff(
    own_world: Callable[..., AbstractContextManager[World]],
) -> None:
    """A wait between two attempts is ended too, and no further attempt is made."""
    with own_world(RELAY_BACKOFF_SCALE="20") as world:
        world.simulator.reset()
        client, name = ask(world, "anthropic", "Hello. [fault: status=503*]")
        world.simulator.wait_until(lambda requests: bool(requests and requests[0].ended_at))
        client.close()
        row = row_of(world, name)
        assert (row["outcome"], row["attempts"]) == ("client_closed", 1)
        assert int(row["duration_ms"]) < 5000
        assert len(world.simulator.requests) == 1


def test_a_client_that_goes_while_it_is_kept_patient(
    own_world: Callable[..., AbstractContextManager[World]],
) -> None:
    """Opened early, kept alive, and gone before a word was said."""
    with own_world(RELAY_PATIENCE_SECONDS="0.1", RELAY_KEEP_ALIVE_SECONDS="0.1") as world:
        client, name = ask(world, "anthropic", "Hello. [fault: hang*]")
        assert b"event: ping" in read_until(client, b"event: ping")
        client.close()
        wait_until_let_go(world)
        row = row_of(world, name)
        assert (row["outcome"], row["status"], row["attempts"]) == ("client_closed", 200, 1)


def test_a_client_that_goes_while_it_sends_leaves_no_row(world: World) -> None:
    """Half a request is no exchange."""
    before = world.server.rows("SELECT count(*) AS n FROM monitor_requestlog")
    client = connect(world.server)
    client.sendall(head("POST", "/v1/messages", f"x-api-key: {KEY}", "content-length: 5000") + b'{"model"')
    client.close()
    world.row(world.messages())
    [after] = world.server.rows("SELECT count(*) AS n FROM monitor_requestlog")
    assert after["n"] == before[0]["n"] + 1
