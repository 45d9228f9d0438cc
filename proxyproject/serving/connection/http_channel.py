"""One HTTP connection of the server: counted, and with a time limit for each stage of a request.

It relies on names that Twisted does not call public (``HTTPChannel._handlingRequest``, ``._path``,
``._dataBuffer``, ``._waitingForTransport``, ``._networkProducer``, ``._transferDecoder``,
``._receivedHeaderSize``, ``._receivedHeaderCount``, ``._respondToBadRequestAndDisconnect``);
tests/proxyproject hold them.
"""

import contextlib
import socket
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from twisted.internet.abstract import FileDescriptor
from twisted.internet.error import ConnectionAborted
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.http_headers import Headers

from proxyproject.serving.connection.answer_head import head_of
from proxyproject.serving.connection.early_answers import Refusal, early_answer
from proxyproject.serving.door.door_rules import Stage
from relay.turns import turns

CHUNKED_READ_BYTES = 4 * 1024
"""What is read of a chunked body before others have their turn (2 to 3 ms where a chunk has a byte or two);
Twisted reads 64 KiB."""

SPARED_SECONDS = 10.0
"""For so long what is overdue is in time if bytes wait to be read: a byte now and then keeps nothing open for
longer, however rarely a busy doorkeeper looks."""


def _ignored(data: bytes) -> None:
    """Read into nothing."""


