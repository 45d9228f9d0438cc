"""The connections of one server: makes each, knows the open ones, and closes them when the server ends."""

import asyncio
from functools import partial
from typing import Any

from daphne.http_protocol import HTTPFactory

from proxyproject.serving.connection.http_channel import RelayChannel
from proxyproject.serving.connection.http_request import RelayRequest
from proxyproject.serving.door.door_rules import Stage
from proxyproject.serving.door.doorkeeper import Doorkeeper


class RelayFactory(HTTPFactory):
    """Makes the connections of one server and knows the open ones."""

    protocol = RelayChannel

    def __init__(self, server: Any, doorkeeper: Doorkeeper) -> None:
        super().__init__(server)
        self.timeOut = None  # the doorkeeper's deadlines rule
        self.doorkeeper = doorkeeper
        self.channels: set[RelayChannel] = set()
        self.all_closed = asyncio.Event()
        self._is_closing = False

    def buildProtocol(self, addr: Any) -> RelayChannel | None:
        """Twisted: make the protocol of a new connection; None closes it."""
        if not self.doorkeeper.admits(getattr(addr, "host", "")):
            return None
        channel: RelayChannel = super().buildProtocol(addr)
        # The application reads the body, whatever its type; Twisted would parse forms.
        channel.requestFactory = partial(RelayRequest, parsePOSTFormSubmission=False)
        return channel

    def log(self, request: RelayRequest) -> None:
        """Write no access log: it would show ``?key=``. The relay logs its exchanges itself."""

    def close_idle(self) -> None:
        """Close the connections that have had their answers."""
        for channel in list(self.channels):
            if channel.stage is Stage.IDLE and not channel.has_unread():
                channel.close_when_idle()

    def expects_requests(self) -> bool:
        """Is a request on its way on some connection, or may one be that has just been made?"""
        return any(
            channel.stage in (Stage.HEAD, Stage.BODY)
            or (channel.stage is Stage.IDLE and channel.has_unread())
            for channel in self.channels
        )

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
