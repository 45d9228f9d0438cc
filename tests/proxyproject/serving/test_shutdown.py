"""SIGTERM: what runs goes on and ends whole, what is new gets 503, nothing is left, the exit code is 0."""

import signal
import socket
from collections.abc import Callable

import httpx
import pytest

from proxyproject.serving.connection.http_factory import RelayFactory
from proxyproject.serving.door.door_rules import DoorLimits, Stage
from proxyproject.serving.door.doorkeeper import Doorkeeper
from tests.proxyproject.serving.raw_http import connect, get, head, read_to_end, read_until
from tests.running_server import RunningServer


def phases(server: RunningServer) -> list[str]:
    """The life-cycle callbacks that were called, in their order."""
    return [path.name.partition("-")[2] for path in sorted((server.data_dir / "phases").iterdir())]


def begun(server: RunningServer, path: str, count: int) -> list[socket.socket]:
    """``count`` streams that have sent their first piece."""
    clients = [connect(server) for _ in range(count)]
    for client in clients:
        client.sendall(head("GET", path))
    for client in clients:
        assert b"begin" in read_until(client, b"begin\n")
    return clients


def test_sigterm_lets_all_streams_end(own_traps: Callable[..., RunningServer]) -> None:
    """20 of 20 streams are complete, the callbacks run in order, the exit code is 0."""
    server = own_traps()
    clients = begun(server, "/v1/until-drain", 20)
    server.process.send_signal(signal.SIGTERM)
    rests = [read_to_end(client) for client in clients]
    assert server.wait() == 0
    assert [rest.endswith(b"end\n\r\n0\r\n\r\n") for rest in rests] == [True] * 20
    assert all(b"piece 199\n" in rest for rest in rests)
    assert phases(server) == ["start", "drain", "stop", "flush"]


def test_what_is_new_while_draining_gets_503(own_traps: Callable[..., RunningServer]) -> None:
    """On new connections and on open ones; with Retry-After; the health page still answers."""
    server = own_traps()
    [stream] = begun(server, "/v1/until-file", 1)
    with httpx.Client(base_url=server.base_url, timeout=30) as kept:
        assert kept.get("/v1/echo").status_code == 200
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_output("Draining: 1 running")
        on_kept = kept.get("/v1/echo")
    on_new = get(f"{server.base_url}/v1/echo")
    assert get(f"{server.base_url}/healthz").status_code == 200
    assert phases(server) == ["start", "drain"]
    (server.data_dir / "release").touch()
    assert read_to_end(stream).endswith(b"0\r\n\r\n")
    assert server.wait() == 0
    for response in on_kept, on_new:
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) > 0
        assert response.headers["connection"] == "close"
        assert response.json()["error"]["code"] == 503


def test_what_ends_while_draining_closes_its_connection(own_traps: Callable[..., RunningServer]) -> None:
    """A front must not send the next request to it: it would be refused. One that is here is answered."""
    server = own_traps()
    [lasting] = begun(server, "/v1/until-file", 1)
    alone, followed = begun(server, "/v1/until-drain", 2)
    followed.sendall(head("GET", "/v1/echo"))
    server.process.send_signal(signal.SIGTERM)
    assert read_to_end(alone).endswith(b"end\n\r\n0\r\n\r\n")
    _, _, next_answer = read_to_end(followed).partition(b"end\n\r\n0\r\n\r\n")
    assert next_answer.startswith(b"HTTP/1.1 503 ")
    (server.data_dir / "release").touch()
    assert read_to_end(lasting).endswith(b"0\r\n\r\n")
    assert server.wait() == 0


def test_an_idle_connection_with_a_request_in_it_is_waited_for() -> None:
    """Its bytes are in the kernel and nobody has read them: a server that leaves serves it first."""

    class Kept:
        stage = Stage.IDLE

        def __init__(self, is_asked: bool) -> None:
            self.is_asked, self.is_closed = is_asked, False

        def has_unread(self) -> bool:
            return self.is_asked

        def close_when_idle(self) -> None:
            self.is_closed = True

    factory = RelayFactory(object(), Doorkeeper(DoorLimits(), 9))
    asked, silent = Kept(True), Kept(False)
    factory.channels = {silent}  # type: ignore[arg-type]
    assert not factory.expects_requests()
    factory.channels = {asked, silent}  # type: ignore[arg-type]
    assert factory.expects_requests()
    factory.close_idle()
    assert (asked.is_closed, silent.is_closed) == (False, True)


@pytest.mark.parametrize("hurry", [False, True])
def test_draining_has_an_end(own_traps: Callable[..., RunningServer], hurry: bool) -> None:
    """A stream that never ends is cancelled after the limit, or at a second signal; its finally runs."""
    server = own_traps(env={"RELAY_DRAIN_SECONDS": "600" if hurry else "0"})
    with connect(server) as client:
        client.sendall(head("GET", "/v1/watched/endless/1"))
        read_until(client, b"piece 0\n")
        server.process.send_signal(signal.SIGTERM)
        if hurry:
            server.wait_for_output("Draining: 1 running")
            server.process.send_signal(signal.SIGTERM)
        assert not read_to_end(client).endswith(b"0\r\n\r\n")
    assert server.wait() == 0
    assert "Cancelled 1 exchanges" in server.output
    assert phases(server) == ["start", "drain", "stop", "flush"]


def test_idle_connections_do_not_hold_up_the_end(own_traps: Callable[..., RunningServer]) -> None:
    """Kept-alive connections and half-sent requests are closed, and the exit code is 0."""
    server = own_traps()
    with (
        httpx.Client(base_url=server.base_url, timeout=30) as kept,
        connect(server) as silent,
        connect(server) as half,
    ):
        kept.get("/v1/echo")
        half.sendall(head("POST", "/v1/echo", "content-length: 1000") + b"x")
        kept.get("/v1/echo")
        assert server.stop() == 0
        assert read_to_end(silent) == b""
    assert "did not close" not in server.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_other_ways_to_ask_drain_too(own_traps: Callable[..., RunningServer], number: signal.Signals) -> None:
    """Ctrl-C and a closed terminal end like SIGTERM."""
    server = own_traps()
    clients = begun(server, "/v1/until-drain", 1)
    server.process.send_signal(number)
    assert read_to_end(clients[0]).endswith(b"end\n\r\n0\r\n\r\n")
    assert server.wait() == 0


def test_lines_logged_at_the_end_are_written(own_traps: Callable[..., RunningServer]) -> None:
    """The log's queue is emptied before the process ends."""
    server = own_traps()
    clients = begun(server, "/v1/until-drain", 1)
    server.process.send_signal(signal.SIGTERM)
    read_to_end(clients[0])
    server.wait()
    assert "Draining: 1 running exchanges" in server.log_text
