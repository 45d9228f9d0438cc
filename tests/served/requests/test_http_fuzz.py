"""Our own front under broken HTTP: every connection ends, nothing is a 500, nothing is smuggled."""

import random
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.proxyproject.serving.raw_http import connect, get
from tests.running_server import RunningServer, ServerWorld
from tests.served.world import KEY, World, lasting_world

SEED, CASES = 20_261_129, 900
PATHS = ("/v1/messages", "/v1/responses", "/v1beta/models/x:streamGenerateContent", "/", "/admin/login/",
         "/healthz", "/metrics", "/static/evenkeel/frame.css", "/ws/monitor/", "*", "http://a/v1/messages",
         "//", "/%00", "/%ff%fe", "/v1/messages?key=%zz", "/..;/admin/", "/v1/../admin/")  # fmt: skip
METHODS = ("GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "TRACE", "PRI", "get", "", "G\x00T", "A" * 300)
VERSIONS = ("HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "http/1.1", "HTTP/1.", "", "ICY")
HEADERS = (
    b"Host: test", b"Host:", b"Host: a\r\nHost: b", b"Host: [::1", b"Host: a/b@c", b"Host: \xff\xfe",
    b"Content-Length: 5", b"Content-Length: 0", b"Content-Length: -1", b"Content-Length: +5",
    b"Content-Length: 5, 5", b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: 0x5",
    b"Content-Length: 99999999999999999999", b"Content-Length: 5\x00", b"Content-Length:\x0b5",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunked, chunked",
    b"Transfer-Encoding : chunked", b"Transfer-Encoding: identity", b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding:\tchunked", b"Transfer-Encoding: \x0bchunked", b"X: y\r\n Transfer-Encoding: chunked",
    b"Connection: close", b"Connection: keep-alive", b"Connection: upgrade\r\nUpgrade: websocket",
    b"Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk", b"Expect: 100-continue",
    b"Expect: 200-ok", b"Content-Type: application/json", b"Content-Encoding: gzip",
    b"Content-Encoding: zstd, gzip", b"X-Api-Key: " + KEY.encode(), b"Authorization: Basic !!!",
    b"Cookie: evenkeel_session=\xff; a=b; ;;=", b"Accept-Language: " + b"x-" * 300, b"X-Forwarded-For: a\tb",
    b"X-Forwarded-Proto: gopher", b"Range: bytes=0-,1-,2-", b"If-Modified-Since: never", b"Origin: null",
    b"Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13", b"Daphne-Root-Path: /x", b": empty", b"no colon",
    b" leading: fold", b"a" * 9000 + b": b", b"Long: " + b"v" * 17_000, b"Bad\x00Name: v", b"Bare: a\rb",
    b"\r", b"", b"Content-Disposition: form-data; name=\"x", b"Content-Type: multipart/form-data; boundary=",
)  # fmt: skip
BODIES = (
    b"", b"hello", b"{}", b'{"model": "claude-opus-5-5", "messages": []}', b"0\r\n\r\n",
    b"5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n", b"5;ext=\"\r\n\r\nhello\r\n0\r\n\r\n", b"-1\r\n\r\n",
    b"ffffffffffffffffff\r\nx",
    b"5\nhello\n0\n\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b" 5\r\nhello\r\n0\r\n\r\n",
    b"0\r\nTrailer: a\r\nContent-Length: 3\r\n\r\n", b"1" * 5_000 + b"\r\n", b"\r\n\r\n", b"\x00" * 100,
    b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
)  # fmt: skip
STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3}) ", re.MULTILINE)


@pytest.fixture(scope="module")
def quick(server_world: ServerWorld) -> Iterator[World]:
    """A server whose stages of a request take little time; its log stays free of tracebacks."""
    patience = {
        "PROXY_HEADER_TIMEOUT_SECONDS": "2",
        "PROXY_BODY_TIMEOUT_SECONDS": "2",
        "PROXY_BODY_BYTES_PER_SECOND": "1000000",
        "PROXY_IDLE_CONNECTION_SECONDS": "1",
    }
    with lasting_world(server_world, **patience) as world:
        yield world
        log = world.server.log_text
    assert "Traceback" not in log
    assert KEY not in log


