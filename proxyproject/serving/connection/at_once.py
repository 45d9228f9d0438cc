"""A piece of a stream goes to the client's socket at once, where nothing waits to be sent before it.

Twisted keeps what is written until the reactor's next round: two calls to the selector and a dozen of its own
for each event. It relies on names that Twisted does not call public (``FileDescriptor._tempDataBuffer``,
``._writeDisconnected``); tests/proxyproject hold them.
"""

from typing import Any

from twisted.internet.tcp import Connection

TURN_BYTES = 64 * 1024
"""So much goes out at once; then the reactor has a turn, so that nobody waits for a quick stream."""


class AtOnce:
    """The way of one answer's pieces to ``transport``, which Twisted writes to as well."""

    __slots__ = ("_is_plain", "_left_bytes", "_transport")

    def __init__(self, transport: Any) -> None:
        """Any transport of Twisted's; what is no plain socket is written to as Twisted does it."""
        self._transport = transport
        self._is_plain = isinstance(transport, Connection) and not transport.TLS
        self._left_bytes = TURN_BYTES

    def write(self, data: bytes) -> None:
        """Send ``data`` behind what was written before; what the socket does not take waits as ever."""
        transport = self._transport
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            self._left_bytes = TURN_BYTES
            transport.write(data)
            return
        if not self._is_plain or transport.dataBuffer or transport._tempDataBuffer or transport.disconnecting:
            transport.write(data)
            return
        if not transport.connected or transport._writeDisconnected:
            return
        try:
            sent = transport.socket.send(data)
        except OSError:  # it is full, or lost: Twisted finds out
            sent = 0
        if sent < len(data):
            transport.write(data[sent:])
