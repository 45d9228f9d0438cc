"""The door: who may send how much, how long anybody may take for what, and how many may stand there."""

import asyncio
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from proxyproject.serving.door import doorkeeper
from proxyproject.serving.door.door_rules import DoorLimits, Stage, connections_for, is_overdue
from proxyproject.serving.door.doorkeeper import Doorkeeper
from relay.turns import TURN_SECONDS, Turns
from tests.proxyproject.serving.raw_http import connect, get, head, read_to_end, read_until
from tests.running_server import RunningServer

LIMITS = DoorLimits(header_seconds=20, idle_seconds=75, body_seconds=30, body_bytes_per_second=2048)


@pytest.mark.parametrize(
    ("stage", "seconds", "received", "overdue"),
    [
        (Stage.HEAD, 20, 0, False),
        (Stage.HEAD, 20.1, 0, True),
        (Stage.BODY, 30.1, 0, True),
        (Stage.BODY, 30.1, 2048, False),
        (Stage.BODY, 31.1, 2048, True),
        (Stage.BODY, 500, 2048 * 480, False),
        (Stage.IDLE, 75.1, 0, True),
        (Stage.LINGERING, 30.1, 10**9, True),
        (Stage.CLOSING, 600.1, 0, True),
        (Stage.SERVED, 10**9, 0, False),
    ],
)
def test_each_stage_has_its_time(stage: Stage, seconds: float, received: int, overdue: bool) -> None:
    """From its beginning, whatever drips in meanwhile; a body earns time with its bytes."""
    assert is_overdue(stage, seconds, received, LIMITS) is overdue


@pytest.mark.parametrize(("descriptors", "places"), [(1_048_576, 524_256), (256, 96), (32, 16)])
def test_the_file_limit_says_how_many_clients_fit(descriptors: int, places: int) -> None:
    """Each may need a connection to upstream as well, and the server some files of its own."""
    assert connections_for(descriptors) == places


class Guest:
    """A connection without a socket."""

    received_bytes = 0
    unread_seconds = 0.0

    def __init__(self, address: str, stage: Stage, since: float) -> None:
        self.address, self.stage, self.since = address, stage, since
        self.fate = ""
        self.unread = False

    def has_unread(self) -> bool:
        return self.unread

    def give_up(self) -> bool:
        self.fate = "given up"
        return True

    def cut(self) -> None:
        self.fate = "cut"


