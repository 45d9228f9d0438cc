"""A front before a server of objects that lets requests fail as S3 and the way to it do.

``front.faults`` are used up one request at a time; without any a request is passed on.
"""

import http.client
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

ERROR = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{0}</Code><Message>{0}, says S3</Message></Error>'

Fault = Callable[["Passing"], None]


class Passing(BaseHTTPRequestHandler):
    """One connection's requests, passed on as they are."""

    protocol_version = "HTTP/1.1"
    front: "FaultyFront"

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        self.content = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.front.asked.append(f"{self.command} {self.path}")
        fault = self.front.faults.popleft() if self.front.faults else None
        (fault or pass_on)(self)

    def answer(self, status: int, content: bytes, told_bytes: int | None = None) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(content) if told_bytes is None else told_bytes))
        self.send_header("content-type", "application/xml")
        self.send_header("last-modified", "Mon, 30 Nov 2026 12:00:00 GMT")
        self.send_header("etag", '"0"')
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


class FaultyFront:
    """See the module."""

    def __init__(self, endpoint: str) -> None:
        self.faults: deque[Fault] = deque()
        self.asked: list[str] = []
        self.host = urlsplit(endpoint).netloc
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Passing,), {"front": self}))
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.released = threading.Event()
        """Those that say nothing hold on until this is set."""

    def end(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def faulty_front(endpoint: str) -> Iterator[FaultyFront]:
    """Until the end of the block."""
    front = FaultyFront(endpoint)
    try:
        yield front
    finally:
        front.end()


def pass_on(request: Passing) -> None:
    upstream = http.client.HTTPConnection(request.front.host, timeout=60)
    upstream.request(request.command, request.path, request.content, dict(request.headers))
    answer = upstream.getresponse()
    content = answer.read()
    request.send_response(answer.status)
    for name, value in answer.getheaders():
        if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
            request.send_header(name, value)
    request.send_header("content-length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)
    upstream.close()


def says(status: int, code: str) -> Fault:
    """S3's error of that code."""
    return lambda request: request.answer(status, ERROR.format(code).encode())


def resets(request: Passing) -> None:
    """The connection is reset before an answer."""
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.connection.close()
    request.close_connection = True


def breaks_off(request: Passing) -> None:
    """The answer ends in the middle of the object."""
    request.answer(200, b"only the beg", told_bytes=1_000)
    resets(request)


def is_silent(request: Passing) -> None:
    """Nothing comes."""
    request.front.released.wait(60)
    request.close_connection = True


def removes_none(key: str) -> Fault:
    """A removal in batches that succeeds as a whole, and says of that object that it is not allowed."""
    one = f"<Error><Key>{key}</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    return lambda request: request.answer(
        200, f'<?xml version="1.0"?><DeleteResult>{one}</DeleteResult>'.encode()
    )


def listed_and(fault: Fault) -> Fault:
    """It is passed on, and the next request has the fault."""

    def passed(request: Passing) -> None:
        pass_on(request)
        request.front.faults.append(fault)

    return passed
