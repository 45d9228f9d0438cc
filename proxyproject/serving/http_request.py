"""One HTTP request at the server: what daphne's own lacks.

* A body over the limit is refused before it is read (Content-Length) or while it is read (chunked).
* A client that does not read stops the application that writes to it (``WriteGate``).
* While the server drains, what is new gets 503.
* Pages that may read the relay's answers (``cors``) may read these too.
* An exception in the application never leaves the client with an open, silent socket.

It relies on a few names that Twisted does not call public (``HTTPChannel._command``, ``._path``,
``._version``); tests/proxyproject hold them.
"""

from typing import Any
from urllib.parse import unquote

from daphne.http_protocol import WebRequest
from twisted.web import http

from proxyproject.serving.body_chunks import BodyChunks
from proxyproject.serving.cors import REQUEST_METHOD, readable
from proxyproject.serving.early_answers import Refusal, early_answer, too_large
from proxyproject.serving.write_gate import WriteGate

LINGER_SECONDS = 30
"""How long a client may go on sending a refused body before it is cut off (nginx: lingering_time 30s).
Closing at once would reset the connection, and most clients would then never see the answer."""

PATHS_WHILE_DRAINING = (b"/healthz", b"/metrics")


class RelayRequest(WebRequest):
    """One request: see the module."""

    gate: WriteGate | None = None
    _refused = False
    _linger: Any = None

    # While the request arrives

    def gotLength(self, length: int | None) -> None:
        """Twisted: all headers are here, and the body has ``length`` bytes (None: it is chunked)."""
        self.content = BodyChunks()
        if length is not None and length > self.server.max_body_bytes:
            self._refuse_body()

    def handleContentChunk(self, data: bytes) -> None:
        """Twisted: a piece of the body arrived."""
        if self._refused:
            return
        self.content.write(data)
        if self.content.tell() > self.server.max_body_bytes:
            self._refuse_body()

    def process(self) -> Any:
        """Twisted: the request is complete."""
        if self._refused:
            self._hang_up()
            return None
        if self.server.is_draining and self.path not in PATHS_WHILE_DRAINING and not self._is_preflight():
            self._answer(503, "The server is restarting; try again in a moment.", may_continue=False)
            self.finish()
            return None
        result = super().process()
        if self.transport is None:  # daphne has handed the connection to a WebSocket
            self.channel.factory.channels.discard(self.channel)
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
        super().handle_reply(message)

    def connectionLost(self, reason: Any) -> None:
        """Twisted: the client has gone."""
        self._cancel_linger()
        super().connectionLost(reason)

    # Answers of our own

    def _refuse_body(self) -> None:
        """Say 413 now, then read the rest of the body into nothing, so that the client can hear it."""
        self._refused = True
        self.content.close()
        self.method, self.clientproto = self.channel._command, self.channel._version
        self.uri = self.channel._path
        self.path = self.uri.split(b"?", 1)[0]
        self.requestHeaders.removeHeader(b"expect")  # no "100 Continue" after the answer
        self._answer(413, too_large(self.server.max_body_bytes), may_continue=False)
        self._linger = self.channel.callLater(LINGER_SECONDS, self._give_up_lingering)

    def _give_up_lingering(self) -> None:
        self._linger = None
        self.channel.transport.abortConnection()

    def _hang_up(self) -> None:
        self._cancel_linger()
        self.finish()

    def _cancel_linger(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None

    def _is_preflight(self) -> bool:
        """Only a page whose question is answered gets to read that the server is restarting."""
        return bool(self.method == b"OPTIONS" and self.requestHeaders.hasHeader(REQUEST_METHOD))

    def _answer(self, status: int, message: str, *, may_continue: bool = True) -> None:
        """Write a whole answer but do not end the request; ``may_continue``: the connection stays open."""
        refusal = Refusal(
            status,
            message,
            self.method.decode("ascii", "replace"),
            unquote(self.path.decode("ascii", "replace")),
            {
                name.decode("ascii", "replace").lower(): values[0].decode("latin1")
                for name, values in self.requestHeaders.getAllRawHeaders()
            },
        )
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
