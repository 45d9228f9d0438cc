"""What every decoder does alike, shown at OpenAI's: odd frames, halves, bent fields, documents."""

import json
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.interface import DecoderOptions
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.neutral.conversation import Json
from relay.neutral.events import Chunk, Failed, Heartbeat, Terminal
from relay.neutral.failures import Failure, Kind
from tests.relay.dialects.every_dialect import DIALECTS
from tests.relay.dialects.openai.streams import (
    chat,
    client_for,
    data_of,
    decoded,
    delta,
    state_of,
    transcript,
)

FINE: Json = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "fine"}, "finish_reason": "stop"},
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}


def told(*pieces: bytes) -> Chunk:
    return decoded(OPENAI_CHAT, pieces)


def text_of(chunk: Chunk) -> str:
    state = state_of(chunk.events)
    assert state.failure is None
    assert state.terminal
    return state.text


def failure_of(chunk: Chunk) -> Failure:
    failed = chunk.events[-1]
    assert isinstance(failed, Failed)
    return failed.failure


def said_to_the_sdk(stream: bytes) -> str | None:
    with client_for(stream).chat.completions.stream(model="m", messages=[]) as events:
        return events.get_final_completion().choices[0].message.content


def test_half_a_character_in_each_of_two_events() -> None:
    """It is one character, for us and for a client of the same dialect; nothing else is rewritten."""
    halves = [delta(content="ok \ud83d"), delta(content="\ude00 fine"), delta("stop")]
    chunk = told(chat(*halves))
    assert text_of(chunk) == said_to_the_sdk(chunk.raw) == "ok \U0001f600 fine"
    assert b"\\ud83d" not in chunk.raw
    assert chunk.raw.endswith(chat(delta("stop")))


@pytest.mark.parametrize("between", [b"", b": still there\n\n", b"data:\n\n"])
def test_what_says_nothing_does_not_part_two_halves(between: bytes) -> None:
    """A comment or an empty frame between them is none of the stream's text."""
    first, second = (chat(delta(content=part), done=False) for part in ("\ud83d", "\ude00"))
    assert text_of(told(first, between, second, chat(delta("stop")))) == "\U0001f600"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a\ud83d", "b"], "a\ufffdb"),
        (["a\ud83d", "\ud83d\ude00"], "a\ufffd\U0001f600"),
        (["\ude00b"], "\ufffdb"),
        (["a\ud83d"], "a\ufffd"),
        (["\ud83d", "\ude00\ud83d", "\ude00"], "\U0001f600\U0001f600"),
    ],
)
def test_a_half_without_its_other_half(texts: list[str], expected: str) -> None:
    """It goes out as U+FFFD, also where the stream ends behind it."""
    chunk = told(chat(*(delta(content=text) for text in texts), delta("stop")))
    assert text_of(chunk) == said_to_the_sdk(chunk.raw) == expected
    cut = told(chat(*(delta(content=text) for text in texts), done=False))
    assert state_of(cut.events).text == "".join(data_of_text(cut.raw)) == expected


def data_of_text(raw: bytes) -> Iterator[str]:
    for piece in data_of(raw):
        yield piece["choices"][0]["delta"].get("content") or ""


