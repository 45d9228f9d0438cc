"""Requests as probes, forward proxies and packers write them: rare forms of HTTP that are right."""

import gzip
import json

import httpx
import pytest

from tests.proxyproject.serving.raw_http import connect, head, read_to_end
from tests.served.world import KEY, World

BODY = json.dumps(
    {"model": "claude-on-gemini", "max_tokens": 64, "messages": [{"role": "user", "content": "Hello."}]}
).encode()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_a_probe_may_ask_for_the_head_alone(world: World, path: str) -> None:
    """HEAD has the status of GET, and no body: the default of some uptime monitors."""
    asked = httpx.head(world.server.base_url + path)
    assert (asked.status_code, asked.content) == (200, b"")
    assert httpx.get(world.server.base_url + path).content


def test_probes_are_still_described(world: World) -> None:
    """The description of the paths tells GET, and HEAD not as a second one."""
    paths = httpx.get(world.server.base_url + "/api/openapi.json").json()["paths"]
    assert set(paths["/healthz"]) == {"get"}


@pytest.mark.parametrize("address", ["http://127.0.0.1", "HTTP://proxy.example:8045", "https://x"])
def test_the_target_may_be_a_whole_address(world: World, address: str) -> None:
    """What a client sends that takes the server for its HTTP proxy (RFC 9112, 3.2.2)."""
    headers = (f"x-api-key: {KEY}", "content-type: application/json", f"content-length: {len(BODY)}")
    with connect(world.server) as client:
        asked = head("POST", f"{address}/v1/messages?beta=true", *headers, "connection: close")
        client.sendall(asked + BODY)
        assert read_to_end(client).startswith(b"HTTP/1.1 200 ")


def test_a_gzip_body_may_have_several_members(world: World) -> None:
    """As pigz and appended files have (RFC 1952, 2.2): all of them are the body."""
    packed = gzip.compress(BODY[:40]) + gzip.compress(BODY[40:])
    answer = world.client.post("/v1/messages", content=packed, headers={"content-encoding": "gzip"})
    assert answer.status_code == 200, answer.text
