"""A listening socket that is about to close, on real sockets."""

import socket
import sys

import pytest

from proxyproject.serving.door.closed_door import take_everybody_again, take_nobody_new

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux can be told to drop what begins a connection"
)


@pytest.mark.outside
@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_who_has_connected_is_served_and_nobody_new(family: socket.AddressFamily, host: str) -> None:
    """Who waits in the queue is accepted and heard; who comes now gets no answer, and then a refusal."""
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen(8)
        address = listener.getsockname()[:2]
        waiting = socket.create_connection(address)
        take_nobody_new(listener)
        with socket.socket(family) as late:
            late.settimeout(0.2)
            with pytest.raises(TimeoutError):
                late.connect(address)
        accepted, _ = listener.accept()
    with waiting, accepted:
        waiting.sendall(b"asked")
        assert accepted.recv(9) == b"asked"
        accepted.sendall(b"answered")
        assert waiting.recv(9) == b"answered"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


@pytest.mark.outside
def test_a_socket_that_others_share_takes_connections_again() -> None:
    """Workers and systemd hold the same socket: who leaves it does not close it for them."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        take_nobody_new(listener)
        take_everybody_again(listener)
        socket.create_connection(listener.getsockname(), timeout=5).close()
