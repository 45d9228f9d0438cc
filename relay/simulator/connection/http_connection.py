"""HTTP/1.1 on a raw socket: reads requests, performs the steps of an answer byte for byte.

A home-made protocol, since a server library would repair what a fault wants broken: it closes
without the terminating chunk, resets, and sends half a character when it is told to.
"""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol, cast
from urllib.parse import unquote

from relay.simulator.connection.stream_steps import Framing, HttpAnswer, Step, StreamAct, Wait

_FLUSH_BYTES = 64 * 1024
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close() sends RST


@dataclass(slots=True)
class HttpRequest:
    """One request as it came; header names are in lower case, the path is percent-decoded.

    ``is_on_kept`` says that it is not the first one of its connection.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    is_on_kept: bool = False


class AnswerWatcher(Protocol):
    """Who wants to know how an answer went (the ledger's entry)."""

    def headers_sent(self, status: int, at: float) -> None:
        """The head is out."""

    def ended(self, by: str, sent_bytes: int, at: float) -> None:
        """The answer is over: ``by`` is ``simulator`` or ``client``."""


Handler = Callable[[HttpRequest], tuple[HttpAnswer, AnswerWatcher | None]]


@dataclass(slots=True)
class _Playing:
    answer: HttpAnswer
    steps: Iterator[Step]
    exchange: AnswerWatcher | None
    keep_alive: bool
    sent_bytes: int = 0
    timer: asyncio.TimerHandle | None = None
    is_held: bool = False  # silent until it is released or the client goes
    out: list[bytes] = field(default_factory=list)


class HttpConnection(asyncio.Protocol):
    """One client's connection; requests on it are served one after the other."""

    def __init__(self, handler: Handler, connections: set["HttpConnection"]) -> None:
        self._handler = handler
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._received = bytearray()
        self._playing: _Playing | None = None
        self._paused = False
        self._has_served = False

    # -- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._connections.add(self)
        if peer := transport.get_extra_info("socket"):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client went, or the connection was closed from here."""
        self._connections.discard(self)
        if self._playing:
            self._finish(self._playing, "client")

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        self._received += data
        self._serve_next()

    def pause_writing(self) -> None:
        """The client does not read fast enough."""
        self._paused = True

    def resume_writing(self) -> None:
        """It reads again."""
        self._paused = False
        if self._playing and not self._playing.timer and not self._playing.is_held:
            self._advance(self._playing)

    def release(self) -> None:
        """End a silence that has no end of its own."""
        if self._playing and self._playing.is_held:
            self._playing.is_held = False
            self._advance(self._playing)

    def abort(self) -> None:
        """Drop the connection, whatever it is doing."""
        self._transport.abort()

    # -- reading

    def _serve_next(self) -> None:
        while self._playing is None and not self._transport.is_closing():
            try:
                request = self._take_request()
            except ValueError:
                self._transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                self._transport.close()
                return
            if request is None:
                return
            request.is_on_kept, self._has_served = self._has_served, True
            answer, exchange = self._handler(request)
            keep_alive = request.headers.get("connection", "").lower() != "close"
            self._playing = _Playing(answer, iter(answer.steps), exchange, keep_alive)
            self._advance(self._playing)

    def _take_request(self) -> HttpRequest | None:
        """The next whole request, or None when bytes are missing. Raises ValueError on garbage."""
        received = self._received
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = received[:end].decode("latin-1").split("\r\n")
        method, target, _version = lines[0].split(" ")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue" and len(received) == end + 4:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in headers.get("transfer-encoding", "").lower():
            taken = _chunked_body(received, end + 4)
        else:
            stop = end + 4 + int(headers.get("content-length", "0"))
            taken = (bytes(received[end + 4 : stop]), stop) if len(received) >= stop else None
        if taken is None:
            return None
        body, used = taken
        del received[:used]
        path, _, query = target.partition("?")
        return HttpRequest(method, unquote(path), query, headers, body)

    # -- answering

    def _advance(self, playing: _Playing) -> None:
        """Perform steps until one waits, the client's buffer is full, or the answer is over."""
        playing.timer = None
        if self._paused:
            return
        pending_bytes = 0
        for step in playing.steps:
            if isinstance(step, bytes):
                if not step:
                    continue  # an empty chunk would be the end of the body
                playing.sent_bytes += len(step)
                chunked = playing.answer.framing is Framing.CHUNKED
                playing.out.append(b"%x\r\n%b\r\n" % (len(step), step) if chunked else step)
                pending_bytes += len(step)
                if pending_bytes < _FLUSH_BYTES:
                    continue
                self._flush(playing)
                pending_bytes = 0
                if self._paused:
                    return
            elif isinstance(step, Wait):
                self._flush(playing)
                if step.seconds is not None:
                    playing.timer = self._loop.call_later(step.seconds, self._advance, playing)
                else:
                    playing.is_held = True
                return
            elif step is StreamAct.HEAD:
                playing.out.append(_head(playing.answer, playing.keep_alive))
                if playing.exchange:
                    playing.exchange.headers_sent(playing.answer.status, time.time())
            else:
                self._end(playing, step)
                return

    def _end(self, playing: _Playing, how: StreamAct) -> None:
        if how is StreamAct.END and playing.answer.framing is Framing.CHUNKED:
            playing.out.append(b"0\r\n\r\n")
        self._flush(playing)
        self._finish(playing, "simulator")
        if how is StreamAct.RESET:
            with contextlib.suppress(OSError):
                self._transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE
                )
            self._transport.abort()
        elif how is StreamAct.CUT or playing.answer.framing is Framing.CLOSE or not playing.keep_alive:
            self._transport.close()
        elif self._received:
            self._loop.call_soon(self._serve_next)

    def _flush(self, playing: _Playing) -> None:
        if playing.out:
            self._transport.write(b"".join(playing.out))
            playing.out.clear()

    def _finish(self, playing: _Playing, by: str) -> None:
        self._playing = None
        if playing.timer:
            playing.timer.cancel()
        if playing.exchange:
            playing.exchange.ended(by, playing.sent_bytes, time.time())


def _chunked_body(received: bytearray, position: int) -> tuple[bytes, int] | None:
    """(body, bytes used) of a chunked request, or None when some are missing."""
    parts: list[bytes] = []
    while (line_end := received.find(b"\r\n", position)) >= 0:
        size = int(received[position:line_end].split(b";")[0], 16)
        start, position = line_end + 2, line_end + 2 + size + 2
        if len(received) < position:
            return None
        if size == 0:
            return b"".join(parts), position
        parts.append(bytes(received[start : start + size]))
    return None


def _head(answer: HttpAnswer, keep_alive: bool) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Upstream Error')}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if answer.framing is Framing.CHUNKED:
        lines.append("Transfer-Encoding: chunked")
    elif answer.framing is Framing.LENGTH:
        lines.append(f"Content-Length: {answer.length_bytes}")
    if not keep_alive or answer.framing is Framing.CLOSE:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
