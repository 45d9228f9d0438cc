"""Whatever upstream sends is data: HTTP that is none is a broken answer of that upstream, and is tried again.

The upstream is a socket that says the very bytes of a table; two accounts stand at it.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard

from tests.running_server import ServerWorld
from tests.served.raw_upstream import CHUNKED, EVENT_STREAM, RawUpstream, Script, Then, chunked, head
from tests.served.world import ACCOUNTS, World, lasting_world, text_of

MODEL = "raw-model"
ANSWER = (Path(__file__).parents[2] / "transcripts" / "anthropic_text.sse").read_bytes()
LIMIT_BYTES = 300_000
FAULT_OF_OURS = "the server failed"

GOOD: Script = (head(EVENT_STREAM, CHUNKED) + chunked(ANSWER),)


def sized(body: bytes, *headers: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """An answer with the length of its body."""
    return head(EVENT_STREAM, *headers, b"content-length: %d" % len(body), status=status) + body


def packed(body: bytes, coding: bytes) -> bytes:
    """An answer whose body is said to be packed."""
    return sized(body, b"content-encoding: " + coding)


BOMB = gzip.compress(b"data: " + b"x" * 50_000_000)

BEFORE_COMMIT: dict[str, Script] = {
    "a header of 100 KB": (head(EVENT_STREAM, b"x-long: " + b"x" * 100_000, CHUNKED) + chunked(ANSWER),),
    "500 headers": (head(EVENT_STREAM, *[b"x-%d: x" % n for n in range(500)], CHUNKED) + chunked(ANSWER),),
    "headers without end": (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 1000, Then.FOR_EVER),
    "a status line without end": (b"HTTP/1.1 200 ", b"O" * 10_000, Then.FOR_EVER),
    "no HTTP at all": (b"SSH-2.0-OpenSSH_9.9\r\n", Then.CLOSE),
    "a binary answer": (bytes(range(256)) * 4, Then.CLOSE),
    "a status without a number": (head(EVENT_STREAM, status=b"HTTP/1.1 OK"), Then.CLOSE),
    "an unknown version": (head(EVENT_STREAM, status=b"HTTP/9.9 200 OK"), Then.CLOSE),
    "status 0": (sized(ANSWER, status=b"HTTP/1.1 000 Nothing"),),
    "status 42": (sized(ANSWER, status=b"HTTP/1.1 42 Short"), Then.CLOSE),
    "status 600": (sized(ANSWER, status=b"HTTP/1.1 600 High"),),
    "status 999": (sized(ANSWER, status=b"HTTP/1.1 999 Denied"),),
    "status 1000": (sized(ANSWER, status=b"HTTP/1.1 1000 Long"), Then.CLOSE),
    "status -1": (sized(ANSWER, status=b"HTTP/1.1 -1 Less"), Then.CLOSE),
    "status 101": (head(b"connection: upgrade", b"upgrade: x", status=b"HTTP/1.1 101 Switching"), Then.CLOSE),
    "status 204": (head(status=b"HTTP/1.1 204 No Content"),),
    "status 206": (sized(ANSWER, status=b"HTTP/1.1 206 Partial Content"),),
    "a redirect": (sized(b"", b"location: /elsewhere", status=b"HTTP/1.1 302 Found"),),
    "a redirect to nowhere": (sized(b"", b"location: http://[", status=b"HTTP/1.1 307 Found"),),
    "status 304": (head(status=b"HTTP/1.1 304 Not Modified"),),
    "two lengths": (head(EVENT_STREAM, b"content-length: 5", b"content-length: 7") + b"datadata",),
    "a length that is no number": (head(EVENT_STREAM, b"content-length: many") + ANSWER, Then.CLOSE),
    "a negative length": (head(EVENT_STREAM, b"content-length: -5") + ANSWER, Then.CLOSE),
    "an absurd length": (head(EVENT_STREAM, b"content-length: " + b"9" * 40) + b"data", Then.CLOSE),
    "a length and chunks": (
        head(EVENT_STREAM, b"content-length: 5", CHUNKED) + b"5\r\ndata:\r\n",
        Then.CLOSE,
    ),
    "a chunk without a size": (head(EVENT_STREAM, CHUNKED) + b"zz\r\ndata\r\n", Then.CLOSE),
    "a chunk of negative size": (head(EVENT_STREAM, CHUNKED) + b"-5\r\ndata\r\n", Then.CLOSE),
    "a chunk of absurd size": (head(EVENT_STREAM, CHUNKED) + b"f" * 40 + b"\r\ndata\r\n", Then.CLOSE),
    "a chunk extension without end": (head(EVENT_STREAM, CHUNKED) + b"5;", b"x" * 10_000, Then.FOR_EVER),
    "a chunk longer than it says": (head(EVENT_STREAM, CHUNKED) + b"2\r\ndata\r\n", Then.CLOSE),
    "an unknown transfer coding": (head(EVENT_STREAM, b"transfer-encoding: rot13") + ANSWER[:20], Then.CLOSE),
    "a header without a colon": (head(EVENT_STREAM, b"nothing here", CHUNKED) + chunked(ANSWER), Then.CLOSE),
    "a header name with a blank": (head(EVENT_STREAM, b"x y: z", CHUNKED) + chunked(ANSWER), Then.CLOSE),
    "NUL in a header": (head(EVENT_STREAM, b"x: \x00", CHUNKED) + chunked(ANSWER), Then.CLOSE),
    "a bare line end in a header": (head(EVENT_STREAM, b"x: y\rz: 1", CHUNKED) + chunked(ANSWER), Then.CLOSE),
    "closed in the head": (b"HTTP/1.1 200 OK\r\ncontent-ty", Then.CLOSE),
    "closed behind the head": (head(EVENT_STREAM, CHUNKED), Then.CLOSE),
    "reset behind the head": (head(EVENT_STREAM, CHUNKED), Then.RESET),
    "shorter than it says": (head(EVENT_STREAM, b"content-length: 100000") + ANSWER[:30], Then.CLOSE),
    "no gzip": (packed(ANSWER, b"gzip"),),
    "no zstd": (packed(ANSWER, b"zstd"),),
    "no deflate": (packed(ANSWER, b"deflate"),),
    "packed in brotli": (packed(ANSWER, b"br"),),
    "packed twice": (packed(gzip.compress(gzip.compress(ANSWER)), b"gzip, gzip"),),
    "half a gzip": (packed(gzip.compress(ANSWER)[:60], b"gzip"),),
    "a gzip bomb": (packed(BOMB, b"gzip"),),
    "a zstd bomb": (packed(zstandard.compress(b"data: " + b"x" * 50_000_000), b"zstd"),),
    "a web page": (sized(b"<html>").replace(b"event-stream", b"html"),),
    "an event without end": (head(EVENT_STREAM), b"data: " + b"x" * 10_000, Then.FOR_EVER),
    "comments without end": (head(EVENT_STREAM), b": nothing\n\n" * 1000, Then.FOR_EVER),
    "pings without end": (head(EVENT_STREAM), b'event: ping\ndata: {"type":"ping"}\n\n' * 300, Then.FOR_EVER),
    "nothing, for ever": (head(EVENT_STREAM, CHUNKED), Then.HANG),
    "silence": (Then.HANG,),
    "100 Continue for ever": (b"HTTP/1.1 100 Continue\r\n\r\n" * 100, Then.FOR_EVER),
    "an error body without end": (
        head(status=b"HTTP/1.1 500 Internal Server Error"),
        b"x" * 10_000,
        Then.FOR_EVER,
    ),
    "an error with a bomb": (
        sized(BOMB, b"content-encoding: gzip", status=b"HTTP/1.1 500 Internal Server Error"),
    ),
    "an error that waits for ages": (
        sized(b"{}", b"retry-after: 1e308", status=b"HTTP/1.1 500 Internal Server Error"),
    ),
}
"""What is broken before a byte of an answer has come: another account is asked."""

IN_WORDS: dict[str, Script] = {
    "a header of 20 KB": (head(EVENT_STREAM, b"x-long: " + b"x" * 20_000, CHUNKED) + chunked(ANSWER),),
    "HTTP/1.0": (head(EVENT_STREAM, status=b"HTTP/1.0 200 OK") + ANSWER, Then.CLOSE),
    "no reason": (head(EVENT_STREAM, CHUNKED, status=b"HTTP/1.1 200") + chunked(ANSWER),),
    "bytes beyond its end": (sized(ANSWER) + b"HTTP/1.1 200 OK\r\n\r\nnobody asked",),
    "Latin-1 in a header": (sized(ANSWER, b"x-name: \xe4\xf6\xfc"),),
    "a long request id": (sized(ANSWER, b"request-id: " + b"r" * 5000),),
    "100 Continue": (b"HTTP/1.1 100 Continue\r\n\r\n" + sized(ANSWER),),
    "gzip": (packed(gzip.compress(ANSWER), b"gzip"),),
    "gzip of several members": (packed(gzip.compress(ANSWER[:70]) + gzip.compress(ANSWER[70:]), b"x-gzip"),),
    "deflate": (packed(zlib.compress(ANSWER), b"deflate"),),
    "zstd": (packed(zstandard.compress(ANSWER), b"zstd"),),
    "identity": (packed(ANSWER, b"identity"),),
    "cookies": (sized(ANSWER, b"set-cookie: a=b; path=/", b"set-cookie: \x07\x08;;;=;"),),
    "in single bytes": (
        head(EVENT_STREAM, CHUNKED) + chunked(*[ANSWER[at : at + 1] for at in range(len(ANSWER))]),
    ),
}
"""What is odd, and an answer all the same."""

BEGUN, REST = ANSWER[:-200], ANSWER[-200:]
_gzip = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
GZIP_BEGUN = _gzip.compress(BEGUN) + _gzip.flush(zlib.Z_SYNC_FLUSH)
MORE = (
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"more"}}\n\n'
)
PLAIN = head(EVENT_STREAM) + BEGUN
IN_CHUNKS = head(EVENT_STREAM, CHUNKED) + chunked(BEGUN, ends=False)
IN_GZIP = head(EVENT_STREAM, b"content-encoding: gzip") + GZIP_BEGUN

BEHIND_COMMIT: dict[str, Script] = {
    "closed": (IN_CHUNKS, Then.WAIT, Then.CLOSE),
    "reset": (IN_CHUNKS, Then.WAIT, Then.RESET),
    "an end too early": (IN_CHUNKS + b"0\r\n\r\n", Then.WAIT, Then.CLOSE),
    "a broken chunk": (IN_CHUNKS, Then.WAIT, b"zz\r\n", Then.HANG),
    "an absurd chunk": (IN_CHUNKS, Then.WAIT, b"f" * 40 + b"\r\n", Then.HANG),
    "a chunk longer than it says": (IN_CHUNKS, Then.WAIT, b"2\r\ndata\r\n", Then.HANG),
    "shorter than it says": (head(EVENT_STREAM, b"content-length: 99999") + BEGUN, Then.WAIT, Then.CLOSE),
    "half a gzip": (IN_GZIP, Then.WAIT, Then.CLOSE),
    "rubbish in a gzip": (IN_GZIP, Then.WAIT, b"rubbish" * 100, Then.CLOSE),
    "a bomb in a gzip": (IN_GZIP, Then.WAIT, _gzip.compress(b"x" * 50_000_000) + _gzip.flush(), Then.HANG),
    "an event without end": (PLAIN, Then.WAIT, b"x" * 10_000, Then.FOR_EVER),
    "text without end": (PLAIN[:-200], Then.WAIT, MORE * 50, Then.FOR_EVER),
}
"""What breaks when the answer has begun."""
TOO_LARGE = frozenset(
    {
        "a gzip bomb",
        "a zstd bomb",
        "a bomb in a gzip",
        "an event without end",
        "comments without end",
        "pings without end",
        "text without end",
    }
)
"""Of both kinds: larger than the setting allows. The next answer would be as large: nobody else is asked."""


@pytest.fixture(scope="module")
def raw() -> Iterator[RawUpstream]:
    """The upstream."""
    with RawUpstream(GOOD) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def broken_world(server_world: ServerWorld, raw: RawUpstream) -> Iterator[World]:
    """A server with two accounts at the raw upstream, and short deadlines."""
    deadlines = {"RELAY_PEEK_TIMEOUT_SECONDS": "1.5", "RELAY_IDLE_TIMEOUT_SECONDS": "5"}
    with lasting_world(server_world, RELAY_MAX_ANSWER_BYTES=str(LIMIT_BYTES), **deadlines) as world:
        world.import_accounts(
            [
                {
                    "email": f"{name}@raw",
                    "kind": "anthropic",
                    "base_url": raw.base_url,
                    "models": [MODEL],
                    "credential": {"api_key": f"raw-{name}"},
                }
                for name in ("a", "b")
            ]
            + [  # they offer every name that no family has
                {"email": email, "kind": kind, "enabled": False, "credential": {"api_key": "sim-none"}}
                for kind, email in ACCOUNTS
            ]
        )
        world.wait_for_model(MODEL)
        yield world
        assert FAULT_OF_OURS not in world.server.log_text
        assert "Traceback" not in world.server.log_text


def question(way: str) -> tuple[str, dict[str, Any]]:
    """Path and body of one question, asked in one of six ways."""
    messages = [{"role": "user", "content": "Hello."}]
    match way:
        case "messages" | "messages, collected":
            stream = way == "messages"
            return "/v1/messages", {"model": MODEL, "max_tokens": 64, "stream": stream, "messages": messages}
        case "gemini" | "gemini, collected":
            method = "streamGenerateContent?alt=sse" if way == "gemini" else "generateContent"
            body = {"contents": [{"role": "user", "parts": [{"text": "Hello."}]}]}
            return f"/v1beta/models/{MODEL}:{method}", body
        case _:
            return "/v1/chat/completions", {"model": MODEL, "stream": way == "chat", "messages": messages}


def ask(world: World, way: str) -> httpx.Response:
    """The whole answer to one question."""
    path, body = question(way)
    return world.client.post(path, json=body)


def read_along(world: World, raw: RawUpstream, way: str) -> httpx.Response:
    """The whole answer to one question; upstream goes on when the client has had some of it."""
    path, body = question(way)
    pieces = []
    with world.client.stream("POST", path, json=body) as answer:
        for piece in answer.iter_raw():
            pieces.append(piece)
            raw.go_on()
    return httpx.Response(answer.status_code, headers=answer.headers, content=b"".join(pieces))


STREAMED = ("messages", "gemini", "chat")
COLLECTED = ("messages, collected", "gemini, collected", "chat, collected")


def said(answer: httpx.Response, way: str) -> str:
    """The text that the client got."""
    if way in STREAMED:
        return text_of(answer)
    body = answer.json()
    match way:
        case "messages, collected":
            return "".join(block.get("text", "") for block in body["content"])
        case "gemini, collected":
            return "".join(part.get("text", "") for part in body["candidates"][0]["content"]["parts"])
        case _:
            return str(body["choices"][0]["message"]["content"])


WAYS = (*STREAMED, *COLLECTED)


@pytest.mark.parametrize("way", WAYS)
def test_broken_http_before_the_commit_is_tried_again(
    broken_world: World, raw: RawUpstream, way: str
) -> None:
    """Each form costs one attempt; another account answers, and the log says what was wrong.

    But not where the answer is larger than the setting allows, which is told.
    """
    raw.says()
    whole = said(ask(broken_world, way), way)
    assert whole
    for name, script in BEFORE_COMMIT.items():
        raw.says(script)
        answer = ask(broken_world, way)
        row = broken_world.row(answer)
        if name in TOO_LARGE:
            assert (answer.status_code, row["attempts"]) == (502, 1), (name, answer.text)
            assert "RELAY_MAX_ANSWER_BYTES" in answer.json()["error"]["message"], name
            continue
        assert answer.status_code == 200, (name, answer.text)
        assert said(answer, way) == whole, name
        assert row["outcome"] == "retried", (name, row)
        assert row["attempts"] in (2, 3), (name, row)  # a busy machine may have one time out
        broken_world.server.wait_for_output(rf"WARNING +\[{row['id']} ")


@pytest.mark.parametrize("way", WAYS)
def test_odd_http_is_an_answer(broken_world: World, raw: RawUpstream, way: str) -> None:
    """What HTTP allows, or what does no harm, is taken as it comes, at the first attempt."""
    raw.says()
    whole = said(ask(broken_world, way), way)
    for name, script in IN_WORDS.items():
        raw.says(script)
        answer = ask(broken_world, way)
        assert (answer.status_code, said(answer, way)) == (200, whole), (name, answer.text)
        assert broken_world.row(answer)["attempts"] == 1, name


@pytest.mark.parametrize("way", STREAMED)
def test_broken_http_behind_the_commit_ends_in_an_error_event(
    broken_world: World, raw: RawUpstream, way: str
) -> None:
    """The client's stream ends in its dialect's error: not as if it were whole, and not never."""
    for name, script in BEHIND_COMMIT.items():
        raw.says(script)
        answer = read_along(broken_world, raw, way)
        assert answer.status_code == 200, name
        assert '"error"' in answer.text[-600:], (name, answer.text[-600:])
        assert broken_world.row(answer)["outcome"] == "interrupted", name


@pytest.mark.parametrize("way", COLLECTED)
def test_a_collected_answer_that_breaks_is_tried_again(
    broken_world: World, raw: RawUpstream, way: str
) -> None:
    """The whole of it is the peek: nothing was sent, so another account is asked; not for a larger answer."""
    raw.says()
    whole = said(ask(broken_world, way), way)
    for name, script in BEHIND_COMMIT.items():
        raw.says([step for step in script if step is not Then.WAIT])
        answer = ask(broken_world, way)
        attempts = broken_world.row(answer)["attempts"]
        if name in TOO_LARGE:
            assert (answer.status_code, attempts) == (502, 1), (name, answer.text)
            assert "RELAY_MAX_ANSWER_BYTES" in answer.json()["error"]["message"], name
        else:
            assert (answer.status_code, said(answer, way)) == (200, whole), (name, answer.text)
            assert attempts == 2, name


@pytest.mark.parametrize("way", WAYS)
def test_when_every_attempt_is_broken_the_client_hears_of_a_bad_gateway(
    broken_world: World, raw: RawUpstream, way: str
) -> None:
    """502 in the dialect, three attempts in the row; nothing of upstream's bytes is told."""
    for name in (
        "no HTTP at all",
        "status 999",
        "two lengths",
        "a chunk without a size",
        "no gzip",
        "a redirect",
    ):
        script = BEFORE_COMMIT[name]
        raw.says(script, script, script)
        answer = ask(broken_world, way)
        assert answer.status_code == 502, (name, answer.text)
        assert "All 3 attempts failed" in answer.json()["error"]["message"], name
        assert "SSH" not in answer.text


