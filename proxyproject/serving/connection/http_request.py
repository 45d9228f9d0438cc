"""One HTTP request at the server: what daphne's own lacks.

* Who sends more than a little shows a client key first: the headers are looked at when they are there.
* A body over the limit is refused before it is read (Content-Length) or while it is read (chunked); so is one
  that the server has no room for.
* A client that does not read stops the application that writes to it (``WriteGate``).
* Each further piece of a stream is sent at once (``AtOnce``), past daphne and Twisted's buffer.
* While the server drains, what is new gets 503.
* Pages that may read the relay's answers (``cors``) may read these too.
* An exception in the application never leaves the client with an open, silent socket.

It relies on a few names that Twisted does not call public (``HTTPChannel._command``, ``._path``,
``._version``); tests/proxyproject hold them.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from daphne.http_protocol import WebRequest
from twisted.web import http

from proxyproject.serving.connection.at_once import AtOnce
from proxyproject.serving.connection.body_chunks import BodyChunks
from proxyproject.serving.connection.cors import REQUEST_METHOD, readable
from proxyproject.serving.connection.early_answers import Refusal, early_answer, too_large
from proxyproject.serving.connection.request_target import path_of
from proxyproject.serving.connection.write_gate import WriteGate
from proxyproject.serving.door.callers import allowance
from proxyproject.serving.door.door_rules import COUNTED_CHUNKS, KEYLESS_BODY_BYTES, SMALL_CHUNK_BYTES, Stage
from proxyproject.serving.door.doorkeeper import Doorkeeper
from relay.admission.auth import NO_ROOM, NO_VALID_KEY

ONCE = (b"transfer-encoding", b"host")
"""Of two, a front may take the one and we the other; Twisted itself refuses a second Content-Length."""

LONGEST_CONTENT_TYPE = 1024
"""Bytes; a boundary has 70 at most (RFC 2046). Django takes a long one apart in quadratic time."""

LONGEST_PATH = 2048  # bytes, without the query; each of a hundred patterns of pages looks at all of it

PATHS_WHILE_DRAINING = (b"/healthz", b"/metrics")


class RelayRequest(WebRequest):
    """One request: see the module."""

    gate: WriteGate | None = None
    at_once: AtOnce | None = None
    received_bytes = 0
    method: bytes
    path: bytes
    uri: bytes
    clientproto: bytes
    query = b""
    _allowed_bytes = KEYLESS_BODY_BYTES
    _held_bytes = _held_unknown_bytes = 0
    _is_known = True
    _is_refused = _is_chunked = _is_gone = False
    _chunks = _counted_bytes = 0
    _on_gone: Callable[[], None] | None = None

    # While the request arrives

    def gotLength(self, length: int | None) -> None:
        """Twisted: all headers are here, and the body has ``length`` bytes (None: it is chunked)."""
        self.content = BodyChunks()
        if any(len(self.requestHeaders.getRawHeaders(name, ())) > 1 for name in ONCE):
            self.refuse(400, "A header that may stand in a request once stands in it twice.")
            return
        if sum(map(len, self.requestHeaders.getRawHeaders(b"content-type", ()))) > LONGEST_CONTENT_TYPE:
            self.refuse(431, "The Content-Type is longer than the limit.")
            return
        if length == 0:
            return
        self.channel.enter(Stage.BODY)
        if length is None:
            self._is_chunked = True
            self.channel.read_less_at_once()
        if length is not None and length > KEYLESS_BODY_BYTES:
            self._look_at_the_sender(length)
            if not self._is_refused and not self._has_room(length):
                self._refuse_for_want_of_room()

    def handleContentChunk(self, data: bytes) -> None:
        """Twisted: a piece of the body arrived."""
        if self._is_refused:
            return
        size = len(data)
        self.received_bytes += size
        if self.received_bytes > self._allowed_bytes:
            self._look_at_the_sender(self.received_bytes)
        elif self._is_chunked:
            self._count_chunk()
        if self._is_refused:
            return
        if self.hold(size):
            self.content.write(data)
        else:
            self._refuse_for_want_of_room()

    def _count_chunk(self) -> None:
        """Who sends many small chunks shows a key first: each costs as much as a kilobyte."""
        self._chunks += 1
        if self._chunks % COUNTED_CHUNKS == 0:
            if self.received_bytes - self._counted_bytes < COUNTED_CHUNKS * SMALL_CHUNK_BYTES:
                self._look_at_the_sender(self.received_bytes)
                if not self._is_known and not self._is_refused:
                    self.refuse(400, "The body comes in too small chunks.")
            self._counted_bytes = self.received_bytes

    def hold(self, more_bytes: int) -> bool:
        """Hold so much more, if there is room; the application asks it for a body that was packed."""
        if not self._has_room(more_bytes):
            return False
        doorkeeper: Doorkeeper = self.server.doorkeeper
        doorkeeper.held.take(more_bytes)
        self._held_bytes += more_bytes
        if not self._is_known:
            doorkeeper.held_unknown.take(more_bytes)
            self._held_unknown_bytes += more_bytes
        return True

    def _has_room(self, more_bytes: int) -> bool:
        doorkeeper: Doorkeeper = self.server.doorkeeper
        has_room = doorkeeper.held.has_room(more_bytes)
        return has_room and (self._is_known or doorkeeper.held_unknown.has_room(more_bytes))

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Twisted: all of it is here. A target may be a whole address (RFC 9112, 3.2.2)."""
        super().requestReceived(command, path_of(path), version)

    def process(self) -> Any:
        """Twisted: the request is complete."""
        if self._is_refused:
            self.finish()
            return None
        if not self.path.startswith(b"/") or len(self.path) > LONGEST_PATH:
            self.path = self.path[:LONGEST_PATH] if self.path[:1] == b"/" else b"/"  # it says the dialect
            self.basic_error(400, b"Bad Request", "The request's target is no path, or a very long one.")
            return None
        self.requestHeaders.removeHeader(b"daphne-root-path")  # daphne believes it of anybody
        if self.server.is_draining and self.path not in PATHS_WHILE_DRAINING and not self._is_preflight():
            self._answer(503, "The server is restarting; try again in a moment.", may_continue=False)
            self.finish()
            return None
        if self.server.is_leaving and not self.requestHeaders.hasHeader(b"upgrade"):
            self.channel.persistent = False
            self.setHeader(b"connection", b"close")
        result = super().process()
        if self.transport is None:  # daphne has handed the connection to a WebSocket
            self.channel.handed_over(self.channel.transport.protocol)
        return result

    # While it is answered

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """Daphne: the request cannot be given to the application, or the application has failed."""
        self._answer(status, body)
        self.finish()

    def handle_exception(self, exception: BaseException) -> None:
        """Daphne: the application has raised. What has begun cannot be finished honestly: cut it."""
        if self._response_started:
            self.abort()
        else:
            super().handle_exception(exception)

    def abort(self) -> None:
        """End the connection so that the client sees a broken answer and not a complete one.

        What was written is still sent, where the missing last chunk or bytes tell that more was to come. Else
        (HTTP/1.0) only a reset does.
        """
        if self.channel is None or self.finished:
            return
        if self.chunked or self.responseHeaders.hasHeader(b"content-length"):
            self.channel.loseConnection()
        else:
            self.channel.transport.abortConnection()

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Daphne: write a message of the application; a streamed answer gets a gate until its last one."""
        if message["type"] == "http.response.body" and not self.finished and self.channel is not None:
            if not message.get("more_body", False):
                if self.gate is not None:
                    self.unregisterProducer()
                    self.gate.resumeProducing()
            elif self.gate is None:
                self.gate = WriteGate()
                self.registerProducer(self.gate, True)
                if self.method != b"HEAD":
                    self.at_once = AtOnce(self.channel.transport)
        super().handle_reply(message)

    def write_more(self, message: dict[str, Any]) -> bool:
        """Write ``message`` where it is more of a stream that has begun; False: it is daphne's to write."""
        at_once = self.at_once
        if at_once is None or self.finished or self.channel is None or not message.get("more_body", False):
            return False
        if data := message.get("body"):
            self.sentLength += len(data)
            at_once.write(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data)
        return True

    def finish(self) -> None:
        """Daphne: the answer is written."""
        self._let_go()
        super().finish()

    def connectionLost(self, reason: Any) -> None:
        """Twisted: the client has gone."""
        self._let_go()
        super().connectionLost(reason)
        self._is_gone = True
        if self._on_gone is not None:
            self._on_gone()

    def when_gone(self, act: Callable[[], None]) -> None:
        """Call ``act`` when the client goes before its answer is written; at once where it has gone."""
        self._on_gone = act
        if self._is_gone:
            act()

    def _let_go(self) -> None:
        self.server.doorkeeper.held.give_back(self._held_bytes)
        self.server.doorkeeper.held_unknown.give_back(self._held_unknown_bytes)
        self._held_bytes = self._held_unknown_bytes = 0

    # Refusals of a body

    def refuse(self, status: int, message: str) -> None:
        """Say so now, then read the rest of the body into nothing, so that the client can hear it."""
        self._is_refused = True
        self.content.close()
        self._let_go()
        self._know_the_head()
        self.requestHeaders.removeHeader(b"expect")  # no "100 Continue" after the answer
        self._answer(status, message, may_continue=False)
        self.channel.enter(Stage.LINGERING)
        if self._is_chunked:
            self.channel.read_into_nothing()

    def _look_at_the_sender(self, length: int) -> None:
        """A body of ``length`` bytes, or so much of one by now, is more than anybody may send."""
        self._know_the_head()
        allowed = allowance(self._refusal(0, ""), self.query, self.server.doorkeeper.limits.max_body_bytes)
        if allowed is None:
            self.refuse(401, NO_VALID_KEY)
        elif length > allowed.limit_bytes:
            self.refuse(413, too_large(allowed.limit_bytes))
        else:
            self._allowed_bytes, self._is_known = allowed.limit_bytes, allowed.is_known

    def _refuse_for_want_of_room(self) -> None:
        self.refuse(503, NO_ROOM)

    def _know_the_head(self) -> None:
        """Twisted tells its request the head when the body is here."""
        self.method, self.clientproto = self.channel._command, self.channel._version
        self.uri = path_of(self.channel._path)
        self.path, _, self.query = self.uri.partition(b"?")

    # Answers of our own

    def _refusal(self, status: int, message: str) -> Refusal:
        return Refusal(
            status,
            message,
            self.method.decode("ascii", "replace"),
            unquote(self.path.decode("ascii", "replace")),
            {
                name.decode("ascii", "replace").lower(): values[0].decode("latin1")
                for name, values in self.requestHeaders.getAllRawHeaders()
            },
        )

    def _is_preflight(self) -> bool:
        """Only a page whose question is answered gets to read that the server is restarting."""
        return bool(self.method == b"OPTIONS" and self.requestHeaders.hasHeader(REQUEST_METHOD))

    def _answer(self, status: int, message: str, *, may_continue: bool = True) -> None:
        """Write a whole answer but do not end the request; ``may_continue``: the connection stays open."""
        refusal = self._refusal(status, message)
        answer = early_answer(refusal)
        self.setResponseCode(answer.status)
        for header in readable(self.server.page_origins, refusal.path, refusal.headers.get("origin", "")):
            self.setHeader(*header)
        for name, value in answer.headers.items():
            self.setHeader(name.encode(), value.encode())
        self.setHeader(b"content-length", str(len(answer.body)).encode())
        if not may_continue:
            self.channel.persistent = False
            self.setHeader(b"connection", b"close")
        self._response_started = True
        http.Request.write(self, answer.body)
