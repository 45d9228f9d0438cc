"""A process that cannot serve takes no connection, and one that leaves says so first."""

import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.fernet import Fernet

from tests import stores
from tests.running_server import RunningServer, ServerWorld
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


def test_a_start_waits_for_a_database_that_is_not_there_yet(server_world: ServerWorld) -> None:
    """It takes no connection, says why, and serves as soon as PostgreSQL answers."""
    url = server_world.new_database("late")
    real = parse_qs(urlsplit(url).query)["host"][0]
    data_dir, environment = server_world.prepare({"DATABASE_URL": url})
    place = Path(tempfile.mkdtemp())
    try:
        with socket.socket(socket.AF_UNIX) as nobody:
            nobody.bind(str(place / ".s.PGSQL.5432"))
            nobody.listen()
            environment["DATABASE_URL"] = f"postgresql://postgres@/late?host={place}"
            made: list[RunningServer] = []
            starting = threading.Thread(target=lambda: made.append(RunningServer(data_dir, environment, ())))
            starting.start()
            asked, _ = nobody.accept()  # it has tried
            asked.close()
        (place / ".s.PGSQL.5432").unlink()
        (place / ".s.PGSQL.5432").symlink_to(Path(real) / ".s.PGSQL.5432")
        starting.join()
        [server] = made
        assert "The database does not answer, trying again" in server.output
        assert httpx.get(f"{server.base_url}/healthz").status_code == 200
        assert server.stop() == 0
    finally:
        server_world.discard(data_dir)
        stores.drop_database("late")
        shutil.rmtree(place)
