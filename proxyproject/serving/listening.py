"""The sockets that a server listens on: bound when it begins, opened for clients when it is ready."""

import socket
from typing import Final

BACKLOG: Final = 2048
"""Connections the kernel holds until they are accepted; daphne's 50 make 300 at once wait for a second."""
LAST_PORT: Final = 65_535


def bind(host: str, port: int) -> socket.socket:
    """Take ``host``:``port`` (0: a free port); OSError when that is not possible.

    Who connects is refused until ``listen``: a front asks another host, and nobody waits for a slow start.
    """
    if not 0 <= port <= LAST_PORT:  # looked up, another one would come of it: 99999 is 34463
        raise OSError(f"a port is a number from 0 to {LAST_PORT}")
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound


def listen(bound: socket.socket) -> None:
    """Let clients connect; OSError where somebody else listens there by now. Workers may each say it."""
    bound.listen(BACKLOG)


def is_listening(bound: socket.socket) -> bool:
    """May clients connect, whichever process has said so?"""
    return bool(bound.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def is_free(host: str, port: int) -> bool:
    """Could a server listen there now?"""
    try:
        bound = bind(host, port)
    except OSError:
        return False
    bound.close()
    return True
