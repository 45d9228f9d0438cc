"""Requests that are too large, not whole, not valid, or that make a view fail."""

import gzip
import hashlib
import json
import socket

import pytest

from tests.proxyproject.serving.raw_http import connect, get, head, post, read_to_end, read_until
from tests.running_server import RunningServer

LIMIT = 200_000  # of the fixture ``traps``


def body_of(answer: bytes) -> dict[str, object]:
    return json.loads(answer.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("length", [0, 1, 8_191, 8_192, 8_193, 131_072, LIMIT])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_up_to_the_limit_arrives_as_it_was_sent(
    traps: RunningServer, length: int, chunked: bool
) -> None:
    """Every length up to the limit, with Content-Length and in chunks, also across daphne's block size."""
    body = bytes(number % 251 for number in range(length))
    content = (body[at : at + 1_000] for at in range(0, length, 1_000)) if chunked else body
    told = post(f"{traps.base_url}/v1/echo", content=content).json()
    assert (told["length"], told["sha256"]) == (length, hashlib.sha256(body).hexdigest())


def test_a_form_body_is_left_to_the_view(traps: RunningServer) -> None:
    """A body is the view's, whatever its Content-Type: curl -d says it is a form."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    told = post(f"{traps.base_url}/v1/echo", content=b'{"a": 1}', headers=headers).json()
    assert told["length"] == 8


def test_an_encoded_body_is_left_to_the_view(traps: RunningServer) -> None:
    """The server decodes nothing; the relay decodes gzip and zstd against its own limit."""
    body = gzip.compress(b"x" * 1000)
    headers = {"content-encoding": "gzip"}
    assert post(f"{traps.base_url}/v1/echo", content=body, headers=headers).json()["length"] == len(body)


def test_a_body_over_the_limit_is_refused_before_it_is_sent(traps: RunningServer) -> None:
    """Content-Length alone brings the 413; no byte of the body is needed, and no 100 Continue is said."""
    with connect(traps) as client:
        client.sendall(head("POST", "/v1/echo", f"content-length: {LIMIT + 1}", "expect: 100-continue"))
        answer = read_until(client, b"}}")
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in answer.lower()
        assert body_of(answer) == {
            "error": {"code": 413, "message": "The request body is larger than the limit of 0.190735 MiB."}
        }


def test_a_client_that_goes_on_sending_hears_the_413(traps: RunningServer) -> None:
    """The rest of a refused body is read into nothing, so that the answer is not lost in a reset."""
    length = 20_000_000
    with connect(traps) as client:
        client.sendall(head("POST", "/v1/echo", f"content-length: {length}"))
        for _ in range(length // 100_000):
            client.sendall(b"x" * 100_000)
        assert read_to_end(client).startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_over_the_limit_is_refused(traps: RunningServer) -> None:
    """Without a Content-Length the 413 comes when the limit is passed, not when the body ends."""
    with connect(traps) as client:
        client.sendall(head("POST", "/v1/echo", "transfer-encoding: chunked"))
        for _ in range(LIMIT // 1_000 + 1):
            client.sendall(b"3e8\r\n" + b"x" * 1_000 + b"\r\n")
        assert read_until(client, b"}}").startswith(b"HTTP/1.1 413 ")


def test_a_client_that_goes_before_its_body_is_whole_does_no_harm(traps: RunningServer) -> None:
    """Half a body and a closed connection: no view is called, nothing is logged as an error."""
    with connect(traps) as client:
        client.sendall(head("POST", "/v1/failing", "content-length: 1000") + b"x" * 10)
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == b""
    assert get(f"{traps.base_url}/v1/echo").status_code == 200
    assert "/v1/failing" not in traps.output


@pytest.mark.parametrize(
    "line",
    [b"x-bad: a\rset-cookie: b=c", b"x-bad: a\x00b", b"x bad: a", b"no colon here", b"content-length: many"],
)
def test_an_invalid_header_is_a_400(traps: RunningServer, line: bytes) -> None:
    """A header that is none never reaches a view and never hangs the client."""
    with connect(traps) as client:
        client.sendall(b"GET /v1/echo HTTP/1.1\r\nhost: test\r\n" + line + b"\r\n\r\n")
        answer = read_until(client, b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("said", ["a\r\nset-cookie: b=c", "a\nb", "a\rb"])
def test_line_breaks_do_not_reach_a_response_header(traps: RunningServer, said: str) -> None:
    """A view that puts a client's text into a header fails with a 500, the header is not injected."""
    response = get(f"{traps.base_url}/v1/header", params={"say": said})
    assert response.status_code == 500
    assert "set-cookie" not in response.headers
    assert "x-said" not in response.headers


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v1/missing", 404), ("/v1/nowhere", 404), ("/v1/failing", 500), ("/v1/synchronous", 500)],
)
def test_a_view_that_fails_is_told_without_its_reason(traps: RunningServer, path: str, status: int) -> None:
    """The client gets a status and a sentence; the exception's text and traceback stay in the log."""
    response = get(traps.base_url + path)
    assert response.status_code == status
    assert response.json()["error"]["code"] == status
    assert "secret" not in response.text
    assert "Traceback" not in response.text


def test_a_head_request_has_no_body(traps: RunningServer) -> None:
    """The same head as for GET, nothing after it, and the connection goes on."""
    with connect(traps) as client:
        client.sendall(head("HEAD", "/v1/echo") + head("GET", "/v1/echo", "connection: close"))
        answers = read_to_end(client)
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert answers.count(b'"sha256"') == 1


def test_a_key_in_the_query_is_not_logged(traps: RunningServer) -> None:
    """There is no access log; ``?key=`` is nowhere on the terminal or in app.log."""
    get(f"{traps.base_url}/v1/failing", params={"key": "sk-planted-0123456789"})
    get(f"{traps.base_url}/admin/nowhere/", params={"key": "sk-planted-0123456789"})
    assert "planted" not in traps.output
    assert "planted" not in traps.log_text


def test_300_connects_at_once_are_taken(own_traps) -> None:
    """The kernel holds 300 connections while the server is busy; each is then answered."""
    import signal

    server = own_traps()
    server.process.send_signal(signal.SIGSTOP)  # busier than busy: it accepts nothing
    try:
        clients = [connect(server) for _ in range(300)]
    finally:
        server.process.send_signal(signal.SIGCONT)
    for client in clients:
        client.sendall(head("GET", "/v1/echo", "connection: close"))
    for client in clients:
        assert read_to_end(client).startswith(b"HTTP/1.1 200 OK")
        client.close()
