"""manage.py serve: where it listens, what it says, with how many processes, and what it refuses."""

import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from proxyproject.serving.listening import bind
from tests import stores
from tests.proxyproject.serving.raw_http import connect, get, head, post, read_to_end, read_until
from tests.running_server import ROOT, RunningServer, ServerWorld


@pytest.fixture
def redis_url() -> str:
    """A Redis for several processes, whatever store the suite runs on."""
    return stores.redis_url()


def serve(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``manage.py serve`` to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", "serve", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_start_says_where_and_with_what(own_traps: Callable[..., RunningServer]) -> None:
    """Version, address and data directory, once the server takes connections."""
    server = own_traps()
    told = rf"listens on http://127\.0\.0\.1:{server.port}, room for \d+ connections \(\d+ open files\)\n"
    assert re.search(told, server.output)
    assert f"Data directory: {server.data_dir}" in server.output
    assert "Antigravity" not in server.output


def test_files_of_the_original_program_are_named(server_world: ServerWorld) -> None:
    """When they lie in the data directory a line says so, and how its accounts are taken over."""
    data_dir, environment = server_world.prepare()
    (data_dir / "accounts.json").write_text("{}")
    environment["DJANGO_SETTINGS_MODULE"] = "tests.proxyproject.serving.trap_settings"
    server = RunningServer(data_dir, environment, ())
    server.wait_for_output(r"Files of Antigravity Tools are here too \(accounts.json\)")
    server.kill()


@pytest.mark.outside
def test_an_empty_data_directory_is_enough(tmp_path: Path) -> None:
    """Keys, secret and database make themselves, for the owner's eyes alone."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PROXY_ENV_FILE": ""}
    environment |= {"DJANGO_SETTINGS_MODULE": "tests.proxyproject.serving.trap_settings"}
    data_dir = tmp_path / ".antigravity_tools"
    server = RunningServer(data_dir, environment, ())
    assert "The database is up to date." in server.output
    assert get(f"{server.base_url}/admin/login/").status_code == 200
    assert server.stop() == 0
    for path in data_dir.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    with sqlite3.connect(data_dir / "proxy.sqlite3") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    server.start()
    assert "up to date" not in server.output
    assert server.stop() == 0


def test_an_address_in_use_is_told(server_world: ServerWorld) -> None:
    """A sentence and exit code 1, no traceback."""
    _, environment = server_world.prepare()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = serve(environment, "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "Cannot listen on 127.0.0.1:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
def test_what_is_no_port_is_not_listened_on(port: int) -> None:
    """The look-up of an address takes 99999 for 34463."""
    with pytest.raises(OSError, match="from 0 to 65535"):
        bind("127.0.0.1", port)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_listens_when_it_is_ready(server_world: ServerWorld, redis_url: str, workers: str) -> None:
    """Until then a front is refused at once and asks another host; the address is taken all the same."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {"TRAP_SLOW_START": "1", "REDIS_URL": redis_url}
    data_dir, environment = server_world.prepare(
        {"DJANGO_SETTINGS_MODULE": "tests.proxyproject.serving.trap_settings", **env}
    )
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port), "--workers", workers],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        ends_at = time.monotonic() + 60
        while not list(data_dir.glob("phases/*waits")):
            assert time.monotonic() < ends_at
            time.sleep(0.02)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        (data_dir / "begin").touch()
        while "listens on" not in (line := process.stdout.readline()):
            assert line
        assert get(f"http://127.0.0.1:{port}/v1/echo").status_code == 200
    finally:
        process.terminate()
        assert process.wait(60) == 0
        server_world.discard(data_dir)


def test_several_processes_need_redis(server_world: ServerWorld) -> None:
    """Marks, signatures and live rows travel over Redis: without it --workers 2 is refused."""
    _, environment = server_world.prepare()
    done = serve({**environment, "REDIS_URL": ""}, "--port", "0", "--workers", "2")
    assert done.returncode == 1
    assert "REDIS_URL" in done.stderr


@pytest.mark.skipif(not stores.wanted(), reason="needs TEST_STORES=postgres")
def test_a_postgresql_that_is_behind_is_not_migrated_by_itself(server_world: ServerWorld) -> None:
    """Several hosts may share it: serve says what to run, and does not start."""
    _, environment = server_world.prepare()
    environment["DATABASE_URL"] = stores.create_database("behind")
    try:
        done = serve(environment, "--port", "0")
    finally:
        stores.drop_database("behind")
    assert done.returncode == 1
    assert "evenkeel migrate" in done.stderr


def test_several_processes_share_one_address(own_traps: Callable[..., RunningServer], redis_url: str) -> None:
    """Two workers answer on one port; SIGTERM to the parent drains both, and everything ends with 0."""
    server = own_traps("--workers", "2", env={"REDIS_URL": redis_url})
    workers = psutil.Process(server.pid).children()
    assert len(workers) == 2
    seen: set[int] = set()
    while len(seen) < 2:
        seen.add(get(f"{server.base_url}/v1/echo").json()["pid"])
    assert seen == {worker.pid for worker in workers}
    with connect(server) as client:
        client.sendall(head("GET", "/v1/until-drain"))
        read_until(client, b"begin\n")
        server.process.send_signal(signal.SIGTERM)
        assert read_to_end(client).endswith(b"end\n\r\n0\r\n\r\n")
    assert server.wait() == 0
    assert not any(worker.is_running() for worker in workers)


def test_workers_do_not_outlive_their_parent(own_traps: Callable[..., RunningServer], redis_url: str) -> None:
    """Also when the parent is killed and can pass nothing on, the workers drain and end."""
    server = own_traps("--workers", "2", env={"REDIS_URL": redis_url})
    for _ in range(10):
        get(f"{server.base_url}/v1/echo").raise_for_status()
    workers = psutil.Process(server.pid).children()
    server.process.kill()
    gone, alive = psutil.wait_procs(workers)
    assert (len(gone), alive) == (2, [])


def test_plain_daphne_serves_too(server_world: ServerWorld) -> None:
    """``daphne …asgi:application``: answers, streams, refuses a large body, calls every phase."""
    data_dir, environment = server_world.prepare()
    environment |= {
        "DJANGO_SETTINGS_MODULE": "tests.proxyproject.serving.trap_settings",
        "RELAY_MAX_BODY_BYTES": "1000",
    }
    program = Path(sys.executable).with_name("daphne")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [program, "--fd", str(listener.fileno()), "tests.proxyproject.serving.trap_asgi:application"],
            pass_fds=[listener.fileno()],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        base_url = f"http://127.0.0.1:{port}"
        assert post(f"{base_url}/v1/echo", content=b"x" * 1000).json()["length"] == 1000
        assert post(f"{base_url}/v1/echo", content=b"x" * 1001).status_code == 413
        assert len(get(f"{base_url}/v1/many/plain/10/100000").content) == 1_000_000
        assert get(f"{base_url}/v1/broken/0").status_code == 500
        assert get(f"{base_url}/v1/broken/2").text == "piece 0\npiece 1\n"
        assert get(f"{base_url}/admin/login/").status_code == 200
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    finally:
        process.kill()
        process.wait()
    names = [path.name.partition("-")[2] for path in sorted((data_dir / "phases").iterdir())]
    assert names == ["start", "drain", "stop", "flush"]
