"""What no well-meaning client sends, and clients that do not read."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.simulator.connection.http_connection import HttpRequest
from relay.simulator.dialect import Options
from relay.simulator.model.prose import Prose, answer_text
from relay.simulator.upstream import Upstream
from tests.relay.simulator.raw import DIALECTS, HEADERS, PATHS, RawConnection, ask, body_for, stream, text_of

VOCABULARY = """
model messages contents input role user assistant content parts text tools functionDeclarations name type
system thinking tool_use tool_result id tool_use_id functionCall functionResponse generationConfig
"""
WORDS = st.sampled_from(VOCABULARY.split())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(change=st.dictionaries(WORDS, VALUES, max_size=3), turn=VALUES)
@settings(max_examples=150, deadline=None)
def test_any_json_is_answered_or_refused(dialect, change, turn):
    """Whatever JSON object comes, the answer is one of HTTP's, never an exception."""
    upstream = Upstream(Prose(), Options(), 3600, 10)
    body = body_for(dialect, "hello")
    for name in ("messages", "contents", "input"):
        if isinstance(body.get(name), list):
            body[name] = [*body[name], turn]
    path, _, query = PATHS[dialect].partition("?")
    request = HttpRequest("POST", path, query, HEADERS[dialect], json.dumps(body | change).encode())
    answer, _ = upstream.handle(request)
    assert answer.status in (200, 400, 404)
    assert sum(1 for _ in answer.steps) >= 2


async def test_a_client_that_does_not_read_stops_the_stream(simulator):
    """A full socket pauses the answer instead of filling memory; reading on gets the whole of it."""
    simulator.plan("big_event=30000000")
    async with RawConnection(simulator.base_url) as connection:
        connection.writer.transport.pause_reading()
        body = json.dumps(body_for("chat", "[say: events=400, words=200] hello")).encode()
        await connection.send("POST", PATHS["chat"], HEADERS["chat"], body)
        await simulator.wait_until(lambda received: bool(received) and received[0].headers_at is not None)
        assert simulator.requests[0].ended_at is None
        connection.writer.transport.resume_reading()
        answer = await connection.read_answer()
        assert answer.is_complete
        assert len(answer.payload) > 30_000_000


async def test_a_client_that_goes_away_is_seen_at_once(simulator):
    """A stream that is under way ends with the connection, and the ledger says who ended it."""
    body = json.dumps(body_for("chat", "[say: events=1000, delay=0.001] hello")).encode()
    async with RawConnection(simulator.base_url) as connection:
        await connection.send("POST", PATHS["chat"], HEADERS["chat"], body)
        await connection.reader.readuntil(b"[2] ")
    await simulator.wait_until(lambda received: received[0].client_gone_at is not None, timeout_seconds=1)
    assert simulator.open_connections == 0


async def test_many_streams_at_a_time_are_not_mixed(simulator):
    """Two hundred streams at once: each has its own counters and its own tag."""
    prompts = [f"hello {index}" for index in range(200)]
    answers = await asyncio.gather(*(stream(simulator.base_url, "gemini", prompt) for prompt in prompts))
    for prompt, answer in zip(prompts, answers, strict=True):
        assert text_of("gemini", answer.events()) == answer_text(prompt)


async def test_a_client_may_wait_for_100_continue(simulator):
    """``Expect: 100-continue`` is answered before the body comes."""
    body = json.dumps(body_for("chat", "hello", stream=False)).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer sim-a\r\n"
    head += f"Content-Length: {len(body)}\r\n"
    async with RawConnection(simulator.base_url) as connection:
        connection.writer.write(head.encode() + b"Connection: close\r\nExpect: 100-continue\r\n\r\n")
        assert (await connection.read_head())[0] == 100
        connection.writer.write(body)
        assert (await connection.read_answer()).status == 200


async def test_a_body_that_is_not_text_is_recorded(simulator):
    """Bytes that are no JSON are told as text, with what cannot be read replaced."""
    await ask(simulator.base_url, "/v1/messages", b"\xff{", HEADERS["anthropic"])
    told = (await ask(simulator.base_url, "/__requests", b"", {}, "GET")).json()
    assert told[0]["body"] == "\ufffd{"
