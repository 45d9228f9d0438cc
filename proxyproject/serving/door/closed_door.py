"""Accept no new connection at a listening socket, while those that have begun are still accepted.

A socket that is closed cuts the connections that wait in its queue: a front has sent its request by then, and
sends no POST twice. So the kernel is told first to drop the packets that begin a connection (SYN). It asks
again a second later, and is refused, and a front asks another host.
"""

import contextlib
import ctypes
import socket
import struct
import sys
from typing import Any, Final

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

HANDSHAKE_SECONDS: Final = 0.05
"""How long connections that have begun may take to be made, before the socket is closed."""

_SO_ATTACH_FILTER: Final = 26
_SO_DETACH_FILTER: Final = 27
"""Both from Linux, asm-generic/socket.h."""

_FLAGS_AT: Final = 13
_SYN: Final = 0x02
_PROGRAM: Final = (
    (0x30, 0, 0, _FLAGS_AT),  # the TCP header's byte of flags (linux/bpf_common.h: LD | B | ABS)
    (0x45, 0, 1, _SYN),  # is SYN one of them (JMP | JSET)?
    (0x06, 0, 0, 0),  # then nothing of the packet is taken (RET)
    (0x06, 0, 0, 0xFFFFFFFF),  # else all of it
)


def take_nobody_new(listener: socket.socket) -> None:
    """Drop each SYN to ``listener``. Where the system cannot (it is no Linux), nothing is changed."""
    if sys.platform != "linux":
        return
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _PROGRAM))
    program = struct.pack("HP", len(_PROGRAM), ctypes.addressof(code))
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def take_everybody_again(listener: socket.socket) -> None:
    """Undo ``take_nobody_new``: other processes may listen on the same socket, and go on."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)


def close_at_once(port: Any, most_waiting: int) -> None:
    """Close Twisted's listening ``port`` in one step: who has connected is served, who comes is refused.

    ``most_waiting`` is the length of its queue. Twisted's own stopListening closes a moment later:
    who connects then is cut by the kernel.
    """
    port.numberAccepts = most_waiting
    port.doRead()
    port.stopReading()
    take_everybody_again(port.socket)
    port.connectionLost(Failure(ConnectionDone()))
