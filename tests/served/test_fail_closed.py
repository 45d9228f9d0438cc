"""A process that cannot serve takes no connection, and one that leaves says so first."""

import signal
from collections.abc import Callable

import httpx
import pytest
from cryptography.fernet import Fernet

from tests.running_server import RunningServer
from tests.served.world import KEY


def test_a_host_with_another_key_does_not_start(running_server: Callable[..., RunningServer]) -> None:
    """It says why, ends with an error, and no account of the shared database is touched."""
    server = running_server()
    assert server.stop() == 0
    (server.data_dir / "fernet.key").write_bytes(Fernet.generate_key())
    with pytest.raises(AssertionError, match="PROXY_FERNET_KEYS"):
        server.start()
    assert server.process.returncode not in (0, None)


def test_a_lame_duck_still_serves(running_server: Callable[..., RunningServer]) -> None:
    """After the first signal ``/readyz`` says 503 and requests are served; the second one ends it."""
    server = running_server(env={"RELAY_LAME_DUCK_SECONDS": "300"})
    server.manage("create_client_key", "tests", "--key", KEY)
    with httpx.Client(base_url=server.base_url, headers={"x-api-key": KEY}, timeout=30) as client:
        while client.get("/v1/models").status_code != 200:
            pass  # the key is on its way
        server.process.send_signal(signal.SIGTERM)
        while "draining" not in client.get("/readyz").json()["missing"]:
            pass
        assert client.get("/v1/models").status_code == 200
    assert server.stop() == 0
