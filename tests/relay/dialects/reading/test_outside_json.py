"""Data that a gateway framed twice, and the ways in which servers write ``[DONE]``."""

import json
from collections.abc import Callable

import pytest

from relay.dialects.openai import OPENAI_CHAT
from relay.dialects.reading.outside_json import is_done, objects_in
from relay.neutral.events import Heartbeat, Terminal
from tests.relay.dialects.gemini import streams as gemini
from tests.relay.dialects.openai.streams import chat, client_for, decoded, delta, state_of

DONE_IN_OTHER_WORDS = (
    b"[DONE]", b'"[DONE]"', b"'[DONE]'", b"[done]", b" [DONE] ", b"data: [DONE]", b"\t[DONE]",
    b"\xef\xbb\xbf[DONE]",
)  # fmt: skip


@pytest.mark.parametrize("data", DONE_IN_OTHER_WORDS)
def test_done_in_other_letters_is_done(data: bytes) -> None:
    """A client's SDK knows one form alone, so that it is told in that."""
    assert is_done(data)
    stream = chat(delta(content="fine"), delta("stop"), done=False)
    chunk = decoded(OPENAI_CHAT, [stream + b"data: " + data + b"\n\n"])
    assert chunk.events[-1] == Terminal()
    assert chunk.raw.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("data", [*DONE_IN_OTHER_WORDS, b"[DON", b"[don"])
@pytest.mark.parametrize("line_break", [b"", b"\n"])
def test_done_without_a_blank_line_ends_a_whole_answer(data: bytes, line_break: bytes) -> None:
    """Upstream hangs up behind it, or within it: the answer before it is whole, in each dialect."""
    last = b"data: " + data + line_break
    whole = gemini.sse(gemini.parts({"text": "fine"}, finishReason="STOP"))
    chunk = gemini.decode([whole + last])
    assert (chunk.events[-1], chunk.raw) == (Terminal(), whole)
    chunk = decoded(OPENAI_CHAT, [chat(delta(content="fine"), delta("stop"), done=False) + last])
    assert chunk.events[-1] == Terminal()


@pytest.mark.parametrize("data", DONE_IN_OTHER_WORDS)
@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
def test_done_in_the_last_chunks_event_ends_the_answer(data: bytes, end: bytes) -> None:
    """No blank line stands between the two."""
    whole = gemini.sse(gemini.parts({"text": "fine"}, finishReason="STOP")).rstrip()
    chunk = gemini.decode([whole + b"\ndata: " + data + end])
    assert (chunk.events[-1], gemini.folded(chunk.events).text) == (Terminal(), "fine")
    assert b"one" not in chunk.raw.lower()
    stream = chat(delta(content="fine"), delta("stop"), done=False).rstrip()
    chunk = decoded(OPENAI_CHAT, [stream + b"\ndata: " + data + end])
    assert (chunk.events[-1], state_of(chunk.events).text) == (Terminal(), "fine")
    assert chunk.raw.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("data", [b"", b"[DONE", b"{}", b'"done"', b"[DONE] and more", b'"' * 100])
def test_what_is_something_else_is_not(data: bytes) -> None:
    """Half of it, an object, a word."""
    assert not is_done(data)


def test_a_line_that_was_framed_twice_is_read_once() -> None:
    """``data: data: {…}`` of gateways that frame what was framed already."""
    assert objects_in(b'data: {"a":1}') == [{"a": 1}]
    assert objects_in(b'data: {"a":1}\ndata: {"b":2}') == [{"a": 1}, {"b": 2}]
    assert objects_in(b"data: no") == []
    stream = chat(delta(content="fine"), delta("stop")).replace(b"data: ", b"data: data: ")
    chunk = decoded(OPENAI_CHAT, [stream])
    assert state_of(chunk.events).text == "fine"
    assert b"data: data:" not in chunk.raw


def test_a_comment_that_was_framed_as_data_is_a_heartbeat() -> None:
    """A gateway makes data of OpenRouter's comments (mnfst/llm-gateway, issue 2053): SDKs fail on it."""
    comment = b"data: : OPENROUTER PROCESSING\n\n"
    chunk = decoded(OPENAI_CHAT, [comment, comment + chat(delta(content="fine"), delta("stop"))])
    assert state_of(chunk.events).text == "fine"
    assert isinstance(chunk.events[0], Heartbeat)
    assert b"PROCESSING" not in chunk.raw


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1}{"b":2}',
        b'{"a":1} {"b":2}',
        b'{"a":1},{"b":2},',
        b'{"a":1};\n{"b":2};',
        b'[{"a":1},{"b":2}]',
        b'{"a":1}\n\n{"b":2}',
    ],
)
def test_objects_in_a_row_are_each_read(data: bytes) -> None:
    """Gateways join what came in two reads, or leave the comma of a list behind each."""
    assert objects_in(data) == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("data", [b'{"a":1}{"b":', b'{"a":1} and', b'{"a":1}[2]', b'"{}', b'"a"', b'"[1]"'])
def test_what_is_no_row_of_objects_is_none(data: bytes) -> None:
    """Half of one, words, something else."""
    assert objects_in(data) == []


@pytest.mark.parametrize(
    "framed",
    [
        lambda one: b"\xef\xbb\xbf" + one,
        lambda one: b"\t" + one,
        lambda one: one + b",",
        lambda one: json.dumps(one.decode()).encode(),
    ],
)
def test_an_event_that_is_framed_oddly_is_heard(framed: Callable[[bytes], bytes]) -> None:
    """A mark before each, a tab, a comma, a text of JSON: the SDK is told what it can read."""
    chunks = [delta(content="fi"), delta(content="ne"), delta("stop")]
    lines = [framed(chat(one, done=False)[6:].strip()) for one in chunks]
    chunk = decoded(
        OPENAI_CHAT, [b"".join(b"data: " + line + b"\n\n" for line in lines) + b"data: [DONE]\n\n"]
    )
    assert (chunk.events[-1], state_of(chunk.events).text) == (Terminal(), "fine")
    with client_for(chunk.raw).chat.completions.stream(model="m", messages=[]) as events:
        assert events.get_final_completion().choices[0].message.content == "fine"


def test_a_long_row_of_a_document_is_read_whole() -> None:
    """However many stand in it, with line ends or without."""
    for one in (b'{"a":1}', b'{"a":1}\n'):
        assert len(objects_in(one * 20_000, is_document=True)) == 20_000


@pytest.mark.parametrize("joint", ["", ",", "\n"])
def test_more_objects_in_one_event_than_anybody_sends_are_a_broken_answer(joint: str) -> None:
    """Each costs as much as an event of its own, and one event would hold all others up."""
    one = json.dumps(delta(content="x"))
    for count, is_read in ((1000, True), (1001, False)):
        row = joint.join([one] * count)
        for data in (row, "[" + ",".join([one] * count) + "]"):
            lines = "".join(f"data: {line}\n" for line in data.split("\n"))
            chunk = decoded(OPENAI_CHAT, [lines.encode() + b"\n" + chat(delta("stop"))])
            state = state_of(chunk.events)
            assert (state.failure is None, state.text) == (is_read, "x" * count if is_read else ""), data[:9]
