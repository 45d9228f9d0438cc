"""Whether a browser runs on the machine that serves: there alone the first login is made."""

import socket
import struct
from ipaddress import IPv6Address, ip_address
from pathlib import Path

_CONTAINER_FILES = (Path("/.dockerenv"), Path("/run/.containerenv"))
_ROUTES = Path("/proc/net/route")


def is_here(peer: str, served_at: str, gateway: str) -> bool:
    """PURE. ``peer`` is this machine: its loopback, the address that was asked itself, or ``gateway``.

    ``gateway`` is, in a container, the machine around it, whose ports lead into it; else blank.
    """
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback or str(address) in {served_at, gateway}


def container_gateway() -> str:
    """The default gateway where this process is in a container, else blank."""
    if not any(path.exists() for path in _CONTAINER_FILES):
        return ""
    try:
        return gateway_in(_ROUTES.read_text())
    except OSError:
        return ""


def gateway_in(routes: str) -> str:
    """PURE. The default gateway in the text of Linux's ``/proc/net/route`` (``proc(5)``), or blank."""
    for line in routes.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 2 and fields[1] == "00000000":
            return socket.inet_ntoa(struct.pack("<L", int(fields[2], 16)))
    return ""
