"""Streams of servers that resemble Anthropic: read as far as they can be, and mended for the vendor's SDK."""

import json
import re
from typing import Any

import pytest

from relay.dialects.anthropic import ANTHROPIC
from relay.neutral.events import BlockStart, Chunk, Failed, Heartbeat
from relay.neutral.failures import Failure, Kind
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
    transcript,
)

TEXT = block_start(0, type="text", text="") + delta(0, "text_delta", text="fine") + block_stop(0)
FINE = message_start() + TEXT + message_end()


def without_names(stream: bytes) -> bytes:
    return re.sub(rb"event: [^\n]*\n", b"", stream)


def content_of(stream: bytes) -> list[dict[str, Any]]:
    """What the decoder heard and what the SDK hears of the bytes that pass: they have to agree."""
    chunk = decoded(stream)
    state, message = state_of(chunk.events), sdk_message(chunk.raw)
    assert state.failure is None
    assert state.terminal
    assert [block.text for block in state.blocks if block.kind == "text"] == [
        block.text for block in message.content if block.type == "text"
    ]
    return [block.to_dict() for block in message.content]


def failure_of(chunk: Chunk) -> Failure:
    failed = chunk.events[-1]
    assert isinstance(failed, Failed)
    return failed.failure


@pytest.mark.parametrize("name", ["text", "tools", "thinking", "crlf", "refusal", "server_tool"])
def test_events_without_their_names_are_reframed(name: str) -> None:
    """The SDK hears the very same message; a line end more or less is all that differs."""
    stream = transcript(name).replace(b"\r\n", b"\n")
    chunk = decoded(without_names(stream))
    assert chunk.events == decoded(stream).events
    assert sdk_message(chunk.raw) == sdk_message(stream)
    assert decoded(stream).raw == stream


def test_a_delta_without_its_word_says_nothing() -> None:
    """Null, or of another type: the SDK, which adds it to a text, never hears of it; the rest is told."""
    odd: tuple[Any, ...] = (None, [], {}, True)
    thinking = [delta(0, "thinking_delta", thinking=value) for value in odd]
    signed = [delta(0, "signature_delta", signature=value) for value in odd]
    signed += [delta(0, "signature_delta", signature="c2ln"), *signed]
    texts = [delta(1, "text_delta", text=value) for value in odd]
    cited = [delta(1, "citations_delta", citation=value) for value in (None, [], "x", True)]
    pieces = [delta(2, "input_json_delta", partial_json=value) for value in odd]
    content = content_of(
        message_start()
        + block_start(0, type="thinking", thinking="", signature="")
        + b"".join([delta(0, "thinking_delta", thinking="Hm"), *thinking, *signed])
        + block_stop(0)
        + block_start(1, type="text", text="")
        + b"".join([*texts, delta(1, "text_delta", text="fine"), *cited])
        + block_stop(1)
        + block_start(2, type="tool_use", id="t", name="f", input={})
        + b"".join([*pieces, delta(2, "input_json_delta", partial_json='{"a":1}'), *pieces])
        + block_stop(2)
        + message_end("tool_use")
    )
    assert [block["type"] for block in content] == ["thinking", "text", "tool_use"]
    assert (content[0]["thinking"], content[0]["signature"]) == ("Hm", "c2ln")
    assert (content[1]["text"], content[2]["input"]) == ("fine", {"a": 1})


def test_events_under_one_name_are_reframed() -> None:
    """Some gateways call every event ``message``."""
    assert content_of(re.sub(rb"event: [^\n]*", b"event: message", FINE)) == [
        {"type": "text", "text": "fine"}
    ]


def test_an_event_without_a_type_has_its_name() -> None:
    """The SDKs take the name for the type, too."""
    stream = re.sub(rb'"type": "(message|content)_[a-z_]*", ', b"", FINE).replace(
        b'{"type": "message_stop"}', b"{}"
    )
    assert stream.count(b'"type": "content_block') == 0
    assert content_of(stream) == [{"type": "text", "text": "fine"}]
    for odd in (b'""', b"null", b"{}", b"[7]"):
        bent = re.sub(rb'"type": "(message|content)_[a-z_]*"', b'"type": ' + odd, FINE)
        assert content_of(bent) == [{"type": "text", "text": "fine"}], odd
        assert json.loads(ANTHROPIC.collect(decoded(bent).raw))["content"][0]["text"] == "fine"


