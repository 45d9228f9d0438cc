"""Key before body: who has not shown a valid key sends 64 KiB at most, and costs the server no more."""

import contextlib
import gzip
import json
import socket
from collections.abc import Iterator

import httpx
import psutil
import pytest

from tests.proxyproject.serving.raw_http import connect, head, post, read_to_end, read_until
from tests.running_server import ServerWorld
from tests.served.requests.test_bad_input import ANTHROPIC, COLLECTED, GENERATION, RESPONSES, ask
from tests.served.world import KEY, World, lasting_world

LARGE = 90 * 2**20
HELD_BYTES = 3_000_000


@pytest.fixture(scope="module")
def door(server_world: ServerWorld) -> Iterator[World]:
    """A server that holds three megabytes of request bodies at once."""
    with lasting_world(server_world, PROXY_HELD_BODY_BYTES=str(HELD_BYTES)) as world:
        yield world
        assert "Traceback" not in world.server.log_text


def answer_to(world: World, path: str, *headers: str, body: bytes = b"") -> httpx.Response:
    """What the server says to a head and some of its body, before the rest of it came."""
    with connect(world.server) as client:
        client.sendall(head("POST", path, *headers))
        with contextlib.suppress(OSError):  # it does not read what nobody wants
            client.sendall(body)
        return one_answer(client)


def one_answer(client: socket.socket) -> httpx.Response:
    """The next answer on a connection, by its length."""
    said = read_until(client, b"\r\n\r\n")
    raw_head, _, content = said.partition(b"\r\n\r\n")
    status, *lines = raw_head.decode("latin1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    length = int({name.lower(): value for name, value in headers.items()}["content-length"])
    while len(content) < length:
        content += client.recv(65536)
    return httpx.Response(int(status.split()[1]), headers=headers, content=content)


@pytest.mark.parametrize("path", GENERATION)
@pytest.mark.parametrize("key", [(), ("x-api-key: sk-wrong",), ("authorization: Bearer",)])
def test_a_large_body_without_a_key_is_a_401_at_once(door: World, path: str, key: tuple[str, ...]) -> None:
    """Before a byte of it is read, in the dialect of the path; the connection ends."""
    answer = answer_to(door, path, f"content-length: {LARGE}", *key)
    assert answer.status_code == 401
    assert "client key" in answer.json()["error"]["message"]
    assert answer.headers["connection"] == "close"


def test_it_is_on_record(door: World) -> None:
    """As every refused key: a row without a body, at most ten a second."""
    for _ in range(30):
        answer = answer_to(door, ANTHROPIC, f"content-length: {LARGE}")
        door.row(door.messages())  # what was noted before it is written by now
        rows = door.server.rows(
            "SELECT * FROM monitor_requestlog WHERE id = %s", (answer.headers["x-request-id"],)
        )
        if rows:
            break
    assert (rows[0]["outcome"], rows[0]["status"], rows[0]["request_bytes"]) == ("unauthorized", 401, 0)
    assert rows[0]["client_key"] == ""


def test_the_body_behind_it_goes_into_nothing(door: World) -> None:
    """Twelve at once of fifty megabytes each: the server grows by next to nothing and serves others."""
    process = psutil.Process(door.server.pid)
    before = process.memory_info().rss
    crowd = [connect(door.server) for _ in range(12)]
    for client in crowd:
        client.sendall(head("POST", ANTHROPIC, f"content-length: {LARGE}", "expect: 100-continue"))
        client.setblocking(False)
    sent = [0] * len(crowd)
    piece = b"x" * 262_144
    for _ in range(200):
        for at, client in enumerate(crowd):
            try:
                sent[at] += client.send(piece)
            except OSError:
                continue
    assert door.messages("Hello.").status_code == 200
    grown = process.memory_info().rss - before
    for client in crowd:
        client.close()
    assert sum(sent) > 20_000_000
    assert grown < 40_000_000


@pytest.mark.parametrize("path", [ANTHROPIC, COLLECTED, RESPONSES])
def test_in_chunks_64_kilobytes_are_read(door: World, path: str) -> None:
    """Nobody said how long it is: it is looked at when it has grown larger than anybody may send."""
    chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
    answer = answer_to(door, path, "transfer-encoding: chunked", body=chunk * 17)
    assert answer.status_code == 401
    with connect(door.server) as client:
        client.sendall(head("POST", path, "transfer-encoding: chunked") + chunk * 16)
        client.settimeout(0.3)
        with pytest.raises(socket.timeout):
            client.recv(1)
        client.settimeout(10)
        client.sendall(b"0\r\n\r\n")
        assert read_until(client, b"\r\n").startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("path", GENERATION)
def test_who_shows_a_key_sends_what_they_like(door: World, path: str) -> None:
    """In any of its places, with a length and in chunks."""
    body = json.dumps(ask(path) | {"padding": "x" * 200_000}).encode()
    mark = "&" if "?" in path else "?"
    for url, headers in (
        (path, {"authorization": f"Bearer {KEY}"}),
        (path, {"x-api-key": KEY}),
        (path, {"x-goog-api-key": KEY}),
        (f"{path}{mark}key={KEY}", {}),
    ):
        for content in (body, iter([body[:100_000], body[100_000:]])):
            answer = post(door.server.base_url + url, content=content, headers=headers)
            assert answer.status_code not in (401, 413), answer.text


def test_what_unpacks_to_more_than_there_is_room_for_is_a_503(door: World) -> None:
    """The bytes that a body unpacks to are held as well; the client is told when to come again."""
    packed = gzip.compress(json.dumps(ask(ANTHROPIC) | {"padding": " " * 5_000_000}).encode())
    answer = door.client.post(ANTHROPIC, content=packed, headers={"content-encoding": "gzip"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert door.row(answer)["outcome"] == "error"
    for _ in range(5):  # what is over is held no more
        small = gzip.compress(json.dumps(ask(ANTHROPIC) | {"padding": " " * 2_000_000}).encode())
        answer = door.client.post(ANTHROPIC, content=small, headers={"content-encoding": "gzip"})
        assert answer.status_code != 503


@pytest.mark.parametrize("path", ["/admin/", "/nothing"])
def test_a_page_takes_large_forms_from_those_who_logged_in(door: World, path: str) -> None:
    """Without a session 64 KiB, with one ten megabytes, and whether it is a real one the page finds out."""
    answer = answer_to(door, path, f"content-length: {LARGE}")
    assert answer.status_code == 413
    assert "limit of 0.0625 MiB" in answer.json()["error"]["message"]
    answer = answer_to(door, path, f"content-length: {LARGE}", "cookie: evenkeel_session=x")
    assert "limit of 10 MiB" in answer.json()["error"]["message"]


def test_a_login_is_small_whatever_cookie_comes_with_it(door: World) -> None:
    """Anybody may send one and make up a cookie: no more of it is read than of a stranger's."""
    for cookie in ((), ("cookie: evenkeel_session=x",)):
        answer = answer_to(door, "/admin/login/", f"content-length: {LARGE}", *cookie)
        assert answer.status_code == 413
        assert "limit of 0.0625 MiB" in answer.json()["error"]["message"]


def test_a_request_that_is_refused_ends_its_connection(door: World) -> None:
    """What stands behind it, in the middle of a body that nobody reads, is no request."""
    with connect(door.server) as client:
        client.sendall(head("POST", ANTHROPIC, "content-length: 100000"))
        assert one_answer(client).status_code == 401
        client.sendall(head("GET", "/healthz") * 10)
        client.shutdown(socket.SHUT_WR)
        assert b"HTTP/1.1" not in read_to_end(client)
