"""What the server tells of itself, and the pages on a port of their own."""

import socket
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests import stores
from tests.proxyproject.serving.raw_http import connect, get, head, read_until
from tests.running_server import RunningServer, ServerWorld
from tests.served.operators import log_in, make_operator
from tests.served.world import World, lasting_world

FROM_OUTSIDE = {"x-forwarded-for": "203.0.113.9"}
CLIENTS_GO_TO = "https://relay.example.org"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def parted(server_world: ServerWorld) -> Iterator[tuple[World, str]]:
    """A server with the pages on a port of their own, and where that is."""
    port = free_port()
    settings = {"PROXY_PAGES_PORT": str(port), "PROXY_CLIENT_URL": f"{CLIENTS_GO_TO}/"}
    with lasting_world(server_world, PROXY_FIGURES_TOKEN="figures", **settings) as world:
        make_operator(world)
        yield world, f"http://127.0.0.1:{port}"


def test_figures_are_for_this_machine_and_for_who_shows_the_token(parted: tuple[World, str]) -> None:
    """Whoever else asks hears no figure, no lack, no description; whether it can serve is told to all."""
    base_url = parted[0].server.base_url
    outside = get(f"{base_url}/metrics", headers=FROM_OUTSIDE)
    assert outside.status_code == 403
    assert "evenkeel_" not in outside.text
    token = {**FROM_OUTSIDE, "authorization": "Bearer figures"}
    assert "evenkeel_" in get(f"{base_url}/metrics", headers=token).text
    assert "evenkeel_" in get(f"{base_url}/metrics").text
    assert get(f"{base_url}/readyz", headers=FROM_OUTSIDE).json() == {"ready": True}
    assert get(f"{base_url}/readyz").json() == {"ready": True, "missing": []}
    assert get(f"{base_url}/healthz", headers=FROM_OUTSIDE).status_code == 200


def test_the_description_is_for_insiders_and_staff(parted: tuple[World, str]) -> None:
    """Others are sent to the login."""
    for path in ("/api/docs", "/api/openapi.json"):
        with httpx.Client(base_url=parted[1], timeout=30) as browser:
            assert browser.get(path).status_code == 200
            sent = browser.get(path, headers=FROM_OUTSIDE)
            assert sent.status_code == 302
            assert sent.headers["location"].startswith("/admin/login/")
            log_in(browser)
            assert browser.get(path, headers=FROM_OUTSIDE).status_code == 200


def test_the_relays_port_has_no_page(parted: tuple[World, str]) -> None:
    """Not the login, no file, no socket; and the pages' port serves no client."""
    world, pages = parted
    for path in ("/", "/admin/login/", "/static/evenkeel/frame.css", "/monitor/live/", "/api/docs", "/x"):
        answer = get(world.server.base_url + path)
        assert answer.status_code == 404, path
        assert answer.json()["error"]["message"].startswith("There is nothing at this path"), path
    assert get(f"{pages}/admin/login/").status_code == 200
    assert get(f"{pages}/static/evenkeel/frame.css").status_code == 200
    assert get(f"{pages}/healthz").status_code == 200
    refused = httpx.post(f"{pages}/v1/messages", json={})
    assert refused.status_code == 404
    assert refused.json()["type"] == "error"
    assert world.messages("A plain question.").status_code == 200
    client = connect(world.server)
    asked = (
        "upgrade: websocket",
        "connection: upgrade",
        f"origin: {world.server.base_url}",
        "sec-websocket-version: 13",
        "sec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==",
    )
    client.sendall(head("GET", "/ws/monitor/", *asked))
    assert read_until(client, b"\r\n").split()[1] == b"403"
    client.close()


def test_the_pages_tell_clients_where_to_go(parted: tuple[World, str]) -> None:
    """To the relay's address, not to the one of the page."""
    with httpx.Client(base_url=parted[1], timeout=30) as browser:
        log_in(browser)
        page = browser.get("/admin/accounts/clientkey/1/connect/").text
        assert CLIENTS_GO_TO in page
        assert parted[1] not in page


def test_workers_share_both_ports(running_server: Callable[..., RunningServer]) -> None:
    """With several processes each takes connections of both."""
    port = free_port()
    env = {"PROXY_PAGES_PORT": str(port), "PROXY_CLIENT_URL": CLIENTS_GO_TO, "REDIS_URL": stores.redis_url()}
    server = running_server("--workers", "2", env=env)
    assert f"The pages are on http://127.0.0.1:{port}/admin/" in server.output
    answers = {get(f"http://127.0.0.1:{port}/admin/login/").status_code for _ in range(8)}
    answers |= {get(f"{server.base_url}/healthz").status_code for _ in range(8)}
    assert answers == {200}
    assert server.stop() == 0


def test_foreign_host_headers_do_not_fill_the_log(parted: tuple[World, str]) -> None:
    """Five hundred of them are a few short lines without a traceback, and the pages go on."""
    world, pages = parted
    before = len(world.server.log_text)
    with httpx.Client(base_url=pages, timeout=30) as stranger:
        for number in range(500):
            asked = stranger.get("/admin/login/", headers={"host": f"evil{number}.example"})
            assert asked.status_code == 400
    assert get(f"{pages}/admin/login/").status_code == 200
    world.server.wait_for_output("evil0.example")
    written = world.server.log_text[before:]
    assert len(written) < 10_000
    assert "Traceback" not in written
