"""Streams and documents without a fault, in their real bytes."""

import json

import pytest

from relay.simulator import Prose, Simulator
from relay.simulator.model.prose import answer_text
from tests.relay.simulator.raw import (
    DIALECTS,
    HEADERS,
    PATHS,
    RawConnection,
    ask,
    body_for,
    collect,
    is_finished,
    stream,
    text_of,
)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_stream_says_the_whole_answer(simulator, dialect):
    """Every dialect streams the same text, ends with its terminal event and its terminating chunk."""
    answer = await stream(simulator.base_url, dialect, "hello")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert text_of(dialect, answer.events()) == answer_text("hello")
    assert is_finished(dialect, answer.events())
    assert answer.is_complete


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_document_says_the_same(simulator, dialect):
    """Not streamed, the same text stands in one JSON document with its length."""
    answer = await collect(simulator.base_url, dialect, "hello")
    assert answer.headers["content-type"].startswith("application/json")
    assert json.dumps(answer_text("hello")[:-1])[1:-1] in json.dumps(answer.json())
    assert answer.is_complete


async def test_the_array_form_is_one_json_array(simulator):
    """Without ``alt=sse`` Gemini's stream is a JSON array of the same chunks."""
    path = PATHS["gemini"].removesuffix("?alt=sse")
    answer = await ask(simulator.base_url, path, body_for("gemini", "hello"), HEADERS["gemini"])
    assert answer.headers["content-type"].startswith("application/json")
    assert text_of("gemini", answer.json()) == answer_text("hello")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_tool_calls_carry_whole_arguments(simulator, dialect):
    """A prompt that asks for the tool gets a call whose arguments fit its schema."""
    answer = await collect(simulator.base_url, dialect, "use the tool", tools=True)
    assert "get_weather" in answer.payload.decode()
    assert '"days' in answer.payload.decode().replace("\\", "")


async def test_events_of_gemini_end_in_cr_lf_and_of_the_others_in_lf(simulator):
    """Line ends are those of the real upstreams."""
    assert b"\r\n\r\n" in (await stream(simulator.base_url, "gemini", "x")).payload
    assert b"\r\n" not in (await stream(simulator.base_url, "anthropic", "x")).payload


async def test_a_prompt_shapes_its_answer(simulator):
    """``[say: …]`` sets events and words."""
    answer = await stream(simulator.base_url, "gemini", "[say: events=3, words=2] hello")
    shape = Prose(events=3, words=2)
    assert text_of("gemini", answer.events()) == answer_text("[say: events=3, words=2] hello", shape)


async def test_a_model_name_shapes_its_answer(simulator):
    """``bench-n5-t4`` streams five events of four words, and no thinking."""
    path = "/v1beta/models/bench-n5-t4-d0:streamGenerateContent?alt=sse"
    answer = await ask(simulator.base_url, path, body_for("gemini", "x"), HEADERS["gemini"])
    assert len(answer.events()) == 6
    assert text_of("gemini", answer.events()) == answer_text("x", Prose(5, 4))


@pytest.mark.outside
async def test_events_can_be_spaced_in_time():
    """With a delay the events come one by one, in chunks of their own."""
    async with Simulator(shape=Prose(events=3, words=1, delay_seconds=0.001)) as simulator:
        answer = await stream(simulator.base_url, "chat", "x")
        assert answer.wire.count(b"\r\ndata: ") >= 3


async def test_stop_sequences_and_limits_are_honoured(simulator):
    """The text ends before a stop sequence, or where the tokens run out, with the right reason."""
    body = body_for("anthropic", "hello", stream=False) | {"stop_sequences": ["[2]"]}
    stopped = (await ask(simulator.base_url, PATHS["anthropic"], body, HEADERS["anthropic"])).json()
    assert (stopped["stop_reason"], stopped["stop_sequence"]) == ("stop_sequence", "[2]")
    assert "[1]" in stopped["content"][-1]["text"]
    assert "[2]" not in stopped["content"][-1]["text"]
    body = body_for("anthropic", "hello", stream=False) | {"max_tokens": 40}
    limited = (await ask(simulator.base_url, PATHS["anthropic"], body, HEADERS["anthropic"])).json()
    assert limited["stop_reason"] == "max_tokens"
    assert 0 < limited["usage"]["output_tokens"] <= 40


