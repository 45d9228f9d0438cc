"""What proxies tell in another place, or in another form, than Gemini does."""

import json
from typing import Any

import pytest

from relay.dialects.gemini import GEMINI
from relay.dialects.interface import DecoderOptions
from relay.neutral.conversation import Json
from relay.neutral.events import ArgumentsDelta, Failed, Stop, Terminal
from tests.relay.dialects.gemini.streams import chunks_of, decode, folded, parts, sse

TEXT = parts({"text": "fine"})


def arguments_of(args: Any) -> Any:
    chunk = decode([sse(parts({"functionCall": {"name": "look", "args": args}}, finishReason="STOP"))])
    if isinstance(chunk.events[-1], Failed):
        return None
    told = chunks_of(chunk.raw)[0]["candidates"][0]["content"]["parts"][0]["functionCall"]["args"]
    pieces = [event.json for event in chunk.events if isinstance(event, ArgumentsDelta)]
    assert json.loads("".join(pieces)) == told
    return told


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], {}),
        ([{"a": 1}], {"a": 1}),
        ([{"key": "a", "value": 1}, {"key": "b", "value": {}}], {"a": 1, "b": {}}),
        ([{"name": "a", "value": [1]}], {"a": [1]}),
        ([{"a": 1}, {"b": 2}], None),
        ([1], None),
        ([{"key": 1, "value": 2}], None),
    ],
)
def test_arguments_in_a_list(args: Any, expected: Json | None) -> None:
    """The one object in it, or pairs; of anything else nobody knows what is meant."""
    assert arguments_of(args) == expected


@pytest.mark.parametrize(
    "reason",
    [{"name": "MAX_TOKENS", "value": 2}, {"value": 2}, {"type": "MAX_TOKENS"}, {"reason": "MAX_TOKENS"}],
)
def test_a_finish_reason_as_an_object(reason: Json) -> None:
    """The word in it, or the enumeration's number."""
    chunk = decode([sse(TEXT, parts({"text": "!"}, finishReason=reason))])
    assert chunk.events[-2:] == [Stop("max_tokens", "MAX_TOKENS"), Terminal()]
    assert chunks_of(chunk.raw)[-1]["candidates"][0]["finishReason"] == "MAX_TOKENS"


@pytest.mark.parametrize("candidates", [{}, {"candidates": []}, {"candidates": [{"index": 0}]}])
def test_a_finish_reason_beside_the_candidates(candidates: Json) -> None:
    """It is the answer's."""
    chunk = decode([sse(TEXT, {**candidates, "finishReason": "MAX_TOKENS"})])
    assert chunk.events[-2:] == [Stop("max_tokens", "MAX_TOKENS"), Terminal()]
    assert chunks_of(chunk.raw)[-1]["candidates"] == [{"finishReason": "MAX_TOKENS", "index": 0}]


@pytest.mark.parametrize("reason", [{}, {"code": 7}, None])
def test_a_finish_reason_that_says_no_word_is_none(reason: Any) -> None:
    """The text beside it is told, and the answer has no end."""
    chunk = decode([sse(parts({"text": "fine"}, finishReason=reason))])
    assert folded(chunk.events).text == "fine"
    assert not any(isinstance(event, Terminal) for event in chunk.events)


def test_null_among_the_parts_is_none() -> None:
    """Nor does a client see it."""
    chunk = decode([sse(parts(None, {"text": "fine"}, finishReason="STOP"))])
    assert folded(chunk.events).text == "fine"
    assert chunks_of(chunk.raw)[0]["candidates"][0]["content"]["parts"] == [{"text": "fine"}]


@pytest.mark.parametrize("name", ["data", "result"])
def test_chunks_in_an_envelope(name: str) -> None:
    """Each of them, or a whole answer that is a document."""
    end = parts({"text": "!"}, finishReason="STOP")
    chunk = decode([sse({"code": 0, name: TEXT}, {"code": 0, name: end})])
    assert (folded(chunk.events).text, chunk.events[-1]) == ("fine!", Terminal())
    assert chunks_of(chunk.raw) == [TEXT, end]
    document = decode([json.dumps({"success": True, name: end}).encode()])
    assert (folded(document.events).text, document.events[-1]) == ("!", Terminal())


def test_an_envelope_may_hold_the_error() -> None:
    """As it holds each chunk: with upstream's words and status."""
    error = {"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}}
    failed = decode([sse({"code": 0, "data": TEXT}, {"code": 0, "data": error})]).events[-1]
    assert isinstance(failed, Failed)
    assert (failed.failure.message, failed.failure.status) == ("slow down", 429)


def test_a_null_in_its_place_does_not_hide_the_reason_beside_it() -> None:
    """Proxies write the field in each candidate, and the word beside them."""
    chunk = decode([sse({**parts({"text": "fine"}, finishReason=None), "finishReason": "STOP"})])
    assert chunk.events[-2:] == [Stop("end_turn", "STOP"), Terminal()]


@pytest.mark.parametrize("word", ["", "IN_PROGRESS", "FINISH_REASON_UNSPECIFIED"])
def test_a_word_that_nobody_knows_is_no_end_beside_the_candidates(word: str) -> None:
    """Told with each chunk, it says how far the answer is: cut there, it is not whole."""
    chunk = decode([sse({**TEXT, "finishReason": word})])
    assert folded(chunk.events).text == "fine"
    assert not any(isinstance(event, Stop | Terminal) for event in chunk.events)


def test_an_empty_reason_beside_the_candidates_is_read_at_once() -> None:
    """It keeps its bytes, and nothing is bent."""
    told = {**TEXT, "finishReason": ""}
    decoder = GEMINI.decoder(DecoderOptions("gemini-3", "seed"))
    assert decoder.feed(sse(told)).raw == sse(told)
    assert decoder.bent == []


@pytest.mark.parametrize("name", ["result", "response"])
@pytest.mark.parametrize("is_document", [True, False])
def test_what_stands_beside_the_chunk_in_an_envelope_is_its(is_document: bool, name: str) -> None:
    """Its id, its model and its counts, where the chunk has none of its own."""
    end = {**parts({"text": "fine"}, finishReason="STOP"), "modelVersion": "inner"}
    counts = {"promptTokenCount": 12, "candidatesTokenCount": 9}
    told = {"responseId": "x", "modelVersion": "outer", "usageMetadata": counts, name: end}
    chunk = decode([json.dumps(told).encode() if is_document else sse(told)])
    state = folded(chunk.events)
    assert (state.text, state.message_id, state.model) == ("fine", "x", "inner")
    assert (state.usage.input_uncached, state.usage.output) == (12, 9)
    assert chunk.events[-1] == Terminal()
