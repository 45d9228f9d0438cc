"""nginx and Caddy as processes of a test: on a free port, writing into a folder of the test."""

import contextlib
import os
import random
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 20

NGINX = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {config}
}}
"""
CADDY = """
{{
    admin off
    auto_https off
}}
{config}
"""


FREE_PORTS = range(20_000, 30_000)
"""Below those that the system hands out by itself, which begin at 32768 on Linux."""


def free_port(among: Sequence[int] = FREE_PORTS) -> int:
    """A port that nobody listens on, and that the system hands to none of the servers that ask for any.

    What other tests of this run start meanwhile must not get this one.
    """
    while True:
        if is_free(port := random.choice(among)):
            return port


def is_free(port: int) -> bool:
    """Does nobody listen on it now?"""
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


def documented(language: str) -> str:
    """The example configuration of docs/deployment.md."""
    page = (ROOT / "docs" / "deployment.md").read_text()
    [block] = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    return str(block)


@contextmanager
def nginx(folder: Path, port: int, config: str) -> Iterator[str]:
    """nginx on ``port`` with ``config`` inside its ``http`` block; its address."""
    user = "user root;" if os.geteuid() == 0 else ""  # else its worker may not write into the folder
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user, config=config))
    command = ["nginx", "-p", str(folder), "-e", str(folder / "start.log"), "-c", str(folder / "nginx.conf")]
    with _running(command, folder, port) as address:
        yield address


@contextmanager
def caddy(folder: Path, port: int, config: str) -> Iterator[str]:
    """Caddy on ``port`` with ``config`` as its site; its address."""
    (folder / "Caddyfile").write_text(CADDY.format(config=config))
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    with _running(command, folder, port) as address:
        yield address


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[str]:
    name = command[0]
    path = shutil.which(name, path="/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin:/sbin:/bin")
    if path is None:
        pytest.skip(f"NO {name.upper()}: the server was not tried behind it (Debian: apt-get install {name})")
    output = folder / "output.txt"
    with output.open("wb") as said:
        process = subprocess.Popen([path, *command[1:]], stdout=said, stderr=subprocess.STDOUT)
    try:
        ends_at = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > ends_at:
                    pytest.fail(f"{name} did not start:\n{output.read_text()}")
                time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
