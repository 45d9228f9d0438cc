"""The rest of what a front has to pass: large bodies and their refusal, WebSockets."""

import ssl

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.fronts.conftest import BODY_LIMIT_BYTES, Front
from tests.served.operators import log_in, make_operator
from tests.served.world import CLAUDE, World

DOCUMENTED = ("documented nginx", "documented caddy")


def body_of(size: int) -> dict[str, object]:
    """A request of about ``size`` bytes."""
    said = [{"role": "user", "content": "x" * size}]
    return {"model": CLAUDE, "max_tokens": 16, "messages": said}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_body_over_the_limit_is_refused_by_the_server(front: Front, name: str) -> None:
    """413 in the dialect of the path arrives through the front, though the server refuses it unread."""
    with front(name) as client:
        response = client.post("/v1/messages", json=body_of(2 * BODY_LIMIT_BYTES))
        assert response.status_code == 413
        assert response.json()["error"]["type"] == "request_too_large"
        assert client.post("/v1/messages", json=body_of(BODY_LIMIT_BYTES // 2)).status_code == 200


def test_nginx_refuses_large_bodies_itself_by_default(front: Front) -> None:
    """Over 1 MB, in its own words: why the documented configuration names the limit."""
    with front("nginx") as client:
        response = client.post("/v1/messages", json=body_of(1_500_000))
    assert response.status_code == 413
    assert response.headers["content-type"] == "text/html"


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_live_page_has_its_socket(front: Front, behind: World, front_port: int, name: str) -> None:
    """Signed in over TLS, the page's WebSocket opens and tells what happens; a foreign page's does not."""
    make_operator(behind)
    own = f"https://127.0.0.1:{front_port}"
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with front(name) as client:
        log_in(client)
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        url = f"wss://127.0.0.1:{front_port}/ws/monitor/"
        headers = {"cookie": cookie}
        with connect(url, ssl=trusting, origin=own, additional_headers=headers) as socket:
            assert socket.recv(timeout=10)
        with pytest.raises(InvalidStatus, match="403"):
            connect(url, ssl=trusting, origin="https://evil.example", additional_headers=headers)
