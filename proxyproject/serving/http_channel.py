"""One HTTP connection of the server, known to it so that it can be closed when its last byte is out.

It relies on a name that Twisted does not call public (``HTTPChannel._handlingRequest``); tests/proxyproject
hold it.
"""

import asyncio
from functools import partial
from typing import Any

from daphne.http_protocol import HTTPFactory
from twisted.web import http

from proxyproject.serving.http_request import RelayRequest


class RelayChannel(http.HTTPChannel):
    """One connection, known to its factory from its first to its last moment."""

    def connectionMade(self) -> None:
        """Twisted: a client has connected."""
        self.factory.channels.add(self)
        super().connectionMade()

    def connectionLost(self, reason: Any) -> None:
        """Twisted: the connection is over, everything written has been sent or is lost."""
        self.factory.channels.discard(self)
        super().connectionLost(reason)
        self.factory.channel_closed()

    def close_when_idle(self) -> None:
        """Close after the answer in work; now if there is none, or if only half a request is here."""
        self.persistent = False
        if not self._handlingRequest:
            self.loseConnection()


class RelayFactory(HTTPFactory):
    """Makes the connections of one server and knows the open ones."""

    protocol = RelayChannel

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.channels: set[RelayChannel] = set()
        self.all_closed = asyncio.Event()
        self._is_closing = False

    def buildProtocol(self, addr: Any) -> RelayChannel:
        """Twisted: make the protocol of a new connection."""
        channel: RelayChannel = super().buildProtocol(addr)
        # The application reads the body, whatever its type; Twisted would parse forms.
        channel.requestFactory = partial(RelayRequest, parsePOSTFormSubmission=False)
        return channel

    def log(self, request: RelayRequest) -> None:
        """Write no access log: it would show ``?key=``. The relay logs its exchanges itself."""

    def close_channels(self) -> None:
        """Close every connection as soon as its answer is out; ``all_closed`` is set after the last."""
        self._is_closing = True
        for channel in list(self.channels):
            channel.close_when_idle()
        self.channel_closed()

    def channel_closed(self) -> None:
        """A connection has ended."""
        if self._is_closing and not self.channels:
            self.all_closed.set()
