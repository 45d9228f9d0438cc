"""HTTP by hand, for clients that misbehave; and clients with patience, for machines that are busy."""

import socket
from functools import partial

import httpx

from tests.running_server import RunningServer

get = partial(httpx.get, timeout=30)
post = partial(httpx.post, timeout=30)


def connect(server: RunningServer, receive_buffer_bytes: int | None = None) -> socket.socket:
    """An open connection; a small receive buffer makes a client that does not read felt early."""
    client = socket.socket()
    if receive_buffer_bytes is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
    client.settimeout(30)
    client.connect(("127.0.0.1", server.port))
    return client


def head(method: str, path: str, *headers: str) -> bytes:
    """The head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "host: test", *headers, "", ""]).encode("latin1")


def read_until(client: socket.socket, mark: bytes) -> bytes:
    """What comes, up to and with ``mark`` or the end of the connection."""
    received = b""
    while mark not in received:
        data = client.recv(65536)
        if not data:
            break
        received += data
    return received


def read_to_end(client: socket.socket) -> bytes:
    """What comes until the server closes."""
    received = []
    while data := client.recv(1 << 20):
        received.append(data)
    return b"".join(received)
