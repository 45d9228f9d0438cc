"""What goes to a client's socket at once, and what waits: Twisted's connection over a pair of sockets."""

import contextlib
import socket
from collections.abc import Iterator

import pytest
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactor, StringTransport

from proxyproject.serving.connection.at_once import TURN_BYTES, AtOnce


def taken(client: socket.socket) -> bytes:
    """What is there to be read now."""
    received = b""
    with contextlib.suppress(BlockingIOError):
        while data := client.recv(1 << 20):
            received += data
    return received


@pytest.fixture
def pair() -> Iterator[tuple[Connection, socket.socket]]:
    """The server's side as Twisted has it, and the client's."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 * 1024)
    ours.setblocking(False)
    theirs.setblocking(False)
    connection = Connection(ours, Protocol(), MemoryReactor())
    connection.connected = 1
    yield connection, theirs
    ours.close()
    theirs.close()


def test_a_piece_is_there_without_a_turn_of_the_reactor(pair: tuple[Connection, socket.socket]) -> None:
    """Nothing waits before it: the client can read it as soon as it was written."""
    connection, client = pair
    AtOnce(connection).write(b"first")
    assert taken(client) == b"first"
    assert connection not in connection.reactor.writers


def test_pieces_stay_in_order_where_some_wait(pair: tuple[Connection, socket.socket]) -> None:
    """What the socket does not take, and what Twisted was given before, goes out before what follows."""
    connection, client = pair
    way = AtOnce(connection)
    pieces = [b"%07d" % number * 1_000 for number in range(300)]
    received = b""
    for number, piece in enumerate(pieces):
        way.write(piece) if number % 7 else connection.write(piece)
        if number % 50 == 49:
            received += taken(client)
    assert connection in connection.reactor.writers  # what is proved here has happened
    while connection in connection.reactor.writers:
        connection.doWrite()
        received += taken(client)
    assert received == b"".join(pieces)


def test_a_quick_stream_lets_the_reactor_have_its_turns(pair: tuple[Connection, socket.socket]) -> None:
    """However quickly its client reads: after 64 KiB a piece waits for the reactor, whose turn it is."""
    connection, client = pair
    way = AtOnce(connection)
    sent = 0
    while connection not in connection.reactor.writers:
        way.write(b"x" * 1024)
        sent += 1024
        assert sent <= TURN_BYTES + 1024
        taken(client)
    assert sent > TURN_BYTES


def test_a_lost_connection_is_twisteds_to_find(pair: tuple[Connection, socket.socket]) -> None:
    """A write to a client that has gone raises nothing: Twisted meets the error in its own write."""
    connection, client = pair
    client.close()
    AtOnce(connection).write(b"x")
    assert connection in connection.reactor.writers
    assert isinstance(connection.doWrite(), Exception)


def test_any_other_transport_is_written_to_as_ever() -> None:
    """What is encrypted goes through what encrypts it."""
    transport = StringTransport()
    AtOnce(transport).write(b"x")
    assert transport.value() == b"x"
