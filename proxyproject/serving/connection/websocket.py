"""A WebSocket of the server that may end before its handshake is done, as a stranger's often does.

daphne's own knows its server from the handshake on only, and fails with a traceback where it ends before.
"""

from typing import Any

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol


class RelayWebSocket(WebSocketProtocol):
    """One WebSocket."""

    server: Any = None

    def onClose(self, was_clean: bool, code: int, reason: str) -> None:
        """Autobahn: it is over; without a handshake nobody has heard of it."""
        if self.server is not None:
            super().onClose(was_clean, code, reason)


class RelayWebSocketFactory(WebSocketFactory):
    """Makes them."""

    protocol = RelayWebSocket