NUMBERED: dict[str, tuple[Any, Any]] = {
    "from one": (1, 2),
    "with a gap": (0, 7),
    "all the same": (0, 0),
    "as texts": ("0", "1"),
    "none": (None, None),
    "backwards": (5, 3),
}


@pytest.mark.parametrize("numbers", NUMBERED.values(), ids=NUMBERED)
def test_blocks_are_numbered_in_a_row(numbers: tuple[Any, Any]) -> None:
    """However upstream numbers them, the client's SDK finds each delta's block."""
    stream = message_start()
    for number, word in zip(numbers, ("one", "two"), strict=True):
        stream += block_start(number, type="text", text="") + delta(number, "text_delta", text=word)
        stream += block_stop(number)
    assert content_of(stream + message_end()) == [{"type": "text", "text": word} for word in ("one", "two")]


def test_blocks_that_nobody_closed_are_closed() -> None:
    """Before the stop reason, or where another takes the number: Claude Code shows a block at its end."""
    said = block_start(0, type="text", text="") + delta(0, "text_delta", text="a")
    call = block_start(0, type="tool_use", id="t", name="f", input={}) + delta(
        0, "input_json_delta", partial_json='{"x":1}'
    )
    stream = message_start() + said + call + message_end("tool_use")
    assert content_of(stream) == [
        {"type": "text", "text": "a"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}},
    ]
    raw = decoded(stream).raw
    assert raw.count(b"event: content_block_stop") == 2
    assert raw.index(b"event: content_block_stop") < raw.index(b"tool_use")
    assert raw.rindex(b"event: content_block_stop") < raw.index(b"event: message_delta")


def test_half_a_call_that_nobody_closed_is_broken_unless_the_limit_cut_it() -> None:
    """Half of the arguments with a normal stop is no call."""
    half = block_start(0, type="tool_use", id="t", name="f", input={}) + delta(
        0, "input_json_delta", partial_json='{"x":'
    )
    assert failure_of(decoded(message_start() + half + message_end("tool_use"))).kind is Kind.GARBAGE
    assert state_of(decoded(message_start() + half + message_end("max_tokens")).events).terminal


INPUTS = {
    "": {},
    " ": {},
    "null": {},
    '{"x":1}': {"x": 1},
    '{}{"x":1}': {"x": 1},
    json.dumps('{"x":1}'): {"x": 1},
}
NO_INPUTS = ('{"a": "x', "rm -rf x", "[1]", '"x"')


@pytest.mark.parametrize("closes", [block_stop(0), b""])
def test_an_input_that_is_a_text_is_the_object_in_it_or_a_broken_call(closes: bytes) -> None:
    """No text of a call is lost: what is no object breaks the call, as in a piece; the limit may cut it."""
    for text, expected in INPUTS.items():
        start = message_start() + block_start(0, type="tool_use", id="t", name="f", input=text)
        told = {"type": "tool_use", "id": "t", "name": "f", "input": expected}
        assert content_of(start + closes + message_end("tool_use")) == [told], text
    for text in NO_INPUTS:
        start = message_start() + block_start(0, type="tool_use", id="t", name="f", input=text)
        assert failure_of(decoded(start + closes + message_end("tool_use"))).kind is Kind.GARBAGE, text
        piece = delta(0, "input_json_delta", partial_json='{"x":1}')
        assert content_of(start + piece + closes + message_end("tool_use"))[0]["input"] == {"x": 1}, text
        chunk = decoded(start + closes + message_end("max_tokens"))
        assert [block.text for block in state_of(chunk.events).blocks] == [text]
        assert (b'"input":{}' in chunk.raw, decoded(chunk.raw).events) == (True, chunk.events), text


@pytest.mark.parametrize(
    "word", ["max_tokens", "model_context_window_exceeded", "refusal", "length", "content_filter"]
)
@pytest.mark.parametrize("closes", [block_stop(0), b""])
def test_half_a_call_may_end_by_the_limit_in_any_words(word: str, closes: bytes) -> None:
    """Whether upstream closed the call or not, and in whose words it says that the answer is cut."""
    half = block_start(0, type="tool_use", id="t", name="f", input={})
    half += delta(0, "input_json_delta", partial_json='{"x":') + closes
    state = state_of(decoded(message_start() + half + message_end(word)).events)
    assert (state.failure, state.terminal) == (None, True)


