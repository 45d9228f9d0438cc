"""No connection to metadata services and link-local addresses, whatever name leads there."""

import socket
from typing import Any

from accounts.addresses import is_refused

AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


class RefusedAddress(OSError):
    """The account's host is at an address that is never asked."""


def checked_socket(info: AddressInfo) -> socket.socket:
    """A socket for an address that a host's name came to; raises RefusedAddress."""
    family, kind, protocol, _name, address = info
    host = str(address[0])
    if is_refused(host):
        raise RefusedAddress(
            f"the account's host is at {host}, which is link-local or a metadata service: it is never asked"
        )
    return socket.socket(family, kind, protocol)