def test_a_kept_connection_that_is_dead_is_replaced_at_once(broken_world: World, raw: RawUpstream) -> None:
    """Closed or reset while it was idle, or in the moment of the request: no attempt, no wait, no mark."""
    for how in (Then.CLOSE, Then.RESET):
        raw.says()
        assert ask(broken_world, "messages").status_code == 200
        raw.close_idle(how)
        answer = ask(broken_world, "messages")
        assert broken_world.row(answer)["attempts"] == 1
        assert broken_world.row(answer)["outcome"] == "ok"
    for how in (Then.CLOSE, Then.RESET):
        raw.says()
        assert ask(broken_world, "messages").status_code == 200
        raw.says((how,))  # the kept connection dies of the request
        answer = ask(broken_world, "messages")
        assert len(raw.requests) == 2
        assert (broken_world.row(answer)["attempts"], broken_world.row(answer)["outcome"]) == (1, "ok")


def test_a_new_connection_that_dies_is_a_failed_attempt(broken_world: World, raw: RawUpstream) -> None:
    """Replaced is what was kept, once: who closes every connection is not asked without end."""
    raw.says()
    assert ask(broken_world, "messages").status_code == 200
    raw.says((Then.CLOSE,), (Then.CLOSE,))
    answer = ask(broken_world, "messages")
    assert answer.status_code == 200
    assert broken_world.row(answer)["attempts"] == 2
    assert len(raw.requests) == 3


def test_the_bound_of_an_answer_is_a_setting(broken_world: World, raw: RawUpstream) -> None:
    """An endless answer is read no further than the limit says, and the client is told of it."""
    raw.says(BEHIND_COMMIT["text without end"])
    answer = read_along(broken_world, raw, "messages")
    assert f"larger than RELAY_MAX_ANSWER_BYTES ({LIMIT_BYTES})" in answer.text[-600:]
    assert len(answer.content) < 2 * LIMIT_BYTES