def test_bent_fields_cost_themselves() -> None:
    """Ids that are numbers, counts that are texts, null for an object: told once by their paths."""
    decoder = new_decoder()
    start = message_start(input_tokens="12").replace(b'"msg_1"', b"12345").replace(b'"claude-x"', b"null")
    call = block_start(0, type="tool_use", id=77, name="f", input={})
    end = sse("message_delta", delta={"stop_reason": "tool_use"}, usage=None) + sse("message_stop")
    chunk = decoder.feed(
        start + call + delta("0", "input_json_delta", partial_json="{}") + block_stop(0) + end
    )
    assert decoder.bent == [
        "message.id",
        "message.usage.input_tokens",
        "content_block.id",
        "index",
        "usage",
    ]
    state = state_of(chunk.events)
    assert (state.message_id, state.usage.input_uncached, state.terminal) == ("12345", 12, True)
    [block] = sdk_message(chunk.raw).content
    assert block.to_dict() == {"type": "tool_use", "id": "77", "name": "f", "input": {}}


def test_a_call_without_an_id_is_told_with_one() -> None:
    """The client answers by the id: what is remembered here is what it sees."""
    stream = message_start() + block_start(0, type="tool_use", name="f", input={}) + block_stop(0)
    chunk = decoded(stream + message_end("tool_use"))
    [start] = [event for event in chunk.events if isinstance(event, BlockStart)]
    assert sdk_message(chunk.raw).content[0].id == start.id == "toolu_seed0"


def test_empty_deltas_and_frames_are_heartbeats() -> None:
    """Neither is passed on: the SDKs fail on both."""
    for empty in (b"data:\n\n", b"event: content_block_delta\ndata: \n\n", delta_of_nothing()):
        stream = FINE.replace(block_stop(0), empty + block_stop(0))
        assert Heartbeat() in decoded(stream).events
        assert decoded(stream).raw == FINE


def delta_of_nothing() -> bytes:
    return sse("content_block_delta", index=0, delta=None)


EMPTY: dict[str, bytes] = {
    "text": delta(0, "text_delta", text=""),
    "a thought": delta(0, "thinking_delta", thinking=""),
    "arguments": delta(0, "input_json_delta", partial_json=""),
    "a signature": delta(0, "signature_delta", signature="S" * 60),
}


@pytest.mark.parametrize("beat", EMPTY.values(), ids=EMPTY)
def test_an_empty_delta_neither_begins_nor_ends_a_block(beat: bytes) -> None:
    """Of another kind than the open block, or where none is open, it is a heartbeat; no client hears it.

    So is a signature of thoughts that are not there.
    """
    call = [
        block_start(1, type="tool_use", id="t", name="f", input={}),
        delta(1, "input_json_delta", partial_json='{"a":'),
        delta(1, "input_json_delta", partial_json="1}"),
    ]
    beat_in_call = beat.replace(b'"index": 0', b'"index": 1')
    beats = [beat_in_call] if b"input_json" not in beat else []
    stream = message_start() + beat + TEXT + beat
    stream += b"".join([call[0], *beats, call[1], *beats, call[2], *beats, block_stop(1)])
    stream += beat_in_call + message_end("tool_use")
    chunk = decoded(stream)
    whole = message_start() + TEXT + b"".join(call) + block_stop(1) + message_end("tool_use")
    assert chunk.raw == whole
    assert [one for one in chunk.events if one != Heartbeat()] == decoded(whole).events
    assert chunk.events.count(Heartbeat()) == 3 + len(beats) * 3
    assert [block["type"] for block in content_of(stream)] == ["text", "tool_use"]


@pytest.mark.parametrize("beat", EMPTY.values(), ids=EMPTY)
def test_an_empty_delta_behind_a_cut_call_changes_nothing(beat: bytes) -> None:
    """Like a ping: what comes behind it says whether the answer was cut, or the call is broken."""
    half = message_start() + block_start(0, type="tool_use", id="t", name="f", input={})
    half += delta(0, "input_json_delta", partial_json='{"x":') + block_stop(0)
    cut = decoded(half + beat + message_end("max_tokens"))
    assert cut.raw == half + message_end("max_tokens")
    assert state_of(cut.events).terminal
    assert failure_of(decoded(half + beat + message_end("tool_use"))).kind is Kind.GARBAGE


