"""Blocks, deltas and ends that gateways bend: heard by the server and by the vendor's own SDK."""

import json
from typing import Any

import pytest

from relay.neutral.events import Failed, Terminal
from tests.relay.dialects.anthropic.streams import (
    block_start,
    block_stop,
    decoded,
    delta,
    message_end,
    message_start,
    sdk_message,
    sse,
    state_of,
)

TEXT = block_start(0, type="text", text="") + delta(0, "text_delta", text="fine") + block_stop(0)
PIECE = delta(0, "input_json_delta", partial_json='{"city": "Bern"}')
THOUGHT = delta(0, "thinking_delta", thinking="hm")
WORD = delta(0, "text_delta", text="fine")


def heard(stream: bytes) -> tuple[Any, Any]:
    """The one block, as the server has it and as the SDK does; the answer is whole."""
    chunk = decoded(stream)
    state = state_of(chunk.events)
    assert (state.failure, state.terminal) == (None, True)
    [block], [told] = state.blocks, sdk_message(chunk.raw).content
    return block, told


@pytest.mark.parametrize(
    "content",
    [
        {"type": "text"},
        {"type": "text", "text": None},
        {"type": "output_text", "text": ""},
        {"text": ""},
        {"type": None, "text": ""},
        None,
    ],
)
def test_a_text_begins_whatever_its_block_says(content: Any) -> None:
    """The SDK appends to a text; without one it fails."""
    begins = sse("content_block_start", index=0, content_block=content)
    block, told = heard(message_start() + begins + WORD + block_stop(0) + message_end())
    assert (block.kind, block.text, told.type, told.text) == ("text", "fine", "text", "fine")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"type": "thinking"}, THOUGHT),
        ({"type": "thinking", "thinking": None, "signature": None}, THOUGHT),
        ({"type": "thinking", "text": ""}, delta(0, "thinking_delta", text="hm")),
        ({"type": "reasoning", "text": ""}, delta(0, "reasoning_delta", text="hm")),
        ({"thinking": ""}, delta(0, "reasoning_content_delta", reasoning_content="hm")),
    ],
)
def test_a_thought_begins_whatever_its_block_says(content: dict[str, Any], said: bytes) -> None:
    """Under another name, or without its text."""
    block, told = heard(message_start() + block_start(0, **content) + said + block_stop(0) + message_end())
    assert (block.kind, block.text, told.type, told.thinking) == ("thinking", "hm", "thinking", "hm")


CALL = {"type": "tool_use", "id": "a", "name": "f"}
INPUT = {"city": "Bern"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({**CALL, "type": "tool_call", "input": {}}, PIECE),
        ({**CALL, "type": "function_call"}, PIECE),
        ({"id": "a", "name": "f", "input": {}}, PIECE),
        ({**CALL, "input": None}, PIECE),
        ({**CALL, "input": []}, PIECE),
        ({**CALL, "arguments": INPUT}, b""),
        ({**CALL, "arguments": json.dumps(INPUT)}, b""),
        ({"type": "tool_use", "id": "a", "function": {"name": "f", "arguments": json.dumps(INPUT)}}, b""),
        (CALL, delta(0, "tool_use_delta", partial_json=json.dumps(INPUT))),
        (CALL, delta(0, "input_json_delta", input=INPUT)),
        (CALL, delta(0, "input_json_delta", json=json.dumps(INPUT))),
        (CALL, delta(0, "input_json_delta", arguments=json.dumps(INPUT))),
    ],
)
def test_a_call_is_made_with_its_input_wherever_it_stands(content: dict[str, Any], said: bytes) -> None:
    """Never without it."""
    end = block_stop(0) + message_end("tool_use")
    block, told = heard(message_start() + block_start(0, **content) + said + end)
    assert (block.kind, block.id, block.name, json.loads(block.text)) == ("tool_call", "a", "f", INPUT)
    assert (told.type, told.id, told.name, told.input) == ("tool_use", "a", "f", INPUT)


@pytest.mark.parametrize(
    "end",
    [
        sse("message_delta", stop_reason="end_turn", usage={"output_tokens": 7}),
        sse("message_delta", delta=None, stop_reason="end_turn", usage={"output_tokens": 7}),
        sse("message_delta", delta={"stop_reason": "END_TURN"}, usage={"output_tokens": 7}),
        sse("message_delta", delta={"stop_reason": "end_turn", "usage": {"output_tokens": 7}}),
        sse("message_delta", delta={"stop_reason": "end_turn"}, usage=None)
        + sse("message_delta", delta={}, usage={"output_tokens": 7}),
    ],
)
def test_the_end_is_told_wherever_it_stands(end: bytes) -> None:
    """Beside the delta, in capitals, and before the usage, which may stand in the delta."""
    chunk = decoded(message_start() + TEXT + end + sse("message_stop"))
    state, message = state_of(chunk.events), sdk_message(chunk.raw)
    assert state.failure is None
    assert state.stop is not None
    assert (state.stop.reason, message.stop_reason) == ("end_turn", "end_turn")
    assert (state.usage.output, message.usage.output_tokens) == (7, 7)


def test_done_behind_the_stop_reason_is_an_end() -> None:
    """As gateways end every stream; before it nothing is over."""
    end = sse("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 7})
    done = b"data: [DONE]\n\n"
    chunk = decoded(message_start() + TEXT + end + done)
    assert chunk.events[-1] == Terminal()
    assert b"DONE" not in chunk.raw
    assert sdk_message(chunk.raw).stop_reason == "end_turn"
    assert chunk.raw == message_start() + TEXT + end + sse("message_stop").replace(
        b': "message', b':"message'
    )
    assert isinstance(decoded(message_start() + TEXT + done).events[-1], Failed)
    assert (
        decoded(message_start() + TEXT + message_end() + done).raw == message_start() + TEXT + message_end()
    )


def test_a_mere_text_in_a_deltas_place_is_its_text() -> None:
    """Where the block is one of text."""
    begun = message_start() + block_start(0, type="text", text="")
    told = sse("content_block_delta", index=0, delta="fine")
    block, heard_block = heard(begun + told + block_stop(0) + message_end())
    assert (block.text, heard_block.text) == ("fine", "fine")


def document(content: Any, stop_reason: str) -> bytes:
    usage = {"input_tokens": 3, "output_tokens": 7}
    told = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": content}
    return json.dumps({**told, "stop_reason": stop_reason, "stop_sequence": None, "usage": usage}).encode()


@pytest.mark.parametrize(
    "content",
    [
        {**CALL, "input": INPUT},
        [{**CALL, "arguments": json.dumps(INPUT)}],
        [{**CALL, "type": "function_call", "input": INPUT}],
        [{"type": "tool_use", "id": "a", "function": {"name": "f", "arguments": INPUT}}],
    ],
)
def test_a_call_in_a_document_is_made_with_its_input_wherever_it_stands(content: Any) -> None:
    """As in a stream."""
    block, told = heard(document(content, "tool_use"))
    assert (block.id, block.name, json.loads(block.text)) == ("a", "f", INPUT)
    assert (told.id, told.name, told.input) == ("a", "f", INPUT)


@pytest.mark.parametrize("content", ["fine", ["fine"], {"type": "text", "text": "fine"}, [{"text": "fine"}]])
def test_a_text_in_a_document_is_heard_in_any_form(content: Any) -> None:
    """As a text, in a list, alone, or without its kind."""
    block, told = heard(document(content, "end_turn"))
    assert (block.text, told.text) == ("fine", "fine")
