"""One server, and the fronts before it."""

import datetime
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.fronts.front import caddy, documented, free_port, nginx
from tests.running_server import ServerWorld
from tests.served.world import KEY, World, lasting_world

KEEP_ALIVE_SECONDS, READ_TIMEOUT_SECONDS = 0.25, 1
"""Everything scaled down together: 15 s and nginx's 60 s are a quarter too."""

BODY_LIMIT_BYTES = 2_000_000
Front = Callable[[str], AbstractContextManager[httpx.Client]]


@pytest.fixture(scope="package")
def front_port() -> int:
    """Where the front listens: the server must know its own address."""
    return free_port()


@pytest.fixture(scope="package")
def behind(server_world: ServerWorld, front_port: int) -> Iterator[World]:
    """The server that the fronts stand before."""
    env = {
        "RELAY_PATIENCE_SECONDS": str(KEEP_ALIVE_SECONDS),
        "RELAY_KEEP_ALIVE_SECONDS": str(KEEP_ALIVE_SECONDS),
        "RELAY_MAX_BODY_BYTES": str(BODY_LIMIT_BYTES),
        "PROXY_HTTPS": "true",
        "PROXY_TRUSTED_ORIGINS": f"https://127.0.0.1:{front_port}",
    }
    with lasting_world(server_world, **env) as world:
        yield world


@pytest.fixture(scope="package")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def front(behind: World, front_port: int, certificate: tuple[Path, Path], tmp_path: Path) -> Front:
    """``with front("nginx") as client``: a client of the front ``nginx``, ``caddy`` (their defaults), or of
    ``documented nginx``, ``documented caddy``."""
    cert, key = certificate
    upstream = f"127.0.0.1:{behind.server.port}"

    def config(name: str) -> str:
        match name:
            case "nginx":
                return (
                    f"proxy_read_timeout {READ_TIMEOUT_SECONDS}s;"
                    f"server {{ listen 127.0.0.1:{front_port};"
                    f" location / {{ proxy_pass http://{upstream}; }} }}"
                )
            case "nginx with gzip":
                return "gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any;" + config("nginx")
            case "caddy":
                return f"http://127.0.0.1:{front_port} {{\nreverse_proxy {upstream}\n}}"
            case "documented nginx":
                told = documented("nginx").replace("127.0.0.1:8045", upstream)
                told = told.replace("listen 443 ssl", f"listen 127.0.0.1:{front_port} ssl")
                return told.replace(
                    "# ssl_certificate, ssl_certificate_key",
                    f"ssl_certificate {cert}; ssl_certificate_key {key};",
                )
            case _:
                told = documented("caddy").replace("127.0.0.1:8045", upstream)
                site = f"https://127.0.0.1:{front_port} {{\n    tls {cert} {key}"
                return told.replace("proxy.example.org {", site)

    @contextmanager
    def make(name: str) -> Iterator[httpx.Client]:
        behind.simulator.reset()
        program = nginx if "nginx" in name else caddy
        scheme = "https" if name.startswith("documented") else "http"
        with (
            program(tmp_path, front_port, config(name)) as address,
            httpx.Client(
                base_url=f"{scheme}://{address}", headers={"x-api-key": KEY}, timeout=30, verify=False
            ) as client,
        ):
            yield client
        behind.clear_marks()

    return make