@given(st.text(alphabet="a\u00e9\u6771\U0001f600", max_size=6), st.data())
def test_any_cut_of_a_text_is_the_same_text(text: str, data: st.DataObject) -> None:
    """Wherever a server cuts its text, between any two UTF-16 units."""
    units = text.encode("utf-16-le")
    cuts = data.draw(st.sets(st.integers(0, len(units) // 2), max_size=4))
    edges = sorted({0, len(units), *(2 * at for at in cuts)})
    parts = [units[start:end].decode("utf-16-le", "surrogatepass") for start, end in pairwise(edges)]
    chunk = told(chat(*(delta(content=part) for part in parts), delta("stop")))
    assert text_of(chunk) == text
    assert "".join(data_of_text(chunk.raw.replace(b"data: [DONE]\n\n", b""))) == text


def test_a_field_of_an_unexpected_type_costs_that_field() -> None:
    """The chunk is read and passed on, mended; the decoder names each kind of place once."""
    bent: list[Any] = [
        {**delta(content="Hel"), "id": 12345},
        {"choices": [{"index": "0", "delta": {"content": "lo", "refusal": 7}}], "id": 12345},
        {"choices": None},
        {"choices": [{"index": 0, "delta": {"tool_calls": "none"}, "finish_reason": "stop"}]},
    ]
    decoder = OPENAI_CHAT.decoder(DecoderOptions("gpt", "seed"))
    chunk = decoder.feed(chat(*bent))
    assert decoder.bent == [
        "id",
        "choices[].index",
        "choices[].delta.refusal",
        "choices",
        "choices[].delta.tool_calls",
    ]
    assert text_of(chunk) == "Hello"
    first, second, third, fourth, _ = data_of(chunk.raw)
    assert (first["id"], second["choices"][0]["index"], third["choices"]) == ("12345", 0, [])
    assert fourth["choices"][0]["delta"]["tool_calls"] is None


def test_what_is_as_documented_keeps_its_bytes() -> None:
    """Only what must be is rewritten, whatever stands around it."""
    good = chat(delta(content="a"), done=False)
    chunk = told(good, chat({**delta(content="b"), "id": 7}, done=False), good, chat(delta("stop")))
    assert chunk.raw.startswith(good)
    assert chunk.raw.endswith(good + chat(delta("stop")))


SILENCE = (
    b"data:\n\n", b"data: \n\n", b"data:   \r\n\r\n", b"data\n\n", b"retry: 3000\n\n", b"id: 7\nretry: 1\n\n",
    b"data: null\n\n", b"data: ping\n\n", b'data: "keep-alive"\n\n', b"event: heartbeat\ndata: 1\n\n",
    b"event: ping\ndata: 2026-11-30T20:00:00Z\n\n",
)  # fmt: skip


@pytest.mark.parametrize("frame", SILENCE)
def test_an_empty_frame_is_a_heartbeat(frame: bytes) -> None:
    """It shows that upstream is there; SDKs fail on it, so it is not passed on."""
    chunk = told(frame, chat(delta(content="Hi"), done=False), frame, chat(delta("stop")), frame)
    assert text_of(chunk) == "Hi"
    assert chunk.raw == chat(delta(content="Hi"), delta("stop"))
    assert sum(isinstance(event, Heartbeat) for event in chunk.events) == 2


@pytest.mark.parametrize("frame", [b"\n\n", b": x\n\n", b"\r\n\r\n", b":\r\n\r\n", b"data:\n\n"])
def test_a_flood_of_nothing_is_one_heartbeat(frame: bytes) -> None:
    """Thousands that come together say no more than one, and what goes on with them does the work of one."""
    chunk = told(chat(delta(content="Hi"), done=False) + frame * 1000, chat(delta("stop")))
    assert text_of(chunk) == "Hi"
    assert sum(isinstance(event, Heartbeat) for event in chunk.events) == 1


def test_a_document_in_place_of_a_stream_is_the_answer() -> None:
    """Known by its first byte; a client of the same dialect gets a stream that says the same."""
    body = json.dumps(FINE, indent=1).encode()
    for pieces in ([body], [b"\r\n ", body], [body[at : at + 1] for at in range(len(body))]):
        chunk = told(*pieces)
        assert text_of(chunk) == said_to_the_sdk(chunk.raw) == "fine"
        assert json.loads(OPENAI_CHAT.collect(chunk.raw)) == {
            **FINE,
            "choices": [
                {
                    **FINE["choices"][0],
                    "message": {"role": "assistant", "content": "fine", "refusal": None},
                    "logprobs": None,
                }
            ],
        }


@pytest.mark.parametrize("separator", [b"\n", b"\n\n"])
def test_chunks_without_a_frame_are_chunks(separator: bytes) -> None:
    """Objects line by line, or as a list: each as if it stood in an event."""
    chunks = [json.dumps(delta(content="Hi")).encode(), json.dumps(delta("stop")).encode()]
    for body in (separator.join(chunks), b"[" + b",".join(chunks) + b"]"):
        assert state_of(told(body).events).text == "Hi"
        assert isinstance(told(body).events[-1], Terminal)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"error": {"message": "Slow", "type": "rate_limit_error"}}, 429, "Slow"),
        ({"error": {"code": "1302", "message": "Too many"}}, 429, "Too many"),
        ({"error": {"code": "1261", "message": "Prompt too long"}}, 400, "Prompt too long"),
        ({"error": "model is loading"}, 500, "model is loading"),
        ({"object": "error", "message": "Too long", "type": "BadRequestError", "code": 400}, 400, "Too long"),
        ({"detail": "Not authenticated"}, 500, "Not authenticated"),
        ({"code": 20012, "message": "Model does not exist."}, 500, "Model does not exist."),
        ({"code": 429, "msg": "busy"}, 429, "busy"),
        (
            {"base_resp": {"status_code": 1002, "status_msg": "rate limit"}, "choices": None},
            429,
            "rate limit",
        ),
        ({"error_code": 18, "error_msg": "qps request limit"}, 429, "qps request limit"),
        ({"success": False, "errors": [{"code": 7003, "message": "No route"}]}, 500, "No route"),
        ([{"error": {"code": 503, "message": "Overloaded"}}], 503, "Overloaded"),
        ({"error": {"error": {"code": 503, "message": "Overloaded"}}}, 503, "Overloaded"),
        ({"status": "error", "message": "out of luck"}, 500, "out of luck"),
        ({"status": "failed", "msg": "out of luck"}, 500, "out of luck"),
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            529,
            "Overloaded",
        ),
    ],
)
def test_an_error_inside_a_200(body: Any, status: int, message: str) -> None:
    """The error that it holds, with that error's status: as a document, and as an event of a stream.

    Where OpenAI's clients would not know it for one, it is not passed on: they are told in their own words.
    """
    document = failure_of(told(json.dumps(body).encode()))
    assert (document.kind, document.status, document.message) == (Kind.ERROR_EVENT, status, message)
    assert not document.from_upstream_event
    if isinstance(body, list):
        return
    chunk = told(b"data: " + json.dumps(body).encode() + b"\n\ndata: [DONE]\n\n")
    failure = failure_of(chunk)
    assert (failure.status, failure.message) == (status, message)
    is_own = isinstance(body.get("error"), dict) and "message" in body["error"]
    assert (bool(chunk.raw), failure.from_upstream_event) == (is_own, is_own)


