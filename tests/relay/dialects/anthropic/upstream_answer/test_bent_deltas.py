"""Deltas whose kind a gateway left out or called otherwise, and arguments that it sends as objects."""

import json
from typing import Any

import pytest

from relay.neutral.events import ArgumentsDelta, Citation
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


@pytest.mark.parametrize("opening", [THOUGHT, b""], ids=["in a block", "without one"])
@pytest.mark.parametrize("kind", [{}, {"type": "thinking"}, {"type": "thinking_delta"}])
def test_a_signature_beside_a_thought_reaches_the_client(kind: dict[str, Any], opening: bytes) -> None:
    """The SDK reads it in a delta of its own; without it the thought would be refused on the next turn."""
    answer = bent({**kind, "thinking": "hm", "signature": "s"}) + block_stop(0) + message_end()
    chunk = decoded(message_start() + opening + answer)
    [block] = state_of(chunk.events).blocks
    assert (block.kind, block.text, block.signature) == ("thinking", "hm", "s")
    [told] = sdk_message(chunk.raw).content
    assert (told.type, told.thinking, told.signature) == ("thinking", "hm", "s")


@pytest.mark.parametrize("beside", [{}, {"thinking": ""}, {"thinking": None}])
def test_a_thought_that_only_brings_its_signature_is_signed(beside: dict[str, Any]) -> None:
    """Some gateways call all of a thinking block's deltas by one kind."""
    said = bent({"type": "thinking_delta", "thinking": "hm"})
    signed = bent({"type": "thinking_delta", **beside, "signature": "s"})
    chunk = decoded(message_start() + THOUGHT + said + signed + block_stop(0) + message_end())
    assert [(block.text, block.signature) for block in state_of(chunk.events).blocks] == [("hm", "s")]
    [told] = sdk_message(chunk.raw).content
    assert (told.type, told.thinking, told.signature) == ("thinking", "hm", "s")


@pytest.mark.parametrize(
    "delta",
    [
        {"type": "text_delta", "text": "fine"},
        {"type": "text_delta", "text": ""},
        {"type": "text_delta"},
        {"type": "citation"},
        {"type": "citation_delta"},
        {},
    ],
)
def test_a_source_that_is_told_with_a_text_reaches_the_client(delta: dict[str, Any]) -> None:
    """The SDK reads it in a delta of its own, behind the text."""
    cited = {"type": "web_search_result_location", "url": "https://a.test/", "title": "A", "cited_text": "f"}
    told = bent({"type": "text_delta", "text": "All "}) + bent({**delta, "citation": cited})
    chunk = decoded(message_start() + TEXT + told + block_stop(0) + message_end())
    assert [event.url for event in chunk.events if isinstance(event, Citation)] == ["https://a.test/"]
    [block] = sdk_message(chunk.raw).content
    assert block.type == "text"
    assert block.text == "All " + delta.get("text", "")
    assert [one.url for one in block.citations or () if one.type == cited["type"]] == ["https://a.test/"]


@pytest.mark.parametrize(
    ("pieces", "is_passed"),
    [
        (["{}"], True),
        (["{", "}"], True),
        (["{", '"city": "Bern"}'], True),
        (["", "{", " ", '"city": "Bern"}'], True),
        (["{}", '{"city": "Bern"}'], False),
        (["{", "}", '{"city": "Bern"}'], False),
        (["{", "}", "{", '"city": "Bern"}'], False),
        (["{}", "{}", '{"city": ', '"Bern"}'], False),
        (["{}", "{}"], False),
        (["{}\n{}"], False),
        (["{", "}{}"], False),
        (["{}\n{", '"city": "Bern"}'], False),
        (["{", "}{", '"city": ', '"Bern"}'], False),
    ],
)
def test_an_empty_object_before_the_real_one_is_left_out(pieces: list[str], *, is_passed: bool) -> None:
    """Also in two pieces, or with it in one; what turns out to be none, or to be all, keeps its bytes."""
    told = [bent({"type": "input_json_delta", "partial_json": piece}) for piece in pieces]
    stream = message_start() + CALL + b"".join(told) + block_stop(0) + message_end("tool_use")
    chunk = decoded(stream)
    [block] = state_of(chunk.events).blocks
    [heard] = sdk_message(chunk.raw).content
    assert heard.to_dict()["input"] == json.loads(block.text)
    assert json.loads(block.text) == ({"city": "Bern"} if "Bern" in pieces[-1] else {})
    assert (chunk.raw == stream) is is_passed


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
