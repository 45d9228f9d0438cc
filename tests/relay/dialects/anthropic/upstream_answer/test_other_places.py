"""What gateways tell in another place than Anthropic does."""

import json
from typing import Any

import pytest

from relay.neutral.conversation import Json
from relay.neutral.events import BlockStop, Failed, Stop, Terminal, ThinkingDelta
from tests.relay.dialects.anthropic.streams import (
    block_start,
    block_stop,
    decoded,
    delta,
    message_end,
    message_start,
    new_decoder,
    sdk_message,
    sse,
    state_of,
)

HEAD = message_start() + block_start(0, type="text", text="")
TOLD = HEAD + delta(0, "text_delta", text="fine") + block_stop(0)
CALL = message_start() + block_start(0, type="tool_use", id="toolu_1", name="look", input={})


@pytest.mark.parametrize("told", [{}, {"delta": None}, {"delta": {}}, {"delta": {"type": "text_delta"}}])
def test_a_word_beside_the_delta_is_its(told: Json) -> None:
    """The client reads it inside."""
    piece = sse("content_block_delta", index=0, text="fine", **told)
    chunk = decoded(HEAD + piece + block_stop(0) + message_end())
    assert state_of(chunk.events).text == "fine"
    assert sdk_message(chunk.raw).content[0].text == "fine"


def test_thoughts_and_arguments_beside_the_delta() -> None:
    """As a text is; a piece of arguments may be the object itself."""
    head = message_start() + block_start(0, type="thinking", thinking="", signature="")
    chunk = decoded(head + sse("content_block_delta", index=0, thinking="Hm"))
    assert ThinkingDelta(0, "Hm") in chunk.events
    for piece in ('{"a":1}', {"a": 1}):
        beside = sse("content_block_delta", index=0, partial_json=piece)
        chunk = decoded(CALL + beside + block_stop(0) + message_end("tool_use"))
        assert sdk_message(chunk.raw).content[0].input == {"a": 1}


@pytest.mark.parametrize("where", ["beside", "delta", "message"])
@pytest.mark.parametrize("is_counted_before", [True, False])
def test_the_end_is_told_by_message_stop(where: str, is_counted_before: bool) -> None:
    """Clients hear it in the message_delta that was left out, with the counts that were told."""
    end: Json = {"stop_reason": "max_tokens"}
    usage = {"output_tokens": 9}
    before = sse("message_delta", delta={}, usage=usage) if is_counted_before else b""
    told = end if where == "beside" else {where: end}
    last = sse("message_stop", **told, **({} if is_counted_before else {"usage": usage}))
    chunk = decoded(TOLD + before + last)
    assert chunk.events[-2:] == [Stop("max_tokens", "max_tokens"), Terminal()]
    message = sdk_message(chunk.raw)
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 9)


def test_a_reason_that_was_told_is_not_told_again() -> None:
    """message_stop repeats it: there is one end."""
    chunk = decoded(TOLD + message_end() + sse("message_stop", stop_reason="max_tokens"))
    assert [event for event in chunk.events if isinstance(event, Stop)] == [Stop("end_turn", "end_turn")]


@pytest.mark.parametrize("name", ["input", "content_block"])
@pytest.mark.parametrize("given", [{"a": 1}, '{"a":1}'])
def test_a_calls_input_at_its_blocks_end(name: str, given: Any) -> None:
    """It is the call's where nothing told one before."""
    told = given if name == "input" else {"type": "tool_use", "id": "toolu_1", "name": "look", "input": given}
    chunk = decoded(CALL + sse("content_block_stop", index=0, **{name: told}) + message_end("tool_use"))
    assert sdk_message(chunk.raw).content[0].input == {"a": 1}
    pieces = delta(0, "input_json_delta", partial_json='{"b":2}')
    chunk = decoded(
        CALL + pieces + sse("content_block_stop", index=0, **{name: told}) + message_end("tool_use")
    )
    assert sdk_message(chunk.raw).content[0].input == {"b": 2}


