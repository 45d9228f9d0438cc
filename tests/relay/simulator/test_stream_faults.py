"""The faults in a stream's bytes, each in the real bytes of every dialect."""

import asyncio
import gzip
import json
import zlib

import pytest

from relay.simulator.faults.faults import CATALOGUE, FaultStage
from relay.simulator.model.prose import answer_text, read_counters
from tests.relay.simulator.raw import (
    DIALECTS,
    FAULT_DIALECT,
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

each_dialect = pytest.mark.parametrize("dialect", DIALECTS)


def said(dialect, answer):
    """The counters of the whole segments that came."""
    return [counter for counter, _ in read_counters(text_of(dialect, answer.events()))]


@each_dialect
async def test_empty_is_200_and_nothing(simulator, dialect):
    """``empty``: status 200, SSE headers, an orderly end, not a byte."""
    simulator.plan("empty")
    answer = await stream(simulator.base_url, dialect, "hello")
    assert (answer.status, answer.payload, answer.is_complete) == (200, b"", True)


@each_dialect
async def test_comments_are_heartbeats_and_the_end(simulator, dialect):
    """``comments``: lines that begin with a colon, then an orderly end."""
    simulator.plan("comments=3")
    answer = await stream(simulator.base_url, dialect, "hello")
    assert [line[:1] for line in answer.payload.splitlines() if line] == [b":"] * 3
    assert answer.is_complete


@each_dialect
async def test_empty_json_is_one_object_with_nothing(simulator, dialect):
    """``empty_json``: one event ``{}``."""
    simulator.plan("empty_json")
    answer = await stream(simulator.base_url, dialect, "hello")
    assert answer.events() == [{}]


@each_dialect
@pytest.mark.parametrize("count", [1, 4])
async def test_cut_closes_behind_the_nth_content_event(simulator, dialect, count):
    """``cut@n``: n content events, then the connection closes without the terminating chunk."""
    simulator.plan(f"cut@{count + 3}")  # three thoughts come first
    answer = await stream(simulator.base_url, dialect, "hello")
    assert said(dialect, answer) == list(range(count))
    assert not answer.is_complete
    assert answer.end == "eof"


@each_dialect
async def test_cut_at_zero_has_sent_the_opening(simulator, dialect):
    """``cut@0``: what opens the stream is out, no content; plain ``cut``: nothing at all."""
    simulator.plan("cut@0", "cut")
    opened = await stream(simulator.base_url, dialect, "hello")
    assert (len(opened.events()) > 0) is (dialect != "gemini")  # Gemini opens nothing
    assert said(dialect, opened) == []
    assert (await stream(simulator.base_url, dialect, "hello")).payload == b""


@each_dialect
async def test_cut_inside_an_event_sends_half_of_it(simulator, dialect):
    """``cut_inside_event@n``: n - 1 content events and a half."""
    simulator.plan("cut_inside_event@5")
    answer = await stream(simulator.base_url, dialect, "hello")
    assert not answer.payload.endswith((b"\n\n", b"\r\n\r\n"))
    assert said(dialect, answer)[:1] == [0]
    assert not answer.is_complete


@each_dialect
async def test_cut_inside_a_character_leaves_half_of_it(simulator, dialect):
    """``cut_inside_character@n``: the bytes end in the middle of a UTF-8 character."""
    simulator.plan("cut_inside_character@5")
    payload = (await stream(simulator.base_url, dialect, "hello")).payload
    with pytest.raises(UnicodeDecodeError, match="unexpected end of data"):
        payload.decode()


@each_dialect
async def test_cut_in_a_tool_breaks_its_arguments(simulator, dialect):
    """``cut_in_tool``: the model calls a tool, unasked if need be, and dies inside the arguments."""
    simulator.plan("cut_in_tool@2")
    answer = await stream(simulator.base_url, dialect, "hello", tools=True)
    assert b"get_weather" in answer.payload
    assert not is_finished(dialect, answer.events())
    assert not answer.is_complete


@each_dialect
async def test_end_is_orderly_but_unfinished(simulator, dialect):
    """``end@n``: the body ends as it should, without the protocol's terminal event."""
    simulator.plan("end@5")
    answer = await stream(simulator.base_url, dialect, "hello")
    assert answer.is_complete
    assert said(dialect, answer) == [0, 1]
    assert not is_finished(dialect, answer.events())


@each_dialect
async def test_no_finish_lacks_the_terminal_event_only(simulator, dialect):
    """``no_finish``: all text, no terminal event, no finish reason."""
    simulator.plan("no_finish")
    answer = await stream(simulator.base_url, dialect, "hello")
    assert text_of(dialect, answer.events()) == answer_text("hello")
    assert not is_finished(dialect, answer.events())
    assert answer.is_complete


@each_dialect
async def test_resets_are_resets(simulator, dialect):
    """``reset_after_headers`` and ``reset@n`` end in an RST."""
    simulator.plan("reset_after_headers", "reset@4")
    first = await stream(simulator.base_url, dialect, "hello")
    assert (first.status, first.payload, first.end) == (200, b"", "reset")
    assert (await stream(simulator.base_url, dialect, "hello")).end == "reset"


@each_dialect
async def test_reset0_has_no_headers(simulator, dialect):
    """``reset0``: the connection is reset before a byte of an answer."""
    simulator.plan("reset0")
    with pytest.raises(ConnectionResetError):
        await stream(simulator.base_url, dialect, "hello")


@pytest.mark.parametrize("count", [0, 1, 100, 777])
async def test_cut_at_byte_counts_body_bytes(simulator, count):
    """``cut_at_byte=N``: exactly N bytes of the body."""
    simulator.plan(f"cut_at_byte={count}")
    answer = await stream(simulator.base_url, "gemini", "hello")
    assert len(answer.payload) == count
    assert not answer.is_complete


@each_dialect
@pytest.mark.parametrize("fault", ["stall", "stall@4", "thinking_stall"])
async def test_a_stall_is_silent_until_the_client_goes(simulator, dialect, fault):
    """``stall`` and ``thinking_stall`` send their beginning, then nothing, and see the client go."""
    simulator.plan(fault)
    async with RawConnection(simulator.base_url) as connection:
        body = json.dumps(body_for(dialect, "hello")).encode()
        await connection.send("POST", PATHS[dialect], HEADERS[dialect], body)
        assert (await connection.read_head())[0] == 200
        if fault != "stall":
            await connection.reader.readuntil(b"data: ")
        assert simulator.requests[0].ended_at is None
    await simulator.wait_until(lambda received: received[0].ended_by == "client")
    assert simulator.requests[0].client_gone_at is not None


async def test_a_stalled_answer_can_be_released(simulator):
    """``release``: who has stalled goes on, and the answer is whole; so a test decides when, not a clock."""
    simulator.plan("stall@2")
    asked = asyncio.create_task(stream(simulator.base_url, "anthropic", "hello"))
    await simulator.wait_until(lambda received: bool(received and received[0].headers_at))
    assert not asked.done()
    simulator.release()
    assert text_of("anthropic", (await asked).events()) == answer_text("hello")


async def test_a_thinking_stall_opens_an_empty_thinking_block(simulator):
    """``thinking_stall=seconds``: the block is open and empty, then the answer goes on whole."""
    simulator.plan("thinking_stall=0.001")
    answer = await stream(simulator.base_url, "anthropic", "hello")
    names = [event["type"] for event in answer.events()]
    assert names[:2] == ["message_start", "content_block_start"]
    assert answer.events()[1]["content_block"]["thinking"] == ""
    assert text_of("anthropic", answer.events()) == answer_text("hello")


@each_dialect
async def test_hang_sends_no_header(simulator, dialect):
    """``hang``: the request is taken and nothing comes back."""
    simulator.plan("hang")
    async with RawConnection(simulator.base_url) as connection:
        body = json.dumps(body_for(dialect, "hello")).encode()
        await connection.send("POST", PATHS[dialect], HEADERS[dialect], body)
        await simulator.wait_until(lambda received: len(received) == 1)
        assert simulator.requests[0].headers_at is None
    await simulator.wait_until(lambda received: received[0].ended_by == "client")


@each_dialect
async def test_waits_may_end(simulator, dialect):
    """With a value, ``hang`` and ``stall`` are delays; the answer is then whole."""
    simulator.plan("hang=0.001", "stall@2=0.001")
    for _ in range(2):
        answer = await stream(simulator.base_url, dialect, "hello")
        assert text_of(dialect, answer.events()) == answer_text("hello")


@each_dialect
async def test_pings_go_on_for_ever(simulator, dialect):
    """``pings_forever``: the dialect's heartbeats, never content."""
    simulator.plan("pings_forever=0.001")
    heartbeat = b"event: ping" if dialect == "anthropic" else b":"
    async with RawConnection(simulator.base_url) as connection:
        body = json.dumps(body_for(dialect, "hello")).encode()
        await connection.send("POST", PATHS[dialect], HEADERS[dialect], body)
        await connection.read_head()
        for _ in range(5):
            await connection.reader.readuntil(heartbeat)
    await simulator.wait_until(lambda received: received[0].ended_by == "client")


@each_dialect
async def test_an_error_event_is_the_last_one(simulator, dialect):
    """``error_event@n=type``: n content events, the dialect's error object, an orderly end."""
    simulator.plan("error_event@5=overloaded_error", "error_event=rate_limit_error", "error_event=500")
    answer = await stream(simulator.base_url, dialect, "hello")
    last = answer.events()[-1]
    assert said(dialect, answer) == [0, 1]
    assert answer.is_complete
    match dialect:
        case "anthropic":
            assert (last["type"], last["error"]["type"]) == ("error", "overloaded_error")
        case "gemini":
            assert next(iter(last)) == "error"
            assert (last["error"]["code"], last["error"]["status"]) == (503, "UNAVAILABLE")
        case "chat":
            assert last["error"]["code"] == "server_is_overloaded"
        case _:
            assert (last["type"], last["code"]) == ("error", "server_is_overloaded")
    first = await stream(simulator.base_url, dialect, "hello")
    assert len(first.events()) == 1
    assert "error" in json.dumps((await stream(simulator.base_url, dialect, "hello")).events())


@each_dialect
async def test_garbage_stands_between_the_events(simulator, dialect):
    """``garbage@n``: data that is no JSON, or no object, and the rest behind it."""
    simulator.plan("garbage@4", "garbage@4=object")
    for expected in (str, list):
        answer = await stream(simulator.base_url, dialect, "hello")
        odd = [event for event in answer.events() if not isinstance(event, dict) and event != "[DONE]"]
        assert [type(event) for event in odd] == [expected]
        assert is_finished(dialect, answer.events())


@each_dialect
async def test_junk_comes_after_the_terminal_event(simulator, dialect):
    """``after_terminal``: a whole stream, then more."""
    simulator.plan("after_terminal")
    answer = await stream(simulator.base_url, dialect, "hello")
    assert answer.payload.endswith(b"and more junk")
    assert is_finished(dialect, answer.events())


@each_dialect
@pytest.mark.parametrize("fault", ["crlf", "cr", "multi_line_data", "slow_drip", "close_delimited"])
async def test_other_writings_say_the_same(simulator, dialect, fault):
    """Line ends, several data lines, single bytes and a missing length change nothing that is said."""
    simulator.plan(fault)
    answer = await stream(simulator.base_url, dialect, "[say: events=2] hi")
    assert said(dialect, answer) == [0, 1]
    assert is_finished(dialect, answer.events())


async def test_writings_are_what_they_claim(simulator):
    """CR LF, CR, one byte per chunk, a body without length: each as its name says."""
    simulator.plan("crlf", "cr", "multi_line_data", "slow_drip", "close_delimited")
    answers = [await stream(simulator.base_url, "anthropic", "[say: events=1] hi") for _ in range(5)]
    crlf, cr, multi, drip, close = answers
    assert b"\n" not in crlf.payload.replace(b"\r\n", b"")
    assert b"\n" not in cr.payload
    assert b"\r" in cr.payload
    assert multi.payload.count(b"data: ") > multi.payload.count(b"event: ")
    assert drip.wire.count(b"1\r\n") >= len(drip.payload)
    assert not {"content-length", "transfer-encoding"} & close.headers.keys()


@each_dialect
async def test_gzip_is_compressed(simulator, dialect):
    """``gzip``: a compressed body that says so, readable piece by piece."""
    simulator.plan("gzip")
    answer = await stream(simulator.base_url, dialect, "hello")
    assert answer.headers["content-encoding"] == "gzip"
    whole = gzip.decompress(answer.payload).decode()
    assert "[11]" in whole
    assert zlib.decompressobj(wbits=31).decompress(answer.payload[:400])


async def test_wrong_content_type_and_html(simulator):
    """``wrong_content_type``: the events as text/plain; ``html_200``: a page."""
    simulator.plan("wrong_content_type", "html_200")
    wrong = await stream(simulator.base_url, "gemini", "hello")
    assert wrong.headers["content-type"].startswith("text/plain")
    assert is_finished("gemini", wrong.events())
    page = await stream(simulator.base_url, "gemini", "hello")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_the_array_form_can_be_cut_too(simulator):
    """In the JSON array a fault falls between or inside the elements."""
    simulator.plan("end@5", "cut_inside_event@1", "error_event@4")
    path = PATHS["gemini"].removesuffix("?alt=sse")
    answers = [
        await ask(simulator.base_url, path, body_for("gemini", "x"), HEADERS["gemini"]) for _ in range(3)
    ]
    assert len(answers[0].json()) == 5
    assert answers[1].payload.startswith(b"[{")
    assert "error" in answers[2].json()[-1]


async def test_heartbeats_of_the_array_form_are_white_space(simulator):
    """In the JSON array nothing but white space may stand between the elements."""
    simulator.plan("comments", "pings_forever=0.001")
    path = PATHS["gemini"].removesuffix("?alt=sse")
    silent = await ask(simulator.base_url, path, body_for("gemini", "x"), HEADERS["gemini"])
    assert silent.payload.strip() == b""
    async with RawConnection(simulator.base_url) as connection:
        await connection.send("POST", path, HEADERS["gemini"], json.dumps(body_for("gemini", "x")).encode())
        await connection.read_head()
        await connection.reader.readuntil(b" \r\n")


async def test_a_tool_cut_without_tools_is_a_cut_event(simulator):
    """Where no tool was given, ``cut_in_tool`` breaks a text event; a continuation has its half."""
    simulator.plan("cut_in_tool", "continuation", "duplicate_ids")
    assert not (await stream(simulator.base_url, "gemini", "hello")).is_complete
    short = await stream(simulator.base_url, "gemini", "[say: events=1] x")
    assert is_finished("gemini", short.events())
    assert is_finished("gemini", (await stream(simulator.base_url, "gemini", "no tools")).events())


@each_dialect
@pytest.mark.parametrize(
    "kind",
    [kind for kind in CATALOGUE.values() if kind.stage is FaultStage.STREAM],
    ids=lambda kind: kind.name,
)
async def test_documents_meet_the_same_faults(simulator, dialect, kind):
    """Not streamed, each stream fault does what it can to one document: broken, late, or other bytes."""
    simulator.plan(kind.spec())
    lasting = {"stall", "thinking_stall", "pings_forever"}
    if kind.name in lasting:
        async with RawConnection(simulator.base_url) as connection:
            path = PATHS[dialect].replace("streamGenerateContent?alt=sse", "generateContent")
            body = json.dumps(body_for(dialect, "x", stream=False)).encode()
            await connection.send("POST", path, HEADERS[dialect], body)
            assert (await connection.read_head())[0] == 200
        await simulator.wait_until(lambda received: received[0].ended_by == "client")
        return
    answer = await collect(simulator.base_url, dialect, "hello", tools=True)
    same = {"close_delimited", "slow_drip", "wrong_content_type", "crlf", "cr", "multi_line_data"}
    if kind.name == "error_event":
        assert answer.status in (503, 529)
    elif kind.name in same:
        assert "[11]" in json.dumps(answer.json())
    elif kind.name == "gzip":
        assert b"[11]" in gzip.decompress(answer.payload)
    elif kind.name == "empty_json":
        assert answer.json() == {}
    else:
        with pytest.raises(ValueError, match=r".*"):
            answer.json()


def test_no_stream_fault_is_missing_here():
    """Each fault of the catalogue strikes in some dialect of the raw tests."""
    assert {d for kind in CATALOGUE.values() for d in kind.dialects} == {*FAULT_DIALECT.values(), "oauth"}
