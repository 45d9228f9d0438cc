"""The account's test says which address it asked, and what is wrong with it: real sockets, broken ones."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from accounts.credentials.encryption import encrypt
from accounts.snapshot import AccountView
from relay.short.trial import test_account as ask
from relay.simulator.thread import SimulatorThread

pytestmark = pytest.mark.outside

MODEL = "house-model"
PATH_REMEDY = "is the base URL too long, or too short?"


def account(base_url: str, kind: str = "openai", *models: str) -> AccountView:
    sealed = encrypt({"api_key": "sim-a"})
    return AccountView(
        id=1, email="a@x", kind=kind, base_url=base_url, models=models or (MODEL, "second"), sealed=sealed
    )


class Answers(BaseHTTPRequestHandler):
    """Says the same to everybody, and counts."""

    status = 404
    headers_told: ClassVar[dict[str, str]] = {}
    body = b""
    asked = 0

    def do_POST(self) -> None:
        Answers.asked += 1
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(self.status)
        for name, value in {"content-type": "application/json", **self.headers_told}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def answering(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server that answers so."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


async def said(base_url: str) -> str:
    """What the test says of an account at ``base_url``: not well, and the address."""
    Answers.asked = 0
    result = await ask(account(base_url))
    assert not result.ok
    said = result.message.partition(f" Asked: {base_url}/v1/chat/completions")[0]
    assert said != result.message
    assert said.endswith((".", "?"))
    return result.message


async def test_a_working_account_is_told_with_its_address() -> None:
    """So that a mapping to the wrong place is seen too."""
    with SimulatorThread() as simulator:
        result = await ask(account(simulator.base_url, "anthropic", "claude-sonnet-4-6"))
    assert result.ok
    assert f"Asked: {simulator.base_url}/v1/messages" in result.message


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (404, "application/json", b'{"detail":"Not Found"}'),
        (404, "text/plain", b"404 page not found"),
        (405, "application/json", b'{"error":{"message":"Method Not Allowed"}}'),
        (200, "text/html", b"<!doctype html><title>Welcome</title>"),
    ],
)
async def test_a_path_that_does_not_exist_there(status: int, content_type: str, body: bytes) -> None:
    """The base URL is too long or too short; asking for the next model would say nothing new."""
    Answers.status, Answers.headers_told, Answers.body = status, {"content-type": content_type}, body
    with answering() as port:
        assert PATH_REMEDY in await said(f"http://127.0.0.1:{port}")
    assert Answers.asked == 1


async def test_a_model_that_does_not_exist_there_is_no_wrong_path() -> None:
    """Then the next model of the list is asked for."""
    Answers.status, Answers.headers_told = 404, {}
    Answers.body = b'{"error":{"message":"The model `house-model` does not exist"}}'
    with answering() as port:
        assert PATH_REMEDY not in await said(f"http://127.0.0.1:{port}")
    assert Answers.asked == 2


async def test_a_redirect_names_its_target_and_the_remedy() -> None:
    """It is not followed."""
    Answers.status, Answers.body = 308, b""
    Answers.headers_told = {"location": "https://api.up.example/v1/chat/completions?key=k"}
    with answering() as port:
        told = await said(f"http://127.0.0.1:{port}")
    target = "https://api.up.example/v1/chat/completions"
    assert f"redirect (308) to {target}: make https://api.up.example " in told


async def test_nothing_listens_there() -> None:
    """A port that is closed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "the connection was refused: nothing listens there" in await said(f"http://127.0.0.1:{port}")


async def test_the_host_is_not_found() -> None:
    """A name that never exists (RFC 6761); a machine without a name server cannot even look it up."""
    told = await said("http://no-such-host.invalid")
    assert "the host was not found" in told or "the host's name could not be looked up" in told


async def test_plain_http_where_tls_is_expected() -> None:
    """https:// before a server that speaks none."""
    Answers.status, Answers.headers_told, Answers.body = 404, {}, b"{}"
    with answering() as port:
        assert "TLS failed: is it http:// there?" in await said(f"https://127.0.0.1:{port}")


async def test_a_certificate_that_nobody_signed(tmp_path: Path) -> None:
    """The reason is told; no setting takes it all the same."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path / "own.pem"))
    with answering(context) as port:
        told = await said(f"https://127.0.0.1:{port}")
    assert "the certificate is not valid: it is signed by itself" in told


def _self_signed(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path