def request(chance: random.Random) -> bytes:
    """A request that is more or less one, or several, some with bytes changed at random."""
    line = f"{chance.choice(METHODS)} {chance.choice(PATHS)} {chance.choice(VERSIONS)}".encode("latin1")
    if chance.random() < 0.5:
        line = f"{chance.choice(('GET', 'POST'))} {chance.choice(PATHS)} HTTP/1.1".encode("latin1")
    headers = [chance.choice(HEADERS) for _ in range(chance.choice((0, 1, 2, 3, 4, 6, 40)))]
    end = chance.choice((b"\r\n",) * 8 + (b"\n", b"\r"))
    made = end.join([line, *headers, b"", chance.choice(BODIES)])
    if chance.random() < 0.2:
        made += request(chance)
    if chance.random() < 0.3:
        changed = bytearray(made)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(changed)) if changed else 0
            changed[at : at + chance.choice((0, 1, 1, 3))] = chance.choice(
                (b"", b"\x00", b"\r\n", b" ", b"\xff", b":")
            )
        made = bytes(changed)
    return made


def answers_to(server: RunningServer, sent: bytes, closes: bool) -> bytes | None:
    """What comes until the connection ends, or is told to be over; None when neither happens."""
    with connect(server) as client:
        received = b""
        try:
            client.sendall(sent)
            if closes:
                client.shutdown(socket.SHUT_WR)
            while data := client.recv(65536):
                received += data
        except TimeoutError:  # a refused body is read into nothing for half a minute
            return received if b"\r\nconnection: close\r\n" in received.lower() else None
        except OSError:  # a reset ends it too
            return b""
        return received


def test_no_broken_request_is_a_500_or_hangs(quick: World) -> None:
    """A thousand by a seed: each connection is ended, by an answer under 500 or without one."""
    chance = random.Random(SEED)
    cases = [(request(chance), chance.random() < 0.1) for _ in range(CASES)]
    with ThreadPoolExecutor(60) as pool:
        heard = list(pool.map(lambda case: answers_to(quick.server, *case), cases))
    wrong = [
        (sent, closes, got)
        for (sent, closes), got in zip(cases, heard, strict=True)
        if got is None or any(int(status) >= 500 for status in STATUS.findall(got))
    ]
    assert wrong == []
    assert sum(bool(got) for got in heard) > CASES / 2
    assert get(f"{quick.server.base_url}/healthz").status_code == 200


POST = b"POST /v1/messages HTTP/1.1\r\nHost: a\r\n"
CHUNKED, END = b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"
AMBIGUOUS: dict[str, bytes] = {
    "both lengths": POST + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n" + END,
    "both, the other way": POST + CHUNKED + b"Content-Length: 45\r\n\r\n" + END,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 45\r\n\r\n",
    "a list of lengths": POST + b"Content-Length: 0, 45\r\n\r\n",
    "a length with a sign": POST + b"Content-Length: +0\r\n\r\n",
    "a length of Python's": POST + b"Content-Length: 0_0\r\n\r\n",
    "an unknown encoding": POST + b"Transfer-Encoding: xchunked\r\n\r\n",
    "chunked is not the last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + END,
    "two encodings": POST + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n" + END,
    "chunked twice": POST + CHUNKED + CHUNKED + b"\r\n" + END,
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n" + END,
    "a tab of another kind": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + END,
    "a chunk that ends in LF": POST + CHUNKED + b"\r\n0\n\n",
    "a chunk's extension with LF": POST + CHUNKED + b"\r\n5;a\nhello\r\n" + END,
    "a chunk with a sign": POST + CHUNKED + b"\r\n+0\r\n\r\n",
    "a chunk with 0x": POST + CHUNKED + b"\r\n0x0\r\n\r\n",
    "a bare CR": b"POST /v1/messages HTTP/1.1\r\nHost: a\rContent-Length: 0\r\n\r\n",
    "lines that end in LF": b"POST /v1/messages HTTP/1.1\nHost: a\nContent-Length: 0\n\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "two targets": b"GET /healthz /admin/ HTTP/1.1\r\nHost: a\r\n\r\n",
}


def test_what_a_front_may_read_otherwise_is_refused(quick: World, subtests: pytest.Subtests) -> None:
    """A request with two ends is a 400, and what stands behind it is never taken for a request."""
    hidden = b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: yyyyyyyyyyyy\r\n\r\n"
    for name, sent in AMBIGUOUS.items():
        with subtests.test(name):
            heard = answers_to(quick.server, sent + hidden, closes=False)
            assert heard is not None
            assert STATUS.findall(heard) == [b"400"]


def test_clean_requests_in_one_go_are_answered_in_order(quick: World) -> None:
    """Pipelined requests, with a body and a trailer between them, each get their answer."""
    sent = POST + CHUNKED + b"\r\n5\r\nhello\r\n0\r\nTrailer: a\r\nContent-Length: 9\r\n\r\n"
    sent += b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 2
    heard = answers_to(quick.server, sent, closes=False)
    assert heard is not None
    assert STATUS.findall(heard) == [b"401", b"200", b"200"]
