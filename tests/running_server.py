"""A real server for tests: ``manage.py serve`` in a process, a data directory and a database of its own.

Tests get it through the fixture ``running_server`` (tests/conftest.py)::

    def test_something(running_server):
        server = running_server(env={"RELAY_BACKOFF_SCALE": "0"})
        httpx.get(server.base_url + "/healthz")
        assert server.rows("SELECT count(*) AS n FROM monitor_requestlog") == [{"n": 0}]

With ``TEST_STORES=postgres`` each server gets a PostgreSQL database and a Redis of its own instead.
"""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import loaded_python, stores
from tests.management import Management

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 120
STOP_SECONDS = 120
LISTENING = re.compile(r"^Evenkeel \S+ listens on (http://[^\s,]+)", re.MULTILINE)


def json_value(value: object) -> Any:
    """A JSON column as ``RunningServer.rows`` reads it: SQLite has its text, PostgreSQL the value."""
    return json.loads(value) if isinstance(value, str) else value


class RunningServer:
    """One server process. ``base_url``, ``port``, ``pid``, ``data_dir`` and ``env`` describe it."""

    def __init__(
        self,
        data_dir: Path,
        env: dict[str, str],
        arguments: tuple[str, ...],
        management: Management | None = None,
    ) -> None:
        """``management`` has run commands for it before its start, and runs the further ones."""
        self.data_dir = data_dir
        self.env = env
        self._arguments = arguments
        self._output: list[str] = []
        self._changed = threading.Condition()
        self._management = management
        self.base_url = ""
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start the process (again, after ``stop`` or ``kill``: with the same data and port)."""
        self._output.clear()
        self.process = loaded_python.start(
            "manage.py", "serve", "--port", str(self.port), *self._arguments, env=self.env
        )
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._reader.start()
        try:
            found = self.wait_for_output(LISTENING, START_SECONDS)
        except BaseException:  # pytest's own time limit too
            self.kill()
            raise
        self.base_url = found.group(1)
        self.port = int(self.base_url.rpartition(":")[2])

    @property
    def pid(self) -> int:
        """The process id (with ``--workers``: of the parent)."""
        return self.process.pid

    @property
    def output(self) -> str:
        """What the server has written to its terminal since its start."""
        with self._changed:
            return "".join(self._output)

    @property
    def log_text(self) -> str:
        """What stands in ``logs/app.log`` by now."""
        path = self.data_dir / "logs" / "app.log"
        return path.read_text() if path.exists() else ""

    def wait_for_output(self, pattern: str | re.Pattern[str], timeout_seconds: float = 30) -> re.Match[str]:
        """Wait until ``pattern`` stands on the terminal; else AssertionError with the output."""
        compiled = re.compile(pattern)
        found: list[re.Match[str]] = []

        def appeared_or_over() -> bool:
            if match := compiled.search("".join(self._output)):
                found.append(match)
            return bool(found) or not self._reader.is_alive()

        with self._changed:
            self._changed.wait_for(appeared_or_over, timeout_seconds)
        assert found, f"{compiled.pattern!r} did not appear; the server said:\n{self.output}"
        return found[0]

    def manage(self, *arguments: str, stdin: str | None = None) -> str:
        """Run ``manage.py`` in this server's world; its stdout. CalledProcessError when it fails."""
        if self._management is None:
            self._management = Management(self.env)
        return self._management.run(*arguments, stdin=stdin)

    def rows(self, query: str, parameters: tuple[object, ...] = ()) -> list[dict[str, object]]:
        """Read the server's database directly (``%s`` for parameters on both stores)."""
        if url := self.env.get("DATABASE_URL"):
            import psycopg
            from psycopg.rows import dict_row

            with psycopg.connect(url, row_factory=dict_row) as connection:
                return connection.execute(query, parameters).fetchall()
        connection = sqlite3.connect(self.data_dir / "proxy.sqlite3", timeout=20)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(query.replace("%s", "?"), parameters)]
        finally:
            connection.close()

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> int:
        """SIGTERM, wait for the end (drain included), return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout_seconds)

    def wait(self, timeout_seconds: float = STOP_SECONDS) -> int:
        """Wait for the end without asking for it; the exit code."""
        code = self.process.wait(timeout_seconds)
        self._reader.join(timeout_seconds)
        if self._management is not None:
            self._management.end()
            self._management = None
        return code

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        self.process.kill()
        self.wait()

    def _read_output(self) -> None:
        for line in self.process.stdout:
            with self._changed:
                self._output.append(line)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


class ServerWorld:
    """Makes servers for tests and cleans up after them; the migrated database is made once and copied."""

    def __init__(self) -> None:
        self._template_dir: Path | None = None
        self._template_database = ""
        self._made: dict[Path, tuple[str, subprocess.Popen[bytes] | None]] = {}

    def new(
        self,
        *arguments: str,
        env: dict[str, str] | None = None,
        first: Callable[[Management], None] | None = None,
    ) -> RunningServer:
        """Start ``manage.py serve`` with ``arguments``; ``env`` is added to its environment.

        What it is to find when it starts, ``first`` makes: later the server would hear of it within a second.
        """
        data_dir, world = self.prepare(env)
        management = None
        if first is not None:
            management = Management(world)
            first(management)
        return RunningServer(data_dir, world, arguments, management)

    def prepare(self, env: dict[str, str] | None = None) -> tuple[Path, dict[str, str]]:
        """A data directory with a migrated database, and the environment for it; starts no server."""
        if self._template_dir is None:
            self._make_template()
        assert self._template_dir is not None
        data_dir = Path(tempfile.mkdtemp(prefix="evenkeel-server-"))
        shutil.copytree(self._template_dir, data_dir, dirs_exist_ok=True)
        world = environment_for(data_dir)
        database, redis = "", None
        if stores.wanted():
            database = f"server_{uuid.uuid4().hex[:12]}"
            world["DATABASE_URL"] = stores.create_database(database, self._template_database)
            world["REDIS_URL"], redis = stores.start_redis()
        self._made[data_dir] = (database, redis)
        return data_dir, world | (env or {})

    def new_database(self, name: str) -> str:
        """Make a migrated database on PostgreSQL, whatever store the suite runs on; its URL."""
        if stores.wanted() and self._template_dir is None:
            self._make_template()
        if not self._template_database:
            template = f"template_{uuid.uuid4().hex[:12]}"
            with tempfile.TemporaryDirectory(prefix="evenkeel-template-") as folder:
                migrate(environment_for(Path(folder)) | {"DATABASE_URL": stores.create_database(template)})
            self._template_database = template
        return stores.create_database(name, self._template_database)

    def discard(self, data_dir: Path) -> None:
        """Remove what ``prepare`` made for ``data_dir``, after its server has ended."""
        database, redis = self._made.pop(data_dir)
        if database:
            stores.drop_database(database)
        if redis is not None:
            stores.end(redis)
        shutil.rmtree(data_dir, ignore_errors=True)

    def clean(self) -> None:
        """Remove everything that is left."""
        for data_dir in list(self._made):
            self.discard(data_dir)
        if self._template_database:
            stores.drop_database(self._template_database)
        if self._template_dir is not None:
            shutil.rmtree(self._template_dir, ignore_errors=True)

    def _make_template(self) -> None:
        self._template_dir = Path(tempfile.mkdtemp(prefix="evenkeel-template-"))
        world = environment_for(self._template_dir)
        if stores.wanted():
            self._template_database = f"template_{uuid.uuid4().hex[:12]}"
            world["DATABASE_URL"] = stores.create_database(self._template_database)
        migrate(world)
        shutil.rmtree(self._template_dir / "logs", ignore_errors=True)


def migrate(environment: dict[str, str]) -> None:
    """Bring the database of this environment up to date. AssertionError when that fails."""
    migrating = loaded_python.start("manage.py", "migrate", "--verbosity", "0", env=environment)
    said = migrating.stdout.read()
    assert migrating.wait() == 0, said


def environment_for(data_dir: Path) -> dict[str, str]:
    """This process's environment with the data directory, and without its stores and settings module."""
    foreign = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return kept | {"PROXY_DATA_DIR": str(data_dir), "PROXY_ENV_FILE": "", "PYTHONUNBUFFERED": "1"}