def test_several_things_in_one_delta_arrive() -> None:
    """A thought with its signature, a text with what it cites."""
    cited = {"type": "char_location", "cited_text": "c", "document_index": 0}
    stream = (
        message_start()
        + block_start(0, type="thinking", thinking="", signature="")
        + delta(0, "thinking_delta", thinking="Hm", signature="S" * 60)
        + block_stop(0)
        + block_start(1, type="text", text="")
        + delta(1, "text_delta", text="So", citation=cited)
        + block_stop(1)
        + message_end()
    )
    events = decoded(stream).events
    assert state_of(events).blocks[0].signature == "S" * 60
    assert [type(event).__name__ for event in events if getattr(event, "index", 0) == 1] == [
        "BlockStart",
        "TextDelta",
        "Citation",
        "BlockStop",
    ]


DOCUMENT: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [
        {"type": "thinking", "thinking": "Hm", "signature": "S" * 60},
        {"type": "redacted_thinking", "data": "EmwK"},
        {"type": "text", "text": "fine"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 2},
}


def test_one_message_in_place_of_a_stream_is_the_answer() -> None:
    """By its first byte, however it is cut: a client hears the same message as a stream."""
    body = json.dumps(DOCUMENT, indent=1).encode()
    decoder = new_decoder()
    chunks = [decoder.feed(b" " + body[:20]), decoder.feed(body[20:]), decoder.finish()]
    assert [chunk.events for chunk in chunks[:2]] == [[], []]
    message = sdk_message(chunks[2].raw)
    assert [block.to_dict(exclude_unset=True) for block in message.content] == DOCUMENT["content"]
    assert (message.stop_reason, message.usage.output_tokens) == ("tool_use", 2)


def test_one_message_in_an_event_is_read_as_patiently_as_one_alone() -> None:
    """A field that is not of its type costs itself, whichever way the message comes; half a character too."""
    text = {"type": "text", "text": "fine"}
    table: list[dict[str, Any]] = [
        {},
        {"content": [{"type": "text", "text": 5}, text]},
        {"content": [{"type": "text", "text": ["x"]}, text]},
        {"content": [{"type": "thinking", "thinking": {}, "signature": 7}, text]},
        {"content": [{"type": "text", "text": "half \ud83d"}, text, {"type": "text", "text": "\ude00"}]},
        {"content": [{"type": "tool_use", "id": 7, "name": 8, "input": {}}]},
        {"id": 7, "model": None},
        {"usage": "much"},
    ]
    for fields in table:
        body = json.dumps({**DOCUMENT, **fields}).encode()
        in_a_stream, alone = decoded(b": hi\n\nevent: message\ndata: " + body + b"\n\n"), decoded(body)
        heard, expected = (
            [one for one in chunk.events if type(one) is not Heartbeat] for chunk in (in_a_stream, alone)
        )
        assert heard == expected
        assert in_a_stream.raw == b": hi\n\n" + alone.raw


ERRORS: dict[str, tuple[Any, int, str]] = {
    "Anthropic's": ({"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}}, 529, "Busy"),
    "without its type": ({"error": {"type": "rate_limit_error", "message": "Slow"}}, 429, "Slow"),
    "with a number": ({"error": {"code": 503, "message": "Away"}}, 503, "Away"),
    "a text": ({"error": "no such model"}, 500, "no such model"),
    "FastAPI's": ({"detail": "Not found"}, 500, "Not found"),
    "vLLM's": ({"object": "error", "message": "Too long", "code": 400}, 400, "Too long"),
    "GLM's": ({"error": {"code": "1302", "message": "Too many"}}, 429, "Too many"),
    "MiniMax's": ({"base_resp": {"status_code": 1002, "status_msg": "Slow"}}, 429, "Slow"),
    "none": ({"hello": 1}, 0, "no message"),
}


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("case", ERRORS.values(), ids=ERRORS)
def test_an_error_inside_a_200_is_the_error_that_it_names(
    case: tuple[Any, int, str], is_stream: bool
) -> None:
    """As the whole body, or as data without a name: its status and its words."""
    told, status, words = case
    body = json.dumps(told).encode()
    if is_stream and not status:
        return  # an event that nobody knows says nothing
    failure = failure_of(decoded(b"data: " + body + b"\n\n" if is_stream else body))
    assert (failure.status or 0) == status
    assert words in failure.message


def test_done_is_no_end() -> None:
    """OpenAI's last word says nothing here: without message_stop the answer is cut."""
    assert failure_of(decoded(message_start() + TEXT + b"data: [DONE]\n\n")).kind is Kind.CUT
    assert failure_of(decoded(b"data: [DONE]\n\n")).kind is Kind.EMPTY
