"""The head of an answer is what Twisted would have written, in one piece."""

from twisted.web.http import HTTPChannel
from twisted.web.http_headers import Headers

from proxyproject.serving.connection.answer_head import head_of


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = b""

    def writeSequence(self, pieces: list[bytes]) -> None:  # noqa: N802  Twisted's name
        self.written += b"".join(pieces)


def test_it_is_what_twisted_writes() -> None:
    """To the byte: the status line, each value of each header by itself, and the empty line."""
    headers = Headers()
    for value in (b"a=1", b"b=2"):
        headers.addRawHeader(b"set-cookie", value)
    headers.addRawHeader(b"x-empty", b"")
    channel, transport = HTTPChannel(), Transport()
    channel.transport = transport
    channel.writeHeaders(b"HTTP/1.1", b"200", b"OK", headers)
    assert head_of(b"HTTP/1.1", b"200", b"OK", headers.getAllRawHeaders()) == transport.written
    assert transport.written.count(b"Set-Cookie: ") == 2