def test_events_and_messages_in_an_envelope() -> None:
    """Each event is the data of one, or the whole message is, in a stream or as a document."""
    stream = TOLD + message_end()
    bodies = [line[6:] for line in stream.decode().splitlines() if line.startswith("data: ")]
    wrapped = "".join(f'data: {{"code":0,"data":{body}}}\n\n' for body in bodies).encode()
    chunk = decoded(wrapped)
    assert sdk_message(chunk.raw).content[0].text == "fine"
    message = json.dumps({"success": True, "data": sdk_message(stream).to_dict()}).encode()
    for told in (message, b"data: " + message + b"\n\n"):
        chunk = decoded(told)
        assert (state_of(chunk.events).text, chunk.events[-1]) == ("fine", Terminal())


@pytest.mark.parametrize("reason", [{"type": "max_tokens"}, {"reason": "max_tokens"}, ["max_tokens"]])
def test_a_stop_reason_as_an_object(reason: Any) -> None:
    """In message_delta, in message_stop, or in a whole message: the word in it."""
    end = sse("message_delta", delta={"stop_reason": reason}, usage={"output_tokens": 9}) + sse(
        "message_stop"
    )
    message = sdk_message(TOLD + message_end()).to_dict() | {"stop_reason": reason}
    late = sse("message_stop", stop_reason=reason)
    for stream in (TOLD + end, TOLD + late, json.dumps(message).encode()):
        chunk = decoded(stream)
        assert chunk.events[-2:] == [Stop("max_tokens", "max_tokens"), Terminal()]
        assert sdk_message(chunk.raw).stop_reason == "max_tokens"


def test_an_envelope_may_hold_the_error() -> None:
    """As it holds each event: with upstream's words."""
    error = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}
    failed = decoded(HEAD + f"data: {json.dumps({'data': error})}\n\n".encode()).events[-1]
    assert isinstance(failed, Failed)
    assert (failed.failure.message, failed.failure.status) == ("slow down", 429)


def test_an_empty_field_beside_the_delta_is_read_at_once() -> None:
    """It keeps its bytes, and nothing is bent."""
    empty = {"text": "", "thinking": "", "partial_json": ""}
    piece = sse("content_block_delta", index=0, delta={"type": "text_delta", "text": "fine"}, **empty)
    decoder = new_decoder()
    chunk = decoder.feed(HEAD + piece)
    assert (state_of(chunk.events).text, chunk.raw, decoder.bent) == ("fine", HEAD + piece, [])


@pytest.mark.parametrize("is_document", [True, False])
def test_what_stands_beside_the_message_in_an_envelope_is_its(is_document: bool) -> None:
    """Its id, its model and its counts, where the message has none of its own."""
    message = {"type": "message", "content": [{"type": "text", "text": "fine"}], "stop_reason": "end_turn"}
    usage = {"input_tokens": 12, "output_tokens": 9}
    told = {"id": "x", "model": "outer", "usage": usage, "data": {**message, "model": "inner"}}
    body = json.dumps(told).encode()
    state = state_of(decoded(body if is_document else b"data: " + body + b"\n\n").events)
    assert (state.text, state.message_id, state.model) == ("fine", "x", "inner")
    assert (state.usage.input_uncached, state.usage.output) == (12, 9)


def test_counts_beside_an_event_in_an_envelope_are_its() -> None:
    """As those of message_delta."""
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
    told = json.dumps({"usage": {"output_tokens": 9}, "data": end})
    chunk = decoded(TOLD + f"data: {told}\n\n".encode() + sse("message_stop"))
    assert state_of(chunk.events).usage.output == 9


BARE_STOP = b"event: content_block_stop\n\n"


def test_a_bare_stop_of_one_of_several_blocks_is_a_heartbeat() -> None:
    """Nobody knows whose it is: blocks that interleave go on until upstream says which one ends."""
    told = HEAD + block_start(1, type="tool_use", id="toolu_1", name="look", input={}) + BARE_STOP
    told += delta(0, "text_delta", text="fine") + delta(1, "input_json_delta", partial_json='{"a":1}')
    chunk = decoded(told + BARE_STOP + message_end("tool_use"))
    assert chunk.events[-1] == Terminal()
    text, call = sdk_message(chunk.raw).content
    assert (text.text, call.input) == ("fine", {"a": 1})


def test_a_bare_stop_ends_the_one_open_block() -> None:
    """Also where that is not the newest."""
    told = HEAD + block_start(1, type="text", text="") + block_stop(1) + BARE_STOP
    stops = [one.index for one in decoded(told).events if isinstance(one, BlockStop)]
    assert stops == [1, 0]
