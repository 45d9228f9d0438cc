"""Bad input: a clear error in the dialect of the path, no traceback, nothing lost."""

import gzip
import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.proxyproject.serving.raw_http import connect, head, read_to_end
from tests.running_server import ServerWorld
from tests.served.world import CLAUDE, GEMINI, KEY, World, lasting_world

LIMIT_BYTES = 300_000
ANTHROPIC, CHAT, RESPONSES = "/v1/messages", "/v1/chat/completions", "/v1/responses"
STREAM = f"/v1beta/models/{GEMINI}:streamGenerateContent?alt=sse"
ARRAY = f"/v1beta/models/{GEMINI}:streamGenerateContent"
COLLECTED = f"/v1/models/{GEMINI}:generateContent"
GENERATION = (ANTHROPIC, CHAT, RESPONSES, STREAM, ARRAY, COLLECTED)
COUNTING = ("/v1/messages/count_tokens", f"/v1beta/models/{GEMINI}:countTokens")

ASK: dict[str, Any] = {
    "model": CLAUDE,
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "Hello."}],
    "input": "Hello.",
    "contents": [{"role": "user", "parts": [{"text": "Hello."}]}],
}
"""What some path takes; ``ask`` has what a certain one takes."""


def ask(path: str) -> dict[str, Any]:
    """A good body for ``path``."""
    if path.startswith(("/v1beta/", "/v1/models/")):
        return {"contents": ASK["contents"]}
    if path == RESPONSES:
        return {"model": "claude-on-gemini", "input": "Hello."}
    return {"model": CLAUDE, "max_tokens": 64, "messages": ASK["messages"]}


@pytest.fixture(scope="module")
def small(server_world: ServerWorld) -> Iterator[World]:
    """A world whose bodies may have 300,000 bytes; its log must stay free of tracebacks."""
    with lasting_world(server_world, RELAY_MAX_BODY_BYTES=str(LIMIT_BYTES)) as world:
        yield world
        log = world.server.log_text
    assert "Traceback" not in log
    assert KEY not in log


def error_in_dialect(path: str, answer: httpx.Response) -> str:
    """The message of an error that has the shape of the path's dialect."""
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"]
    body = answer.json()
    if path.startswith("/v1/messages"):
        assert body["type"] == "error"
        assert body["error"]["type"].endswith("_error") or body["error"]["type"] == "request_too_large"
        assert body["request_id"] == answer.headers["request-id"] == answer.headers["x-request-id"]
    elif path.startswith(("/v1beta/", "/v1/models/")):
        assert body["error"]["code"] == answer.status_code
        assert body["error"]["status"].isupper()
    else:
        assert set(body["error"]) == {"message", "type", "param", "code"}
    message = body["error"]["message"]
    assert message
    assert "Traceback" not in message
    return str(message)


BROKEN: tuple[tuple[str, bytes], ...] = (
    ("no JSON", b'{"model": nope'),
    ("empty", b""),
    ("an array", b"[]"),
    ("null", b"null"),
    ("a number", b"7"),
    ("no UTF-8", b'{"model": "\xff\xfe"}'),
    ("NUL", b"\x00"),
    ("nested deeply", b"[" * 100_000),
    ("nested deeply in an object", b'{"model":' * 20_000),
    ("half a surrogate", b'{"model": "\\ud800", "messages": 1, "contents": 1, "input": 1}'),
)


def test_a_body_that_is_no_json_object_is_a_400(subtests: pytest.Subtests, small: World) -> None:
    """Whatever stands in it, the client is told in its dialect, and a generation has a row that says so."""
    for path in GENERATION + COUNTING:
        for raw in [raw for _, raw in BROKEN]:
            with subtests.test(f"{path, raw!r:.120}"):
                answer = small.client.post(path, content=raw)
                assert answer.status_code == 400
                message = error_in_dialect(path, answer)
                if path in GENERATION:
                    row = small.row(answer)
                    assert (row["outcome"], row["status"], row["error"]) == ("error", 400, message)


WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    (ANTHROPIC, {"messages": "Hello."}),
    (ANTHROPIC, {"messages": 7}),
    (ANTHROPIC, {"messages": None}),
    (ANTHROPIC, {"messages": [7]}),
    (ANTHROPIC, {"messages": [{"role": "user"}]}),
    (ANTHROPIC, {"messages": [{"role": 7, "content": "x"}]}),
    (ANTHROPIC, {"messages": [{"role": "user", "content": {"text": "x"}}]}),
    (ANTHROPIC, {"messages": [{"role": "user", "content": [7]}]}),
    (ANTHROPIC, {"messages": []}),
    (ANTHROPIC, {"model": 7}),
    (ANTHROPIC, {"model": None}),
    (ANTHROPIC, {"stream": "yes"}),
    (CHAT, {"messages": {}}),
    (CHAT, {"messages": [None]}),
    (CHAT, {"model": ["gpt-5"]}),
    (RESPONSES, {"input": 7}),
    (RESPONSES, {"input": [7]}),
    (RESPONSES, {"model": {}}),
    (STREAM, {"contents": 7}),
    (STREAM, {"contents": [7]}),
    (STREAM, {"contents": [{"role": "user", "parts": 7}]}),
    (STREAM, {"contents": [{"role": "user", "parts": [7]}]}),
    (COLLECTED, {"contents": None}),
)


def test_wrong_types_are_a_400(subtests: pytest.Subtests, small: World) -> None:
    """Refused here or by upstream, to a client of the same dialect or another: never a 500, never a retry."""
    for path, change in WRONG:
        for translated in [False, True]:
            with subtests.test(f"{path, change, translated!r:.120}"):
                body = ASK | change
                if translated:
                    path = path.replace(GEMINI, "gemini-on-claude")
                    body = (
                        {"model": "claude-on-gemini"}
                        | {k: v for k, v in body.items() if k != "model"}
                        | change
                    )
                answer = small.client.post(path, json=body)
                assert answer.status_code == 400, answer.text
                error_in_dialect(path, answer)
                row = small.row(answer)
                assert row["outcome"] == "error"
                assert row["attempts"] <= 1  # none where it was refused here


@pytest.mark.parametrize("path", [ANTHROPIC, CHAT, RESPONSES])
def test_an_unknown_model_is_a_404(small: World, path: str) -> None:
    """Neither mapped nor offered: the model is named, and the row has it."""
    answer = small.client.post(path, json=ASK | {"model": "gpt-nobody-has-this"})
    assert answer.status_code == 404
    assert "gpt-nobody-has-this" in error_in_dialect(path, answer)
    assert small.row(answer)["client_model"] == "gpt-nobody-has-this"


def test_an_unknown_gemini_model_is_a_404(small: World) -> None:
    """There the model stands in the path."""
    path = "/v1beta/models/gpt-nobody-has-this:generateContent"
    answer = small.client.post(path, json=ASK)
    assert answer.status_code == 404
    assert "gpt-nobody-has-this" in error_in_dialect(path, answer)


@pytest.mark.parametrize("path", [*GENERATION, *COUNTING, "/v1/embeddings", "/v1/models/NAME"])
def test_a_models_name_over_200_characters_is_a_400(small: World, path: str) -> None:
    """No model is called that; the message says so in the dialect, and a name of 200 is merely unknown."""
    for length, status in ((201, 400), (30_000, 400), (200, 404)):
        name = "gpt-" + "a" * (length - 4)
        if length == 30_000 and (path.startswith("/v1beta/") or "models/" in path):
            name = name[:1_900]  # a path has 2 KiB at most
        asked = path.replace(GEMINI, name).replace("NAME", name)
        body = ASK | {"model": name}
        answer = small.client.get(asked) if "NAME" in path else small.client.post(asked, json=body)
        assert answer.status_code == status, (length, answer.text[:200])
        if status == 400:
            assert "longer than 200 characters" in error_in_dialect(path.replace("models/NAME", ""), answer)


@pytest.mark.parametrize("path", [path for path in [*GENERATION, *COUNTING] if GEMINI in path])
def test_a_path_over_2_kib_is_a_400_in_its_dialect(small: World, path: str) -> None:
    """A name that long is not read; the beginning says whose client asks."""
    answer = small.client.post(path.replace(GEMINI, "a" * 3_000), json=ASK)
    assert answer.status_code == 400
    assert "a very long one" in error_in_dialect(path, answer)


