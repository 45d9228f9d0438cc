"""What is for browsers: calls from other origins, and the description of the paths."""

import re
import signal
from typing import Any

import httpx
import pytest

from tests.proxyproject.serving.raw_http import read_to_end
from tests.served.processes.test_shutdown import begun
from tests.served.world import KEY, World

PAGE, STRANGER = "https://app.example.org", "https://evil.example"
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,x-stainless-os",
}


def preflight(world: World, origin: str, path: str = "/v1/chat/completions") -> httpx.Response:
    return httpx.options(world.server.base_url + path, headers={"origin": origin, **PREFLIGHT})


def test_pages_that_are_named_may_call(own_world: Any) -> None:
    """A named origin gets its preflight answered and may read answers, streams and errors; others may not."""
    with own_world(RELAY_CORS_ORIGINS=f"{PAGE}, http://localhost:3000") as world:
        asked = preflight(world, PAGE)
        assert asked.status_code == 204
        assert asked.headers["access-control-allow-origin"] == PAGE
        assert asked.headers["access-control-allow-headers"] == PREFLIGHT["access-control-request-headers"]
        assert "POST" in asked.headers["access-control-allow-methods"]
        assert "access-control-allow-credentials" not in asked.headers
        world.client.headers["origin"] = PAGE
        for answer in (world.messages(), world.messages(stream=False), world.messages(model="nothing")):
            assert answer.headers["access-control-allow-origin"] == PAGE
            assert answer.headers["vary"] == "Origin"
            assert "x-request-id" in answer.headers["access-control-expose-headers"]
        world.client.headers["origin"] = STRANGER
        assert "access-control-allow-origin" not in world.messages().headers
        assert "access-control-allow-origin" not in preflight(world, STRANGER).headers
        metrics = httpx.get(world.server.base_url + "/metrics", headers={"origin": PAGE})
        assert "access-control-allow-origin" not in metrics.headers


def test_a_page_may_read_why_it_was_not_served(own_world: Any) -> None:
    """A refused key, a body over the limit, a server that restarts: errors, and not "failed to fetch"."""
    with own_world(RELAY_CORS_ORIGINS=PAGE, RELAY_MAX_BODY_BYTES="50000", RELAY_DRAIN_SECONDS="60") as world:
        url, page = f"{world.server.base_url}/v1/messages", {"origin": PAGE}
        stranger = {"origin": STRANGER}
        unknown = httpx.post(url, json={}, headers={**page, "x-api-key": "sk-unknown-key"})
        large = httpx.post(url, content=b" " * 50_001, headers=page)
        strange = httpx.post(url, content=b" " * 50_001, headers=stranger)
        [stream] = begun(world, "Hello. [say: events=60, delay=0.05]", 1)
        world.server.process.send_signal(signal.SIGTERM)
        world.server.wait_for_output("Draining: 1 running")
        asked, draining = preflight(world, PAGE), httpx.post(url, json={}, headers=page)
        read_to_end(stream[0])
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == PAGE
    for answer, status in ((unknown, 401), (large, 413), (draining, 503)):
        assert answer.status_code == status
        assert answer.json()["type"] == "error"
        assert answer.headers.get_list("access-control-allow-origin") == [PAGE]
        assert answer.headers["vary"] == "Origin"
        assert {"x-request-id", "retry-after"} <= set(
            answer.headers["access-control-expose-headers"].split(", ")
        )
    assert strange.status_code == 413
    assert "access-control-allow-origin" not in strange.headers


def test_without_the_setting_no_page_may_call(world: World) -> None:
    """Off by default: a preflight is refused, and no answer names an origin."""
    assert preflight(world, PAGE).status_code == 405
    headers = {"origin": PAGE, "authorization": f"Bearer {KEY}"}
    answer = httpx.get(world.server.base_url + "/v1/models", headers=headers)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_paths_are_described(world: World) -> None:
    """``/api/openapi.json`` names every path, how a client signs in, and what it may send."""
    described = httpx.get(world.server.base_url + "/api/openapi.json").json()
    assert {
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/embeddings",
        "/v1/models",
        "/v1beta/models/{model}",
        "/v1beta/models/{model}:streamGenerateContent",
        "/healthz",
    } <= set(described["paths"])
    body = described["paths"]["/v1/messages"]["post"]["requestBody"]["content"]["application/json"]
    assert world.client.post("/v1/messages", json=body["example"]).status_code == 200
    assert set(described["components"]["securitySchemes"]) == {"bearer", "x-api-key", "x-goog-api-key"}
    assert described["paths"]["/healthz"]["get"]["security"] == []


def test_the_page_needs_nothing_from_elsewhere(world: World) -> None:
    """``/api/docs`` loads its scripts and styles from this server alone."""
    page = httpx.get(world.server.base_url + "/api/docs")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) >= 3
    for address in loaded:
        assert address.startswith("/static/")
        assert httpx.get(world.server.base_url + address).status_code == 200
    assert "/api/openapi.json" in page.text


@pytest.mark.parametrize("path", ["/api/docs", "/api/openapi.json"])
def test_the_description_is_only_read(world: World, path: str) -> None:
    """Nothing is sent to it."""
    assert httpx.post(world.server.base_url + path).status_code in (403, 405)