def test_an_event_that_is_named_an_error_is_one() -> None:
    """Whatever its data is called."""
    for body in (
        {"message": "Slow", "type": "rate_limit_error"},
        {"error": {"message": "Slow", "code": 429}},
    ):
        chunk = told(
            chat(delta(content="Hi"), done=False)
            + b"event: error\ndata: "
            + json.dumps(body).encode()
            + b"\n\n"
        )
        failure = failure_of(chunk)
        assert (failure.status, failure.message) == (429, "Slow")


@pytest.mark.parametrize(
    ("body", "is_account"),
    [
        ({"error": {"code": "1113", "message": "in arrears"}}, True),
        ({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, True),
        ({"error": {"code": "1302", "message": "slow"}}, False),
    ],
)
def test_money_inside_a_200_is_the_accounts_fault(body: Json, is_account: bool) -> None:
    """A vendor's number for an empty account marks the account as a 402 would."""
    assert failure_of(told(json.dumps(body).encode())).account_fault is is_account


@pytest.mark.parametrize(
    "raw",
    [
        b'error: {"code":503,"message":"Loading model","type":"unavailable_error"}\n\n',
        b'{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}\n\n',
        b'{"error":\n{"code":503,"message":"Loading model"}}\n\n',
    ],
)
def test_an_error_outside_of_an_event(raw: bytes) -> None:
    """In a field of its own, or in none: in the middle of a stream it is an error all the same."""
    first = chat(delta(content="Hi"), done=False)
    chunk = told(first + raw)
    failure = failure_of(chunk)
    assert (failure.status, failure.message) == (503, "Loading model")
    assert chunk.raw.startswith(first + b'data: {"error"')


@pytest.mark.parametrize(
    "body",
    [b"{", b"[", b"[1]", b"{}", b'{"id":"c"}', b'{"choices":[]}', b'{"choices":[{}]}', b'{"a":1}\nplain'],
)
def test_a_document_that_is_no_answer_is_garbage(body: bytes) -> None:
    """Half a document, or one of something else."""
    assert failure_of(told(body)).kind is Kind.GARBAGE


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("begun", [b"data: {", b'{"choices":', b"["])
def test_an_event_may_not_grow_for_ever(name: str, begun: bytes) -> None:
    """Nor a document: it is no broken answer, for the next would be as large, and names the setting."""
    decoder = DIALECTS[name].decoder(DecoderOptions("f", "seed", max_event_bytes=1000))
    assert decoder.feed(begun).events == []
    assert decoder.feed(b" " * 900).events == []
    failure = failure_of(decoder.feed(b" " * 100))
    assert (failure.kind, "RELAY_MAX_EVENT_BYTES (1000)" in failure.message) == (Kind.ANSWER_TOO_LARGE, True)
    assert (decoder.feed(b"more").events, decoder.finish().events) == ([], [])


def test_a_body_of_blanks_is_nothing() -> None:
    """White space alone is no document and no stream."""
    assert told(b"\r\n", b" \n").events == []


def test_depth_and_size_are_garbage_and_never_an_exception() -> None:
    """100,000 levels, numbers beyond all bounds: a broken answer, in a stream and as a document."""
    deep = b'{"choices":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    wide = b'{"choices":[{"index":' + b"9" * 5000 + b"}]}"
    for body in (deep, wide, deep[:-1]):
        assert failure_of(told(b"data: " + body + b"\n\n")).kind is Kind.GARBAGE
        assert failure_of(told(body)).kind is Kind.GARBAGE


FINISH: dict[str, bytes] = {
    "anthropic": b"",  # message_stop alone is the end
    "gemini": b'data: {"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}\n\n',
    "chat": chat(delta(content="a"), delta("stop"), done=False),
    "responses": b"",
}


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("begun", [b'data: {"x": "', b" ", b'{"x": "'])
def test_small_reads_are_not_joined_again_and_again(name: str, begun: bytes) -> None:
    """Behind a finish reason, in a document, in blanks: the bytes copied grow as the bytes read do.

    Counted are the bytes that each read allocates at most, over all reads of a large event that does not end.
    """

    def copied_bytes(reads: int) -> int:
        decoder = DIALECTS[name].decoder(DecoderOptions("gemini-3", "seed"))
        if begun.startswith(b"data:") and FINISH[name]:
            assert decoder.feed(FINISH[name]).is_finishing
        copied = 0
        tracemalloc.start()
        try:
            decoder.feed(begun)
            for _ in range(reads):
                before, _peak = tracemalloc.get_traced_memory()
                tracemalloc.reset_peak()
                assert decoder.feed(b" " * 500).raw == b""
                copied += tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()
        return copied

    few, many = copied_bytes(100), copied_bytes(800)
    assert many < 10 * few  # eight times the reads; with a join at each it is sixty times the bytes


def test_a_whole_event_that_means_nothing_is_no_heartbeat() -> None:
    """Responses tells each text three times: that is life, however many empty frames stand between."""
    decoder = OPENAI_RESPONSES.decoder(DecoderOptions("family", "seed"))
    stream = transcript("responses_text")
    before, again = stream.split(b"event: response.output_text.done", 1)
    again = b"event: response.output_text.done" + again.split(b"\n\n")[0]
    assert decoder.feed(before).events
    assert not decoder.feed(again[:40]).has_unheard
    chunk = decoder.feed(again[40:] + b"\n\ndata:\n\n")
    assert chunk.events == [Heartbeat()]
    assert chunk.has_unheard
    assert not decoder.feed(b"data:\n\n: still here\n\n").has_unheard