@pytest.mark.parametrize("path", GENERATION + COUNTING)
def test_a_body_over_the_limit_is_a_413(small: World, path: str) -> None:
    """Told by Content-Length, and refused before a byte of the body is sent."""
    connection = HTTPConnection("127.0.0.1", small.server.port, timeout=10)
    connection.putrequest("POST", path)
    connection.putheader("x-api-key", KEY)
    connection.putheader("content-length", str(LIMIT_BYTES + 1))
    connection.endheaders()
    told = connection.getresponse()
    answer = httpx.Response(told.status, headers=told.getheaders(), content=told.read())
    connection.close()
    assert answer.status_code == 413
    assert "limit of 0.286102 MiB" in error_in_dialect(path, answer)


@pytest.mark.parametrize("path", GENERATION + COUNTING)
def test_a_small_body_that_unpacks_to_a_large_one_is_a_413(small: World, path: str) -> None:
    """The limit counts decoded bytes; the bomb is not unpacked beyond it."""
    bomb = gzip.compress(json.dumps(ASK).encode() + b" " * 50_000_000)
    assert len(bomb) < LIMIT_BYTES
    answer = small.client.post(path, content=bomb, headers={"content-encoding": "gzip"})
    assert answer.status_code == 413
    assert "limit" in error_in_dialect(path, answer)
    if path in GENERATION:
        assert small.row(answer)["status"] == 413


@pytest.mark.parametrize("path", GENERATION)
def test_a_packed_body_is_taken(small: World, path: str) -> None:
    """As gzip; the client's Content-Encoding does not travel up."""
    packed = gzip.compress(json.dumps(ask(path)).encode())
    answer = small.client.post(path, content=packed, headers={"content-encoding": "gzip"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [
        ("gzip", b"no gzip"),
        ("gzip", gzip.compress(b"{}" * 500, mtime=0)[:20]),
        ("zstd", b"no zstd"),
        ("br", b"{}"),
    ],
)
def test_a_body_that_cannot_be_unpacked_is_a_400(small: World, encoding: str, raw: bytes) -> None:
    """Not what its Content-Encoding says, cut off, or packed in a way that is not taken."""
    answer = small.client.post(ANTHROPIC, content=raw, headers={"content-encoding": encoding})
    assert answer.status_code == 400
    error_in_dialect(ANTHROPIC, answer)


def test_a_missing_or_wrong_key_is_a_401(subtests: pytest.Subtests, small: World) -> None:
    """In the dialect of the path; the body is not even read."""
    for path in GENERATION + COUNTING:
        for headers in [
            {},
            {"x-api-key": "sk-wrong"},
            {"authorization": "Bearer"},
            {"x-goog-api-key": "\xe9" * 300},
        ]:
            with subtests.test(f"{path, headers!r:.120}"):
                raw_headers = {name: value.encode("latin-1") for name, value in headers.items()}
                answer = httpx.post(small.server.base_url + path, content=b"{nope", headers=raw_headers)
                assert answer.status_code == 401
                error_in_dialect(path, answer)


def test_refused_keys_cannot_flood_the_history(small: World) -> None:
    """At most ten rows a second are kept, without a body; every client gets its 401."""
    query = "SELECT id FROM monitor_requestlog WHERE outcome = 'unauthorized'"
    before = len(small.server.rows(query))
    begun_at = time.monotonic()
    answers: list[int] = []
    with httpx.Client(base_url=small.server.base_url) as stranger:
        while len(answers) < 200 or time.monotonic() < begun_at + 1.1:
            answers.append(stranger.post(ANTHROPIC, json=ASK).status_code)
    seconds = time.monotonic() - begun_at
    assert set(answers) == {401}
    small.row(small.client.post(ANTHROPIC, content=b""))
    kept = len(small.server.rows(query)) - before
    assert 1 <= kept <= 10 * (seconds + 2)
    assert kept < len(answers)
    assert small.server.rows(f"SELECT id FROM monitor_body WHERE request_id IN ({query})") == []


def test_a_wrong_method_is_a_405(subtests: pytest.Subtests, small: World) -> None:
    """In the dialect of the path, with the methods that are allowed."""
    for path in GENERATION + COUNTING:
        for method in ["GET", "PUT", "DELETE", "PATCH"]:
            with subtests.test(f"{path, method!r:.120}"):
                answer = small.client.request(method, path)
                assert answer.status_code == 405
                assert "POST" in answer.headers["allow"]
                error_in_dialect(path, answer)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/v1/messages/nothing", "/v1beta/nothing", "/v1/", "/v1beta/"]
)
def test_an_unknown_path_is_a_404(small: World, method: str, path: str) -> None:
    """In the dialect that its beginning tells."""
    answer = small.client.request(method, path)
    assert answer.status_code == 404
    error_in_dialect(path, answer)


