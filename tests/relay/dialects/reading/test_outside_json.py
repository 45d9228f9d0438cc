"""Data that a gateway framed twice, and the ways in which servers write ``[DONE]``."""

import pytest

from relay.dialects.openai import OPENAI_CHAT
from relay.dialects.reading.outside_json import is_done, objects_in
from relay.neutral.events import Heartbeat, Terminal
from tests.relay.dialects.openai.streams import chat, decoded, delta, state_of


@pytest.mark.parametrize(
    "data", [b"[DONE]", b'"[DONE]"', b"'[DONE]'", b"[done]", b" [DONE] ", b"data: [DONE]"]
)
def test_done_in_other_letters_is_done(data: bytes) -> None:
    """A client's SDK knows one form alone, so that it is told in that."""
    assert is_done(data)
    stream = chat(delta(content="fine"), delta("stop"), done=False)
    chunk = decoded(OPENAI_CHAT, [stream + b"data: " + data + b"\n\n"])
    assert chunk.events[-1] == Terminal()
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
