"""What a stream does to the server and the server to a stream."""

import socket
import threading
from collections.abc import Callable

import httpx
import psutil
import pytest

from tests.proxyproject.serving.raw_http import connect, get, head, read_to_end, read_until
from tests.running_server import RunningServer

PIECES, PIECE_BYTES = 4_000, 65_536


def test_an_exception_before_the_first_piece_is_a_500(traps: RunningServer) -> None:
    """What fails before the first byte is a real status, never a 200 and never silence."""
    response = get(f"{traps.base_url}/v1/broken/0")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == 500


@pytest.mark.parametrize("path", ["/v1/broken/1", "/v1/broken/3", "/broken-page"])
def test_an_exception_inside_a_stream_cuts_the_connection(traps: RunningServer, path: str) -> None:
    """A stream that raises after its first piece neither hangs nor looks complete, on either handler."""
    received = []
    with (
        pytest.raises(httpx.RemoteProtocolError),
        httpx.stream("GET", traps.base_url + path, timeout=30) as response,
    ):
        received.extend(response.iter_raw())
    assert response.status_code == 200
    assert b"".join(received).startswith(b"piece")


def test_the_server_lives_on_after_a_broken_stream(traps: RunningServer) -> None:
    """A broken stream does not end daphne's reaper: the next ones are cut as well, and others are served."""
    for _ in range(3):
        with pytest.raises(httpx.RemoteProtocolError):
            get(f"{traps.base_url}/broken-page")
    assert get(f"{traps.base_url}/v1/echo").status_code == 200


def test_a_client_that_does_not_read_stops_its_stream(own_traps: Callable[..., RunningServer]) -> None:
    """4,000 pieces of 64 kB to a client that reads nothing cost no memory; then it gets all of them."""
    server = own_traps()
    process = psutil.Process(server.pid)
    get(f"{server.base_url}/v1/echo")
    before_bytes = process.memory_info().rss
    with connect(server, receive_buffer_bytes=65_536) as client:
        client.sendall(head("GET", f"/v1/many/flood/{PIECES}/{PIECE_BYTES}", "connection: close"))
        read_until(client, b"\r\n\r\n")
        with httpx.Client(base_url=server.base_url, timeout=30) as other:
            for _ in range(100):  # each is a turn of the event loop, in which the stream may go on
                other.get("/v1/echo").raise_for_status()
            made = other.get("/v1/made/flood").json()["pieces"]
        grown_bytes = process.memory_info().rss - before_bytes
        assert 0 < made < 400
        assert grown_bytes < 30_000_000
        body = read_to_end(client)
    assert len(body) >= PIECES * PIECE_BYTES - 65_536
    assert body.endswith(b"0\r\n\r\n")
    assert process.memory_info().rss - before_bytes < 30_000_000


def test_a_client_that_leaves_without_reading_ends_its_stream(
    own_traps: Callable[..., RunningServer],
) -> None:
    """A stream that waits for a client's reading ends when that client resets the connection."""
    server = own_traps()
    with connect(server, receive_buffer_bytes=65_536) as client:
        client.sendall(head("GET", "/v1/many/left/100000/65536"))
        read_until(client, b"\r\n\r\n")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    assert server.stop() == 0
    assert "Cancelled" not in server.output


@pytest.mark.parametrize("first", [0, 1, 5])
def test_a_client_that_goes_ends_the_stream_and_its_task(traps: RunningServer, first: int) -> None:
    """Also between the head and the first piece: the generator's finally and the done-callback both run."""
    name = f"gone{first}"
    with connect(traps) as client:
        client.sendall(head("GET", f"/v1/watched/{name}/{first}"))
        get(f"{traps.base_url}/v1/told/{name}-waits").raise_for_status()
    for what in "finally", "done":
        response = get(f"{traps.base_url}/v1/told/{name}-{what}")
        assert response.json() == {"happened": f"{name}-{what}"}


def test_200_streams_need_few_threads(own_traps: Callable[..., RunningServer]) -> None:
    """200 open streams are served on the event loop's own thread."""
    server = own_traps()
    clients = [connect(server) for _ in range(200)]
    for number, client in enumerate(clients):
        client.sendall(head("GET", f"/v1/watched/wide{number}/1"))
    for client in clients:
        assert b"piece 0" in read_until(client, b"piece 0\n")
    told = get(f"{server.base_url}/v1/echo").json()
    assert told["thread"] == threading.main_thread().name
    assert psutil.Process(server.pid).num_threads() <= 20
    for client in clients:
        client.close()


def test_pieces_arrive_one_by_one(traps: RunningServer) -> None:
    """Each piece is sent when it is made, not when the stream ends."""
    with connect(traps) as client:
        client.sendall(head("GET", "/v1/watched/single/2"))
        received = read_until(client, b"piece 1\n\r\n")
    assert b"8\r\npiece 0\n\r\n8\r\npiece 1\n\r\n" in received