@pytest.mark.parametrize("path", [f"/v1beta/models/{GEMINI}:embedNothing", "/v1/models/nothing"])
def test_an_unknown_gemini_method_is_a_404(small: World, path: str) -> None:
    """The method is named, and callers without a key learn nothing."""
    answer = small.client.post(path, json=ASK)
    assert answer.status_code == 404
    assert path.rpartition("/")[2].rpartition(":")[2] in error_in_dialect(path, answer)
    assert httpx.post(small.server.base_url + path).status_code == 401


@pytest.mark.parametrize(
    "line",
    [b"x-evil: a\rb", b"x-evil: a\x00b", b"x-evil\r\n: a", b"no colon", b"x evil: a"],
)
def test_a_header_that_is_none_is_a_400(small: World, line: bytes) -> None:
    """Line breaks and NUL inside a header do not reach an exchange; what came is not echoed."""
    with connect(small.server) as client:
        body = json.dumps(ASK).encode()
        request = head(
            "POST", ANTHROPIC, f"x-api-key: {KEY}", f"content-length: {len(body)}", "connection: close"
        )
        client.sendall(request.removesuffix(b"\r\n") + line + b"\r\n\r\n" + body)
        received = read_to_end(client)
    assert received.startswith(b"HTTP/1.1 400 ")
    assert b"evil" not in received


def test_line_breaks_in_a_models_name_are_refused(subtests: pytest.Subtests, small: World) -> None:
    """The name would stand in a response header and in the log; it can forge neither."""
    for name in ["a\r\nx-evil: 1", "a\nx-evil: 1", "a\x7f", "a\u2028b"]:
        for path in [ANTHROPIC, CHAT, RESPONSES, "/v1beta/models/NAME:generateContent"]:
            with subtests.test(f"{name, path!r:.120}"):
                path = path.replace("NAME", quote(name))
                answer = small.client.post(path, json=ASK | {"model": name})
                assert answer.status_code in (400, 404)
                error_in_dialect(path, answer)
                assert "x-evil" not in answer.headers
                assert not any(line.startswith("x-evil") for line in small.server.log_text.splitlines())


def test_a_megabyte_in_one_line_is_taken(world: World) -> None:
    """A prompt of a megabyte without a line break goes up and is answered; the row says how large it was."""
    answer = world.messages("x" * 1_000_000)
    assert answer.status_code == 200
    assert "message_stop" in answer.text[-200:]
    assert world.row(answer)["request_bytes"] > 1_000_000


def test_a_megabyte_in_one_header_line_is_refused(small: World) -> None:
    """The connection is answered or closed; the server lives on."""
    with connect(small.server) as client:
        try:
            client.sendall(head("POST", ANTHROPIC, "x-api-key: " + "k" * 1_000_000))
            received = read_to_end(client)
        except (BrokenPipeError, ConnectionResetError):
            received = b""
    assert received == b"" or received.startswith(b"HTTP/1.1 4")
    assert small.client.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", [ANTHROPIC, STREAM])
def test_nothing_reaches_upstream(small: World, path: str) -> None:
    """What is refused here costs no account anything."""
    small.simulator.reset()
    for raw in (b"{", b"[]", b""):
        small.client.post(path, content=raw)
    httpx.post(small.server.base_url + path, json=ASK)
    assert small.simulator.requests == []
