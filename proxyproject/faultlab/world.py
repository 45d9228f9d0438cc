"""A server of its own for the lab: temporary data, the real ``serve``, the simulator behind it."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from msgspec import Struct

from proxyproject.faultlab import furnishing
from proxyproject.own_command import own_command
from relay.simulator.thread import SimulatorThread

KEY = "sk-fault-lab-0123456789abcdef"
START_LINE = re.compile(r"^Evenkeel \S+ listens on (http://[^\s,]+)")
ENVIRONMENT = {
    "RELAY_BACKOFF_SCALE": "0",
    "RELAY_RETRY_SHARE": "100",
    "RELAY_PATIENCE_SECONDS": "0",
    "RELAY_PEEK_TIMEOUT_SECONDS": "2",
    "RELAY_IDLE_TIMEOUT_SECONDS": "2",
    "RELAY_THINKING_TIMEOUT_SECONDS": "2",
    "RELAY_RETRY_FLOOR": "100000",
    "RELAY_BREAKER_ATTEMPTS": "0",
    "PROXY_ENV_FILE": "",
}
"""Waits are short, patience is off, retries are many, nobody is left alone: what is decided shows soon."""

_NOT_INHERITED = (
    "RELAY_", "POOL_", "MONITOR_", "PROXY_", "DJANGO_", "DATABASE_URL", "REDIS_URL", "PROMETHEUS_"
)  # fmt: skip
"""How the names of settings begin: the contract is about a server with the defaults, but for those above."""


class LabAccount(Struct, frozen=True):
    """An account at the simulator, for ``models`` only (empty: every model of its kind)."""

    kind: str
    email: str
    models: tuple[str, ...] = ()

    def entry(self, simulator_url: str) -> dict[str, Any]:
        """As ``import_accounts`` takes it."""
        name = f"sim-{self.email}"
        credential = {"api_key": name}
        if self.kind == "code_assist":
            client = {"client_id": "lab", "client_secret": "lab", "project": "lab"}
            credential = {"refresh_token": name, "token_uri": f"{simulator_url}/token"} | client
        models = {"models": list(self.models)} if self.models else {}
        where = {"email": self.email, "kind": self.kind, "base_url": simulator_url}
        return where | {"credential": credential} | models


class Lab(Struct, frozen=True):
    """A server that runs: its address, its data directory, its process, and its upstream."""

    base_url: str
    data_dir: Path
    process: subprocess.Popen[str]
    simulator: SimulatorThread
    environment: dict[str, str]

    def manage(self, *arguments: str, **environment: str) -> None:
        """A command of ``evenkeel`` for that server. RuntimeError when it fails."""
        _manage(self.environment | environment, *arguments)


@contextmanager
def lab_world(
    accounts: Iterable[LabAccount], environment: Mapping[str, str], mappings: Iterable[dict[str, Any]] = ()
) -> Iterator[Lab]:
    """Serve ``accounts`` and ``mappings``; everything is gone afterwards.

    RuntimeError when the server does not start.
    """
    with tempfile.TemporaryDirectory(prefix="evenkeel-faultlab-") as folder, SimulatorThread() as simulator:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        env = inherited | {"PYTHONUNBUFFERED": "1"} | dict(environment) | {"PROXY_DATA_DIR": folder}
        entries = [account.entry(simulator.base_url) for account in accounts]
        furnishing.prepare(Path(folder), entries, list(mappings), KEY)
        _manage(env, *furnishing.COMMAND)
        process = subprocess.Popen(  # noqa: S603  our own command
            own_command("serve", "--port", "0"),
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            yield Lab(_address(process), Path(folder), process, simulator, env)
        finally:
            process.terminate()
            process.wait()


def _manage(env: Mapping[str, str], *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603  our own command
        own_command(*arguments), env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"evenkeel {arguments[0]} failed:\n{done.stdout}{done.stderr}")


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := START_LINE.match(line):
            Thread(target=process.stdout.read, daemon=True).start()  # else the server waits for its reader
            return found[1]
    raise RuntimeError("The server of the lab did not start.")
