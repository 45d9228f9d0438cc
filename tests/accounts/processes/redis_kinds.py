"""A Redis that Sentinels watch, and a Redis Cluster, for the tests: real ones, on loopback."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import redis

from tests import stores
from tests.fronts.front import free_port, is_free

MASTER = "evenkeel"
SLOTS = 16384
BUS = 10_000
"""A member of a cluster listens so far above its port too."""
CLUSTER_PORTS = range(20_000, 22_700)
"""That one the system must not have handed out, and no other test takes it."""


class Running(NamedTuple):
    """Servers: the URL for ``REDIS_URL``, and the processes by their ports."""

    url: str
    processes: dict[int, "subprocess.Popen[bytes]"]
    masters: list[int]

    def kill_a_master(self) -> None:
        """The first one dies, at once."""
        process = self.processes[self.masters[0]]
        process.kill()
        process.wait()


@contextmanager
def sentinels() -> Iterator[Running]:
    """A master with a replica, and three Sentinels that take a master for dead after half a second."""
    with ExitStack() as stack:
        folder = _folder(stack)
        master, replica = free_port(), free_port()
        processes = {master: _server(stack, folder, master)}
        processes[replica] = _server(stack, folder, replica, "--replicaof", "127.0.0.1", str(master))
        ports = [free_port() for _ in range(3)]
        for port in ports:
            (folder / f"{port}.conf").write_text(
                f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
                f"sentinel monitor {MASTER} 127.0.0.1 {master} 2\n"
                f"sentinel down-after-milliseconds {MASTER} 500\n"
                f"sentinel failover-timeout {MASTER} 3000\n"
            )
            processes[port] = _started(stack, port, str(folder / f"{port}.conf"), "--sentinel")
        for port in ports:
            _wait(lambda port=port: _knows_all(port))  # type: ignore[misc]
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        yield Running(f"redis+sentinel://{hosts}/{MASTER}/1", processes, [master])


@contextmanager
def cluster(node_timeout_seconds: float = 1.0) -> Iterator[Running]:
    """Three masters, each with a replica; who is silent for the timeout is dead to the others."""
    with ExitStack() as stack:
        folder = _folder(stack)
        ports = _cluster_ports()
        more = ("--cluster-enabled", "yes", "--cluster-node-timeout", f"{node_timeout_seconds * 1000:.0f}")
        processes = {
            port: _server(stack, folder, port, *more, "--cluster-config-file", f"{port}.nodes")
            for port in ports
        }
        clients = [redis.Redis(port=port) for port in ports]
        for number, client in enumerate(clients[:3]):
            ask(client, "CLUSTER", "ADDSLOTS", *range(number * SLOTS // 3, (number + 1) * SLOTS // 3))
            ask(client, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for port in ports[1:]:
            ask(clients[0], "CLUSTER", "MEET", "127.0.0.1", port)
        ids = [ask(client, "CLUSTER", "MYID") for client in clients[:3]]
        for client in clients:
            _wait(lambda client=client: _nodes_known(client) == len(ports))  # type: ignore[misc]
        for master, client in zip(ids, clients[3:], strict=True):
            ask(client, "CLUSTER", "REPLICATE", master)
        for client in clients:
            _wait(lambda client=client: _is_whole(client))  # type: ignore[misc]
            client.close()
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports[:3])
        yield Running(f"redis+cluster://{hosts}", processes, ports[:3])


def ask(client: "redis.Redis", *words: Any) -> Any:
    """One command's answer."""
    return client.execute_command(*words)


def _cluster_ports() -> list[int]:
    ports: set[int] = set()
    while len(ports) < 6:
        port = free_port(CLUSTER_PORTS)
        if is_free(port + BUS):
            ports.add(port)
    return sorted(ports)


def _is_whole(client: "redis.Redis") -> bool:
    info, nodes = _told(client, "INFO"), _told(client, "NODES")
    return "cluster_state:ok" in info and nodes.count("slave") == 3


def _nodes_known(client: "redis.Redis") -> int:
    return len(_told(client, "NODES").splitlines())


def _told(client: "redis.Redis", what: str) -> str:
    return str(ask(client, "CLUSTER", what).decode())


def _knows_all(port: int) -> bool:
    with redis.Redis(port=port) as sentinel:
        told = sentinel.sentinel_master(MASTER)
        return bool(told["num-other-sentinels"] == 2 and told["num-slaves"] == 1)


def _folder(stack: ExitStack) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="evenkeel-redis-", dir="/tmp"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _server(stack: ExitStack, folder: Path, port: int, *more: str) -> "subprocess.Popen[bytes]":
    own = ("--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
    return _started(stack, port, "--port", str(port), *own, *more)


def _started(stack: ExitStack, port: int, *arguments: str) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [stores.redis_program(), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=stores.end_with_parent,
    )
    stack.callback(stores.end, process)
    _wait(lambda: _answers(port, process))
    return process


def _answers(port: int, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, f"{process.args!r} ended with {process.returncode}"
    with redis.Redis(port=port) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False


def _wait(is_so: Any) -> None:
    ends_at = time.monotonic() + stores.READY_SECONDS
    while not is_so():
        assert time.monotonic() < ends_at, "the servers did not find each other"
        time.sleep(0.05)