async def test_a_crowd_whose_time_is_over_at_once_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that is ended takes a while; a newcomer is heard behind a few of them, and all have to go."""
    now = [0.0]
    monkeypatch.setattr(doorkeeper, "turns", Turns(*[lambda: now[0]] * 2))
    keeper, ended = Doorkeeper(LIMITS, capacity=10_000), list[Guest]()

    class Slow(Guest):
        """To tell it takes half of a turn."""

        def give_up(self) -> bool:
            now[0] += TURN_SECONDS / 2
            ended.append(self)
            return True

    crowd = [Slow(str(number), Stage.HEAD, -100) for number in range(2_000)]
    for guest in crowd:
        keeper.entered(guest)

    async def newcomer() -> int:
        await asyncio.sleep(0)
        return len(ended)

    seen = asyncio.create_task(newcomer())
    await keeper.look_through(crowd)
    assert await seen < 10
    assert ended == crowd


def test_when_all_places_are_taken_who_waited_longest_goes() -> None:
    """Nobody who is served; and where everybody is, the newcomer."""
    keeper = Doorkeeper(LIMITS, capacity=3)
    served, older, newer = (
        Guest("a", Stage.SERVED, 1),
        Guest("b", Stage.HEAD, 2),
        Guest("c", Stage.IDLE, 3),
    )
    for guest in (served, older, newer):
        assert keeper.admits(guest.address)
        keeper.entered(guest)
    assert keeper.admits("d")
    assert (served.fate, older.fate, newer.fate) == ("", "cut", "")
    older.stage = newer.stage = Stage.SERVED
    assert not keeper.admits("d")
    keeper.left(older)
    assert keeper.admits("d")


def test_a_crowd_is_not_looked_through_for_each_newcomer() -> None:
    """Of thousands that wait a share goes at once, and whether there is room is known by a count."""
    looks = 0

    class Counted(Guest):
        @property
        def stage(self) -> Stage:
            nonlocal looks
            looks += 1
            return Stage.HEAD

        @stage.setter
        def stage(self, stage: Stage) -> None:
            """It waits, whatever was said."""

        def cut(self) -> None:
            keeper.left(self)

    keeper = Doorkeeper(LIMITS, capacity=6400)
    for number in range(6400 + 1000):
        assert keeper.admits(str(number))
        keeper.entered(Counted(str(number), Stage.HEAD, number))
    assert looks <= (1000 // 100 + 1) * 6400


def test_one_address_cannot_take_all_places() -> None:
    """Its connections are counted, WebSockets among them, and counted no more when they end."""
    keeper = Doorkeeper(DoorLimits(per_address=2), capacity=100)
    first, second = Guest("a", Stage.HEAD, 1), Guest("a", Stage.SERVED, 1)
    for guest in (first, second):
        assert keeper.admits("a")
        keeper.entered(guest)
    keeper.handed_over(second)
    assert not keeper.admits("a")
    assert keeper.admits("b")
    keeper.left(second)
    assert keeper.admits("a")
    unlimited = Doorkeeper(DoorLimits(per_address=0), capacity=100)
    for _ in range(50):
        assert unlimited.admits("a")
        unlimited.entered(Guest("a", Stage.HEAD, 1))


def test_who_is_overdue_or_does_not_read_has_to_go() -> None:
    """One look ends both; who is within their time stays."""
    keeper = Doorkeeper(LIMITS, capacity=100)
    slow, patient, deaf = (
        Guest("a", Stage.HEAD, 0),
        Guest("a", Stage.HEAD, 90),
        Guest("a", Stage.SERVED, 0),
    )
    deaf.unread_seconds = 601
    for guest in (slow, patient, deaf):
        keeper.entered(guest)
    keeper.look([slow, patient, deaf], 100)
    assert (slow.fate, patient.fate, deaf.fate) == ("given up", "", "cut")


# --- the real server ---------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def quick(server_world: object) -> Iterator[RunningServer]:
    """A server with little patience and few places."""
    env = {
        "DJANGO_SETTINGS_MODULE": "tests.proxyproject.serving.trap_settings",
        "RELAY_MAX_BODY_BYTES": "400000",
        "PROXY_HEADER_TIMEOUT_SECONDS": "1",
        "PROXY_BODY_TIMEOUT_SECONDS": "1",
        "PROXY_BODY_BYTES_PER_SECOND": "1000",
        "PROXY_IDLE_CONNECTION_SECONDS": "1",
        "PROXY_CONNECTIONS_PER_ADDRESS": "40",
        "PROXY_HELD_BODY_BYTES": "500000",
    }
    server = server_world.new(env=env)  # type: ignore[attr-defined]
    yield server
    server.kill()
    server_world.discard(server.data_dir)  # type: ignore[attr-defined]


def drip(client: socket.socket, data: bytes, seconds: float) -> bytes:
    """Send ``data`` byte by byte, ever again, until the server answers or closes; what it said."""
    client.settimeout(0.05)
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        for at in range(len(data)):
            try:
                client.send(data[at : at + 1])
            except OSError:
                return b""
            try:
                said = client.recv(65536)
            except TimeoutError:
                continue
            return said
    raise AssertionError("the server let it drip")


def test_a_head_that_drips_is_ended(quick: RunningServer) -> None:
    """A byte now and then keeps half a header open no longer than the setting says."""
    with connect(quick) as client:
        client.sendall(b"GET /v1/echo HTTP/1.1\r\nhost: test\r\n")
        assert drip(client, b"x-a: b\r\n", 15).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_drips_is_ended(quick: RunningServer) -> None:
    """It is slower than the pace that is due; the answer is in the dialect, the connection ends."""
    with connect(quick) as client:
        client.sendall(head("POST", "/v1/echo", "content-length: 1000"))
        said = drip(client, b"x", 15)
        assert said.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in said.lower()
        assert b'"code":408' in said


def test_connections_that_wait_are_ended(quick: RunningServer) -> None:
    """One that never said anything, and one that was kept after an answer."""
    with connect(quick) as silent, connect(quick) as kept:
        kept.sendall(head("GET", "/v1/echo"))
        assert b"200 OK" in read_until(kept, b"}")
        assert read_to_end(kept) == b""
        assert read_to_end(silent) == b""


def test_a_crowd_that_drips_locks_nobody_out(quick: RunningServer) -> None:
    """More connections than one address may have are closed at once; then there is room again."""
    crowd = [connect(quick) for _ in range(60)]
    closed = 0
    for client in crowd[40:]:
        client.settimeout(10)
        try:
            closed += client.recv(1) == b""
        except ConnectionResetError:
            closed += 1
    assert closed >= 20
    for client in crowd[:40]:
        assert read_to_end(client) == b""  # the head never came
    assert get(f"{quick.base_url}/v1/echo").status_code == 200
    for client in crowd:
        client.close()
    quick.wait_for_output("Refused .* connections .* has 40 open")


@pytest.mark.parametrize(
    "request_head",
    [
        head("GET", "/v1/echo", *[f"x-{number}: {'y' * 1000}" for number in range(20)]),
        head("GET", "/v1/echo", "x-long: " + "y" * 30_000),
        head("GET", "/v1/echo", *[f"x-{number}: y" for number in range(600)]),
        head("GET", "/v1/" + "y" * 30_000),
    ],
    ids=["many long headers", "one long header", "many headers", "a long target"],
)
def test_a_long_head_is_a_431(quick: RunningServer, request_head: bytes) -> None:
    """Told before the connection ends, and nothing behind it is taken for a request."""
    with connect(quick) as client:
        client.sendall(request_head + head("GET", "/v1/echo"))
        said = read_to_end(client)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert said.count(b"HTTP/1.1") == 1
    assert b'"code":431' in said


def test_what_is_held_is_bounded(quick: RunningServer) -> None:
    """Bodies that would not fit together are refused with a 503; when the first is gone there is room."""
    with connect(quick) as first, connect(quick) as second:
        first.sendall(head("POST", "/v1/echo", "content-length: 350000") + b"x" * 300_000)
        deadline = time.monotonic() + 60
        while True:
            second.sendall(head("POST", "/v1/echo", "content-length: 300000"))
            second.settimeout(0.2)
            try:
                said = second.recv(65536)
                break
            except TimeoutError:  # the first one's bytes were not all there yet
                assert time.monotonic() < deadline
                second.close()
                second = connect(quick)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: " in said.lower()
        first.close()
    deadline = time.monotonic() + 60
    while (answer := put(quick, 390_000)) != b"HTTP/1.1 200 OK":
        assert time.monotonic() < deadline, answer


def put(server: RunningServer, length: int) -> bytes:
    """The status line of the answer to a body of ``length`` bytes."""
    with connect(server) as client:
        client.sendall(head("POST", "/v1/echo", f"content-length: {length}") + b"x" * length)
        return read_until(client, b"\r\n").split(b"\r\n")[0]


def test_the_file_limit_is_raised_and_told(own_traps: Callable[..., RunningServer]) -> None:
    """To the hard limit, or as far as is of use."""
    server = own_traps()
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    assert soft == min(hard, 1_048_576)
    assert f"({soft} open files)" in server.output


def test_few_files_are_no_lockout(own_traps: Callable[..., RunningServer]) -> None:
    """With 256 files and a crowd of 300 that says nothing, who asks is answered at once.

    The crowd comes while the server is held, so that it accepts as many as it ever does in one turn.
    """
    code = (
        "import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256));"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    server = own_traps()
    port, env = server.port, server.env
    server.kill()
    process = subprocess.Popen(
        [sys.executable, "-c", code, "manage.py", "serve", "--port", str(port)],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        while "listens on" not in (line := process.stdout.readline()):
            assert line
        assert "(256 open files)" in line
        process.send_signal(signal.SIGSTOP)
        crowd, askers = list[socket.socket](), list[socket.socket]()
        for _ in range(3):
            crowd += [connect(server) for _ in range(100)]
            askers.append(connect(server))
            askers[-1].sendall(head("GET", "/v1/echo"))
        process.send_signal(signal.SIGCONT)
        for asker in askers:
            assert read_until(asker, b"\r\n").startswith(b"HTTP/1.1 200 OK\r\n")
        for _ in range(20):
            assert get(f"{server.base_url}/v1/echo").status_code == 200
        for client in (*crowd, *askers):
            client.close()
    finally:
        process.terminate()
        process.wait(30)