async def test_json_mode_answers_json(simulator):
    """With a schema the text is JSON that fits it."""
    body = body_for("gemini", "hello")
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    body["generationConfig"] = {"responseMimeType": "application/json", "responseJsonSchema": schema}
    answer = await ask(simulator.base_url, PATHS["gemini"], body, HEADERS["gemini"])
    assert json.loads(text_of("gemini", answer.events())) == {"n": 7}


async def test_an_image_is_acknowledged(simulator):
    """The answer names an image's type, size and digest."""
    body = body_for("gemini", "look")
    body["contents"][0]["parts"].append({"inlineData": {"mimeType": "image/png", "data": "iVBORw0K"}})
    answer = await ask(simulator.base_url, PATHS["gemini"], body, HEADERS["gemini"])
    assert "I see image/png of 6 bytes, sha256 " in text_of("gemini", answer.events())


@pytest.mark.parametrize("form", ["prefill", "turn"])
async def test_an_unfinished_answer_is_continued(simulator, form):
    """A partial answer that comes back, as prefill or with a request to go on, gets the rest of it."""
    whole = answer_text("hello")
    partial, messages = whole[:101].rstrip(), [{"role": "user", "content": "hello"}]
    messages.append({"role": "assistant", "content": partial})
    if form == "turn":
        messages.append({"role": "user", "content": "Please continue from the last character."})
    body = {"model": "claude-haiku-4-5", "max_tokens": 4000, "stream": True, "messages": messages}
    answer = await ask(simulator.base_url, PATHS["anthropic"], body, HEADERS["anthropic"])
    assert partial + text_of("anthropic", answer.events()) == whole


async def test_a_continued_answer_may_echo(simulator):
    """``echo=N`` repeats the last N words first, as models do."""
    prompt = "[say: echo=2] hello"
    whole = answer_text(prompt)
    messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": whole[:60]}]
    messages.append({"role": "user", "content": "[say: echo=2] go on"})
    body = {"model": "claude-opus-4-6", "max_tokens": 4000, "stream": True, "messages": messages}
    said = text_of(
        "anthropic", (await ask(simulator.base_url, PATHS["anthropic"], body, HEADERS["anthropic"])).events()
    )
    echoed = " ".join(whole[:60].split(" ")[-2:])
    assert said.startswith(echoed)
    assert whole[:60].removesuffix(echoed) + said == whole


async def test_connections_are_kept_alive(simulator):
    """Several requests are served one after the other on one connection, also when sent at once."""
    async with RawConnection(simulator.base_url) as connection:
        for _ in range(2):
            await connection.send("GET", "/v1/models", HEADERS["chat"], b"", keep_alive=True)
        for _ in range(2):
            status, headers = await connection.read_head()
            body = await connection.reader.readexactly(int(headers["content-length"]))
            assert status == 200
            assert json.loads(body)["object"] == "list"
        assert simulator.open_connections == 1


async def test_a_chunked_request_body_is_read(simulator):
    """A request without Content-Length may come in chunks, split anywhere."""
    body = json.dumps(body_for("chat", "hello", stream=False)).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer sim-a\r\nConnection: close\r\n"
    framed = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (body[:9], body[9:])) + b"0\r\n\r\n"
    async with RawConnection(simulator.base_url) as connection:
        for piece in (head, b"Transfer-Encoding: chunked\r\n\r\n" + framed[:20], framed[20:]):
            connection.writer.write(piece)
            await connection.writer.drain()
        assert (await connection.read_answer()).status == 200


async def test_what_is_no_http_is_refused(simulator):
    """Garbage instead of a request is a 400 and the end of the connection."""
    async with RawConnection(simulator.base_url) as connection:
        connection.writer.write(b"garbage\r\n\r\n")
        assert (await connection.read_answer()).status == 400
