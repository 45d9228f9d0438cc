"""Deltas whose kind a gateway left out or called otherwise, and arguments that it sends as objects."""

import json
from typing import Any

import pytest

from relay.neutral.events import ArgumentsDelta
from tests.relay.dialects.anthropic.streams import (
    block_start,
    block_stop,
    decoded,
    message_end,
    message_start,
    sdk_message,
    sse,
    state_of,
)

TEXT = block_start(0, type="text", text="")
THOUGHT = block_start(0, type="thinking", thinking="", signature="")
CALL = block_start(0, type="tool_use", id="toolu_1", name="weather", input={})


def bent(delta: dict[str, Any]) -> bytes:
    return sse("content_block_delta", index=0, delta=delta)


@pytest.mark.parametrize("kind", [{}, {"type": ""}, {"type": "text"}])
def test_a_text_without_its_kind_is_text(kind: dict[str, Any]) -> None:
    """For the server and for the SDK that reads the bytes; the row names what was bent."""
    chunk = decoded(message_start() + TEXT + bent({**kind, "text": "fine"}) + block_stop(0) + message_end())
    assert [block.text for block in state_of(chunk.events).blocks] == ["fine"]
    assert [block.text for block in sdk_message(chunk.raw).content if block.type == "text"] == ["fine"]


@pytest.mark.parametrize(
    "delta",
    [
        {"thinking": "hm"},
        {"text": "hm"},
        {"type": "thinking", "thinking": "hm"},
        {"type": "thinking_delta", "text": "hm"},
        {"type": "reasoning_delta", "text": "hm"},
    ],
)
def test_a_thought_without_its_kind_is_a_thought(delta: dict[str, Any]) -> None:
    """Also where its words stand in the field of a text."""
    answer = bent(delta) + block_stop(0) + message_end()
    chunk = decoded(message_start() + THOUGHT + answer)
    assert [block.kind for block in state_of(chunk.events).blocks] == ["thinking"]
    assert [block.thinking for block in sdk_message(chunk.raw).content if block.type == "thinking"] == ["hm"]


@pytest.mark.parametrize("kind", [{}, {"type": "thinking"}, {"type": "thinking_delta"}])
def test_a_signature_beside_a_thought_without_its_kind_is_kept(kind: dict[str, Any]) -> None:
    """Without it the thought would be refused on the next turn."""
    answer = bent({**kind, "thinking": "hm", "signature": "s"}) + block_stop(0) + message_end()
    chunk = decoded(message_start() + THOUGHT + answer)
    [block] = state_of(chunk.events).blocks
    assert (block.kind, block.signature) == ("thinking", "s")
    data = [line[6:] for line in chunk.raw.splitlines() if line.startswith(b"data: ")]
    [told] = [event for event in map(json.loads, data) if event["type"] == "content_block_delta"]
    assert told["delta"] == {"type": "thinking_delta", "thinking": "hm", "signature": "s"}


@pytest.mark.parametrize(
    "pieces",
    [
        [{"type": "input_json_delta", "partial_json": {"city": "Bern"}}],
        [{"type": "input_json", "partial_json": '{"city": "Bern"}'}],
        [{"partial_json": '{"city":'}, {"partial_json": ' "Bern"}'}],
        [{"type": "input_json_delta", "partial_json": {}}, {"partial_json": '{"city": "Bern"}'}],
    ],
)
def test_arguments_are_told_whatever_they_are_called(pieces: list[dict[str, Any]]) -> None:
    """A call whose arguments came as an object would be made without any."""
    stream = message_start() + CALL + b"".join(map(bent, pieces)) + block_stop(0)
    chunk = decoded(stream + message_end("tool_use"))
    told = "".join(event.json for event in chunk.events if isinstance(event, ArgumentsDelta))
    assert json.loads(told) == {"city": "Bern"}
    [heard] = sdk_message(chunk.raw).content
    assert heard.to_dict()["input"] == {"city": "Bern"}


def test_a_delta_of_tomorrow_stays_what_it_is() -> None:
    """Nobody guesses at a kind that says its name."""
    new = bent({"type": "tomorrow_delta", "text": "x"})
    chunk = decoded(
        message_start() + TEXT + new + bent({"type": "text_delta", "text": "fine"}) + block_stop(0)
    )
    assert [block.text for block in state_of(chunk.events).blocks] == ["fine"]
    assert new in chunk.raw