class RelayChannel(http.HTTPChannel):
    """One connection, known to its factory from its first to its last moment."""

    stage = Stage.HEAD
    since = 0.0
    address = ""
    _is_deaf = False
    _spared_since = 0.0  # the first look that found it overdue; 0: none has
    _next = b""  # what has come and waits for its turn

    def connectionMade(self) -> None:
        """Twisted: a client has connected."""
        self.since = time.monotonic()
        self.address = getattr(self.transport.getPeer(), "host", "")
        self.factory.channels.add(self)
        self.factory.doorkeeper.entered(self)
        super().connectionMade()

    def connectionLost(self, reason: Any) -> None:
        """Twisted: the connection is over, everything written has been sent or is lost."""
        self._next = b""
        self.factory.channels.discard(self)
        self.factory.doorkeeper.left(self)
        super().connectionLost(reason)
        body = self._transferDecoder
        if body is not None:  # half a body is here: they know each other, and would stay until a collection
            body.dataCallback = body.finishCallback = _ignored
        self.factory.channel_closed()

    def handed_over(self, websocket: Any) -> None:
        """``websocket`` has the connection now; the doorkeeper counts it until it is over."""
        doorkeeper, lost = self.factory.doorkeeper, websocket.connectionLost
        self.factory.channels.discard(self)
        doorkeeper.handed_over(self)

        def connection_lost(*reason: Any) -> None:
            doorkeeper.left(self)
            lost(*reason)

        websocket.connectionLost = connection_lost

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Headers) -> None:
        """Twisted: write the head of an answer."""
        self.transport.write(head_of(version, code, reason, headers.getAllRawHeaders()))

    def close_when_idle(self) -> None:
        """Close after the answer in work; now if there is none, or if only half a request is here."""
        self.persistent = False
        if not self._handlingRequest:
            self.loseConnection()

    def has_unread(self) -> bool:
        """Are there bytes that nobody has looked at: read, and waiting for their turn, or in the kernel?"""
        if self._next:
            return True
        with contextlib.suppress(OSError):
            return bool(self.transport.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        return False

    # The stages of a request

    def read_less_at_once(self) -> None:
        """From now on ``CHUNKED_READ_BYTES`` at most: chunks of a byte cost 4 µs each, and others wait."""
        self.transport.bufferSize = CHUNKED_READ_BYTES

    def read_into_nothing(self) -> None:
        """What still comes is not even looked at, nor what waits for its turn."""
        self._next = b""
        setattr(self, "dataReceived", _ignored)  # noqa: B010  an override would cost every piece of every body

    def enter(self, stage: Stage) -> None:
        """The next stage begins."""
        self.stage, self.since, self._spared_since = stage, time.monotonic(), 0.0

    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes came. Twisted's own timer, which any byte sets back, is not used."""
        if self.stage is Stage.IDLE:
            self.enter(Stage.HEAD)
        if self._next:
            self._next += data
        elif turns.is_over():
            self._next = data
            self._networkProducer.pauseProducing()
            self.soon(self._take_next)
        else:
            LineReceiver.dataReceived(self, data)

    def allContentReceived(self) -> None:
        """Twisted: the request is complete."""
        if self.stage is not Stage.LINGERING:
            self.stage = Stage.SERVED
        if self._transferDecoder is not None:
            self.transport.bufferSize = FileDescriptor.bufferSize
        super().allContentReceived()

    def requestDone(self, request: Any) -> None:
        """Twisted: the request is answered; what came behind it is looked at in a turn of its own.

        A thousand requests that came in one piece, each answered at once, would else be one turn, and their
        answers wait in memory for a client that reads none of them.
        A server that drains would refuse what comes on this connection: a front must not send it here.
        """
        behind = b"".join([self.clearLineBuffer(), *self._dataBuffer, self._next])
        self._dataBuffer: list[bytes] = []
        self._next = b""
        if self.factory.server.is_draining and not behind and not self.has_unread():
            self.persistent = False
        if not self.persistent:
            self.enter(Stage.CLOSING)
        else:
            self.enter(Stage.HEAD if behind else Stage.IDLE)
        super().requestDone(request)
        if behind and self.persistent:
            self._next = behind
            self._call_for_next()

    def soon(self, turn: Callable[[], None]) -> None:
        """Call ``turn`` in a next turn of the event loop."""
        turns.soon(self.address, turn)

    def _call_for_next(self) -> None:
        """What has come already has its turn when the client has taken most of what it was told."""
        self._networkProducer.pauseProducing()
        if self._waitingForTransport:
            self.enter(Stage.CLOSING)
        else:
            self.soon(self._take_next)

    def _take_next(self) -> None:
        if not self._next:
            return
        data, self._next = self._next, b""
        if not self._waitingForTransport:
            self._networkProducer.resumeProducing()
        if self.stage is Stage.CLOSING:
            self.enter(Stage.HEAD)
        LineReceiver.dataReceived(self, data)

    def resumeProducing(self) -> None:
        """Twisted: the client has taken what it was told."""
        super().resumeProducing()
        if self._next:
            self._call_for_next()

    # What the doorkeeper asks

    @property
    def received_bytes(self) -> int:
        """Of the body that is arriving."""
        return self.requests[-1].received_bytes if self.requests else 0

    @property
    def unread_seconds(self) -> float:
        """How long the client has taken none of what it asked for."""
        gate = self.requests[0].gate if self.requests else None
        return 0.0 if gate is None else gate.closed_seconds

    def give_up(self) -> bool:
        """The stage took too long; False where what is due has come, and a busy server has not read it."""
        match self.stage:
            case Stage.HEAD | Stage.BODY | Stage.IDLE if self.has_unread() and self._is_spared():
                return False
            case Stage.BODY:
                self.requests[-1].refuse(408, "The request's body did not come in time.")
            case Stage.HEAD if self._receivedHeaderSize or self._buffer:
                self._refuse_head(408, "The request's headers did not come in time.")
            case Stage.HEAD | Stage.IDLE:
                self.enter(Stage.CLOSING)
                self.loseConnection()
            case _:
                self.cut()
        return True

    def _is_spared(self) -> bool:
        now = time.monotonic()
        self._spared_since = self._spared_since or now
        return now - self._spared_since < SPARED_SECONDS

    def cut(self) -> None:
        """End the connection now: its file is closed when this returns.

        Twisted's ``abortConnection`` closes it a turn later. In one turn a hundred newcomers are accepted,
        and each would still find the files of those who went for it taken.
        """
        self.transport.stopReading()
        self.transport.stopWriting()
        self.transport.connectionLost(Failure(ConnectionAborted()))

    # What is no valid head

    def lineLengthExceeded(self, line: bytes) -> None:
        """Twisted: a line of the head is longer than 16 KiB."""
        self._refuse_head(431, "A line of the request's head is longer than the limit.")

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Twisted: what came is no HTTP, or more of it than a head may have."""
        if self._receivedHeaderSize > self.totalHeadersSize or self._receivedHeaderCount > self.maxHeaders:
            self._refuse_head(431, "The request's headers are larger than the limit.")
        else:
            self._refuse_head(400, "The request is not valid HTTP.")

    def _refuse_head(self, status: int, message: str) -> None:
        """Say so in the dialect of the path, if that is known, and read what still comes into nothing."""
        if self._is_deaf:
            return
        self._is_deaf = True
        self._next = b""
        self.clearLineBuffer()  # Twisted would go on to cut it into lines, with a copy of the rest for each
        # What stands behind it is no request. Overriding these would cost every line of every head.
        for method in ("dataReceived", "lineReceived", "rawDataReceived"):
            setattr(self, method, _ignored)
        path = unquote(getattr(self, "_path", b"/").split(b"?", 1)[0].decode("ascii", "replace"))
        answer = early_answer(Refusal(status, message, "", path))
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        headers = {**answer.headers, "content-length": len(answer.body), "connection": "close"}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.transport.write("\r\n".join([*lines, "", ""]).encode("latin1") + answer.body)
        self.transport.loseWriteConnection()
        self.enter(Stage.LINGERING)
