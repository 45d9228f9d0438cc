"""Which path goes where."""

import base64
import os
import socket

import pytest

from proxyproject.serving.relay_paths import is_relay_path
from proxyproject.serving.routing import is_own_page
from tests.proxyproject.serving.raw_http import connect, get, head, read_until
from tests.running_server import RunningServer


def test_paths_are_divided(subtests: pytest.Subtests) -> None:
    """The relay's paths go to the lean handler, everything else to Django."""
    for method, path, relay in [
        ("POST", "/v1/messages", True),
        ("POST", "/v1beta/models/x:generateContent", True),
        ("POST", "/v1alpha/models/x:generateContent", True),
        ("POST", "/v1/api/event_logging/batch", True),
        ("POST", "/api/event_logging/batch", True),
        ("GET", "/healthz", True),
        ("GET", "/readyz", True),
        ("GET", "/metrics", True),
        ("HEAD", "/", True),
        ("GET", "/", False),
        ("GET", "/admin/", False),
        ("GET", "/api/docs", False),
        ("GET", "/monitor/", False),
        ("GET", "/v10/messages", False),
        ("GET", "/healthz/x", False),
    ]:
        with subtests.test(f"{method, path, relay!r:.120}"):
            assert is_relay_path(method, path) is relay


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://127.0.0.1:8045", "127.0.0.1:8045", True),
        ("http://localhost:8045", "localhost:8045", True),
        ("http://LOCALHOST:8045", "localhost:8045", True),
        ("http://[::1]:8045", "[::1]:8045", True),
        ("https://proxy.example.org", "127.0.0.1:8045", True),
        ("https://proxy.example.org:444", "127.0.0.1:8045", False),
        ("http://proxy.example.org", "127.0.0.1:8045", False),
        ("http://127.0.0.1:9999", "127.0.0.1:8045", False),
        ("http://evil.example", "evil.example", False),
        ("http://127.0.0.1.evil.example:8045", "127.0.0.1:8045", False),
        ("null", "127.0.0.1:8045", False),
        ("", "127.0.0.1:8045", False),
        ("http://[::1", "127.0.0.1:8045", False),
    ],
)
def test_only_the_servers_own_pages_may_open_a_websocket(
    settings: object, origin: str, host: str, own: bool
) -> None:
    """Scheme, host and port count; a host that the server is not known by is none of its pages."""
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]  # type: ignore[attr-defined]
    settings.CSRF_TRUSTED_ORIGINS = ["https://proxy.example.org"]  # type: ignore[attr-defined]
    assert is_own_page(origin, host) is own


def upgrade(server: RunningServer, origin: str) -> socket.socket:
    """Ask for a WebSocket."""
    client = connect(server)
    client.sendall(
        head(
            "GET",
            "/ws/nowhere/",
            "upgrade: websocket",
            "connection: upgrade",
            "sec-websocket-version: 13",
            f"sec-websocket-key: {base64.b64encode(os.urandom(16)).decode()}",
            f"origin: {origin}",
        )
    )
    return client


def test_a_foreign_page_gets_no_websocket(traps: RunningServer) -> None:
    """403 before any consumer is asked."""
    with upgrade(traps, "http://evil.example") as client:
        assert read_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize("path", ["/ws/nowhere/", "/v1/messages", "/"])
def test_a_websocket_to_nowhere_is_denied(traps: RunningServer, path: str) -> None:
    """Whoever says that the page is our own: a 403, and no traceback, which would fill the log."""
    with connect(traps) as client:
        lines = [
            f"GET {path} HTTP/1.1",
            f"host: 127.0.0.1:{traps.port}",
            f"origin: http://127.0.0.1:{traps.port}",
            "upgrade: websocket",
            "connection: upgrade",
            "sec-websocket-version: 13",
            "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        assert read_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 403 ")
    assert "No route found" not in traps.output


def test_the_start_page_leads_to_the_admin(traps: RunningServer) -> None:
    """A person who opens the address finds the admin."""
    response = get(f"{traps.base_url}/")
    assert (response.status_code, response.headers["location"]) == (302, "/admin/")


def test_the_admin_is_served_with_its_styles(traps: RunningServer) -> None:
    """Nothing has to be collected first, and nothing is fetched from another host."""
    page = get(f"{traps.base_url}/admin/login/")
    assert "Evenkeel" in page.text
    addresses = {part.split('"')[0] for part in page.text.split('href="')[1:] + page.text.split('src="')[1:]}
    styles = {address for address in addresses if address.startswith("/static/")}
    assert styles
    for address in styles:
        assert get(traps.base_url + address).status_code == 200, address
    assert not [a for a in addresses if "//" in a]


@pytest.mark.parametrize(("language", "word"), [("en", "Password"), ("ja", "パスワード")])
def test_the_admin_speaks_the_browsers_language(traps: RunningServer, language: str, word: str) -> None:
    """English and Japanese."""
    page = get(f"{traps.base_url}/admin/login/", headers={"accept-language": language})
    assert word in page.text
