"""Events as an Anthropic client gets them."""

import itertools
import json
import re
from typing import Any

import anthropic
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.interface import Encoder, ErrorAnswer
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Chunk,
    Citation,
    Event,
    Extra,
    Failed,
    Heartbeat,
    MessageStart,
    Signature,
    Stop,
    StopReason,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.failures import Failure, Kind
from relay.neutral.server_tools import ServerResult, Source
from relay.neutral.sse import SseParser
from tests.relay.dialects.anthropic.streams import (
    block_start,
    decoded,
    delta,
    message_start,
    new_encoder,
    sdk_message,
    transcript,
)

SIGNATURE = "c2lnbmF0dXJl" * 6
GEMINI_LIKE: list[list[Event]] = [
    [
        MessageStart("resp-1", "gemini-3.6-flash"),
        Usage(input_uncached=90, cache_read=30, output=4, thinking=4),
        BlockStart(0, "thinking"),
        ThinkingDelta(0, "I weigh \u2028 it."),
    ],
    [Heartbeat()],
    [Signature(0, SIGNATURE, "gemini-3"), BlockStop(0), BlockStart(1, "text")],
    [TextDelta(1, 'Say "hi"\n'), TextDelta(1, "to 東京 🙂"), BlockStop(1)],
    [
        BlockStart(2, "tool_call", "call-1", "get_weather"),
        ArgumentsDelta(2, '{"city":"Tōkyō"}'),
        BlockStop(2),
        BlockStart(3, "tool_call", "call-2", "get_time"),
        BlockStop(3),
        Usage(input_uncached=90, cache_read=30, output=44, thinking=11),
        Stop("tool_use", "STOP"),
        Terminal(),
    ],
]


def wire(data: bytes) -> list[dict[str, Any]]:
    """The events' bodies; their names must be their types."""
    events = SseParser().feed(data)
    bodies = [json.loads(event.data or b"") for event in events]
    assert [event.name for event in events] == [body["type"] for body in bodies]
    return bodies


def encode_all(batches: list[list[Event]], encoder: Encoder | None = None) -> bytes:
    encoder = encoder or new_encoder()
    return b"".join(encoder.encode(batch) for batch in batches)


def answer_of(*content: Event, stop: Stop | None = None) -> list[Event]:
    return [MessageStart("x", "y"), *content, stop or Stop("end_turn", "STOP"), Terminal()]


def test_a_translated_answer_is_the_golden_transcript() -> None:
    """Every byte that a client gets for an answer with thinking, text and two calls."""
    assert encode_all(GEMINI_LIKE) == transcript("translated")


def test_the_vendors_sdk_reads_a_translated_answer() -> None:
    """The SDK's accumulator finds id, model, blocks, signature, arguments, usage and stop reason."""
    message = sdk_message(encode_all(GEMINI_LIKE))
    assert (message.id, message.model, message.stop_reason) == (
        "msg_5f2c",
        "claude-by-the-client",
        "tool_use",
    )
    thinking, text, weather, clock = message.content
    assert (thinking.type, thinking.thinking, thinking.signature) == (
        "thinking",
        "I weigh \u2028 it.",
        SIGNATURE,
    )
    assert (text.type, text.text) == ("text", 'Say "hi"\nto 東京 🙂')
    assert (weather.type, weather.id, weather.input) == ("tool_use", "call-1", {"city": "Tōkyō"})
    assert (clock.type, clock.name, clock.input) == ("tool_use", "get_time", {})
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (90, 30)
    assert message.usage.output_tokens == 44
    assert message.usage.output_tokens_details is not None
    assert message.usage.output_tokens_details.thinking_tokens == 11


def test_what_arrives_together_does_not_change_the_answer() -> None:
    """One batch or one event at a time: the client ends with the same message."""
    together = [[event for batch in GEMINI_LIKE for event in batch]]
    one_by_one = [[event] for event in together[0]]
    assert sdk_message(encode_all(together)) == sdk_message(encode_all(one_by_one))


def test_message_start_tells_what_is_known_by_then() -> None:
    """Usage that comes with the start is in it; what is unknown is 0, for the field is required."""
    early = wire(new_encoder().encode([MessageStart("a", "b"), Usage(input_uncached=7, cache_write=2)]))
    assert early[0]["message"]["usage"] == {
        "input_tokens": 7, "cache_creation_input_tokens": 2, "cache_read_input_tokens": 0, "output_tokens": 0,
    }  # fmt: skip
    late = wire(new_encoder().encode([MessageStart("a", "b")]))
    assert set(late[0]["message"]["usage"].values()) == {0}


def test_message_delta_tells_the_cumulative_truth() -> None:
    """The last counts stand in message_delta, whenever they came; thinking only where it is known."""
    encoder = new_encoder()
    encoder.encode([MessageStart("a", "b"), Usage(input_uncached=7, output=1)])
    events = [Stop("end_turn", "stop"), BlockStart(0, "text"), TextDelta(0, "x"), BlockStop(0)]
    names = [body["type"] for body in wire(encoder.encode(events))]
    assert names == ["content_block_start", "content_block_delta"]
    stopped, ended, _ = wire(encoder.encode([Usage(output=20), Terminal()]))
    assert stopped["type"] == "content_block_stop"
    assert ended["usage"]["output_tokens"] == 20
    assert ended["usage"]["input_tokens"] == 7
    assert "output_tokens_details" not in ended["usage"]


def test_message_start_comes_once() -> None:
    """A second start, of a later leg, says nothing."""
    encoder = new_encoder()
    assert len(wire(encoder.encode([MessageStart("a", "b")]))) == 1
    assert encoder.encode([MessageStart("c", "d")]) == b""


def test_a_thinking_block_without_a_signature_carries_a_handle() -> None:
    """The signature that came before the block's stop, else the stand-in: one, right before the stop."""
    encoder = new_encoder()
    bodies = wire(
        encoder.encode(
            [
                *(MessageStart("a", "b"), BlockStart(0, "thinking"), ThinkingDelta(0, "x"), BlockStop(0)),
                *(
                    BlockStart(1, "thinking"),
                    Signature(1, SIGNATURE, "f"),
                    ThinkingDelta(1, "y"),
                    BlockStop(1),
                ),
            ]
        )
    )
    assert [body["delta"]["signature"] for body in bodies if "signature" in body.get("delta", {})] == [
        "handle-0" + "0" * 50, SIGNATURE,
    ]  # fmt: skip
    stops = [at for at, body in enumerate(bodies) if body["type"] == "content_block_stop"]
    assert all(bodies[at - 1]["delta"]["type"] == "signature_delta" for at in stops)


def test_a_signature_behind_the_block_is_for_the_cache_alone() -> None:
    """It comes too late for the block: the client got the handle, even if both arrived together."""
    events = [BlockStart(0, "thinking"), BlockStop(0), Signature(0, SIGNATURE, "f")]
    assert SIGNATURE.encode() not in new_encoder().encode([MessageStart("a", "b"), *events])


def test_signatures_of_texts_and_calls_are_not_put_on_the_wire() -> None:
    """Only thinking blocks are signed in this dialect."""
    blocks = [
        *(BlockStart(0, "text"), TextDelta(0, "x"), Signature(0, SIGNATURE, "gemini-3"), BlockStop(0)),
        *(BlockStart(1, "tool_call", "i", "n"), Signature(1, SIGNATURE, "gemini-3"), BlockStop(1)),
    ]
    assert b"signature" not in new_encoder().encode(answer_of(*blocks))


def test_redacted_thinking_goes_out_whole() -> None:
    """It has no deltas: its data stands in content_block_start."""
    start = BlockStart(0, "redacted", payload=b'{"data":"QUJD"}')
    bodies = wire(new_encoder().encode(answer_of(start, BlockStop(0))))
    assert bodies[1]["content_block"] == {"type": "redacted_thinking", "data": "QUJD"}


def test_a_refusal_block_is_text() -> None:
    """What an OpenAI model says to refuse is text of the answer."""
    message = sdk_message(
        new_encoder().encode(answer_of(BlockStart(0, "refusal"), TextDelta(0, "No."), BlockStop(0)))
    )
    assert message.content[0].to_dict() == {"type": "text", "text": "No."}


@pytest.mark.parametrize(
    ("reason", "on_the_wire"),
    [
        ("end_turn", "end_turn"),
        ("max_tokens", "max_tokens"),
        ("tool_use", "tool_use"),
        ("pause_turn", "pause_turn"),
        ("refusal", "refusal"),
        ("stop_sequence", "stop_sequence"),
        ("context_window", "model_context_window_exceeded"),
        ("continuation", "max_tokens"),
        ("other", "end_turn"),
        ("unknown", "end_turn"),
    ],
)
def test_stop_reasons(reason: StopReason, on_the_wire: str) -> None:
    """Each of our words has its word on the wire."""
    text = (BlockStart(0, "text"), TextDelta(0, "x"), BlockStop(0))
    message = sdk_message(new_encoder().encode(answer_of(*text, stop=Stop(reason, "UPSTREAM"))))
    assert message.stop_reason == on_the_wire


def test_a_stop_sequence_is_told() -> None:
    """Which sequence it was stands beside the reason."""
    stop = Stop("stop_sequence", "stop_sequence", "###")
    assert sdk_message(new_encoder().encode(answer_of(stop=stop))).stop_sequence == "###"


@pytest.mark.parametrize(("category", "told"), [("bio", "bio"), ("SAFETY", None), (None, None)])
def test_a_refusal_has_its_details(category: str | None, told: str | None) -> None:
    """stop_details hold the explanation, and the category where it is one of Anthropic's."""
    stop = Stop("refusal", "SAFETY", category=category, explanation="Blocked by a safety rule.")
    details = sdk_message(new_encoder().encode(answer_of(stop=stop))).stop_details
    assert details is not None
    assert (details.type, details.category, details.explanation) == (
        "refusal",
        told,
        "Blocked by a safety rule.",
    )


@pytest.mark.parametrize(
    "stop",
    [Stop("malformed", "MALFORMED_FUNCTION_CALL"), Stop("missing_signature", "X"), Stop("other", "OTHER")],
)
def test_a_stop_that_ends_no_answer_is_an_error(stop: Stop) -> None:
    """No stop reason is made up for it: an api_error event, no message_stop, and a failure in the state."""
    encoder = new_encoder()
    bodies = wire(encoder.encode([MessageStart("a", "b"), stop, Terminal()]))
    assert bodies[-1]["type"] == "error"
    assert bodies[-1]["error"]["type"] == "api_error"
    assert encoder.state.failure is not None
    assert not encoder.state.terminal
    assert "message_stop" not in [body["type"] for body in bodies]


def test_an_end_without_any_reason_is_an_error() -> None:
    """A terminal event alone does not say how the answer ended."""
    encoder = new_encoder()
    assert wire(encoder.encode([MessageStart("a", "b"), Terminal()]))[-1]["type"] == "error"


PICTURE = BlockStart(1, "media", payload=b'{"media_type":"image/png","data":"QUJD"}')
NOTE = "image/png of 3 bytes left out: this client's dialect has no place for it"


def test_an_image_made_by_the_model_is_named() -> None:
    """A Messages answer has no place for it: the text says so where it stood, and the row is told."""
    texts = [
        (BlockStart(at, "text"), TextDelta(at, word), BlockStop(at)) for at, word in ((0, "A"), (2, "B"))
    ]
    encoder = new_encoder()
    message = sdk_message(encoder.encode(answer_of(*texts[0], PICTURE, BlockStop(1), *texts[1])))
    assert [block.to_dict() for block in message.content] == [
        {"type": "text", "text": f"A\n\n[{NOTE}]\n\nB"}  # Claude Code prints the last text block
    ]
    assert encoder.left_out == [NOTE]


def test_an_answer_of_nothing_but_a_picture_is_an_answer() -> None:
    """It has one text, which names the picture; one with an address is told with it."""
    there = BlockStart(1, "media", payload=b'{"media_type":"video/mp4","url":"https://a/b.mp4"}')
    for picture, said in ((PICTURE, NOTE), (there, "video/mp4: https://a/b.mp4")):
        events = [msgspec.structs.replace(picture, index=0), BlockStop(0)]
        message = sdk_message(new_encoder().encode(answer_of(*events)))
        assert [block.to_dict() for block in message.content] == [{"type": "text", "text": f"[{said}]"}]
        assert message.stop_reason == "end_turn"


def test_a_citation_of_a_page_names_it() -> None:
    """A page cited by another vendor becomes a web search location, with no index that could be forged."""
    cited = Citation(0, b'{"uri":"https://a.example"}', "https://a.example", "A", "words")
    events = (BlockStart(0, "text"), cited, TextDelta(0, "words"), BlockStop(0))
    message = sdk_message(new_encoder().encode(answer_of(*events)))
    text = message.content[0]
    assert text.type == "text"
    assert text.citations is not None
    assert text.citations[0].to_dict() == {
        "type": "web_search_result_location", "url": "https://a.example", "title": "A",
        "encrypted_index": "", "cited_text": "words",
    }  # fmt: skip


def test_a_citation_without_an_address_is_left_out() -> None:
    """It has no place, and makes no text of its own."""
    events = (BlockStart(0, "text"), Citation(0, b'{"startIndex":1}'), BlockStop(0))
    assert sdk_message(new_encoder().encode(answer_of(*events))).content == []


def test_other_vendors_server_blocks_leave_no_gap() -> None:
    """The indexes of the blocks behind them are contiguous."""
    encoder = new_encoder()
    events = [
        *(
            BlockStart(0, "server_call", "i", "n", b'{"executableCode":{"code":"1+1"}}'),
            ArgumentsDelta(0, "1"),
        ),
        *(BlockStop(0), BlockStart(1, "server_result", payload=b'{"output":"2"}'), BlockStop(1)),
        *(BlockStart(2, "opaque", payload=b"{}"), BlockStop(2), Citation(0, b"{}", "u")),
        *(BlockStart(3, "text"), TextDelta(3, "2"), BlockStop(3)),
    ]
    message = sdk_message(encoder.encode(answer_of(*events)))
    assert [block.to_dict() for block in message.content] == [{"type": "text", "text": "2"}]


def test_its_own_server_blocks_and_extras_go_out_again() -> None:
    """Events that came from an Anthropic upstream keep their objects through the events."""
    upstream = transcript("server_tool")
    events = [event for event in decoded(upstream).events if event != BlockStart(3, "opaque")]
    bodies = wire(new_encoder().encode(events))
    assert bodies[1]["content_block"]["name"] == "web_search"
    assert {"type": "weather_report", "sky": "grey"} in bodies
    blocks = [body["content_block"]["type"] for body in bodies if body["type"] == "content_block_start"]
    assert blocks == ["server_tool_use", "web_search_tool_result", "text"]
    citations = [body["delta"]["citation"] for body in bodies if "citation" in body.get("delta", {})]
    assert citations[0]["encrypted_index"] == "Eo8BCioIAhgBIiQyYjQ0OWJm"


def test_an_unknown_delta_of_its_own_goes_to_the_open_block() -> None:
    """It is written again at the index that the block has for this client."""
    stream = message_start() + block_start(0, type="text", text="") + delta(0, "mood_delta", mood="calm")
    bodies = wire(new_encoder().encode(decoded(stream).events))
    assert bodies[-1] == {
        "type": "content_block_delta", "index": 0, "delta": {"type": "mood_delta", "mood": "calm"},
    }  # fmt: skip


def test_a_text_without_a_word_is_never_told() -> None:
    """The API refuses an empty text that comes back, and Claude Code takes the last text for the answer."""
    said = [BlockStart(0, "text"), TextDelta(0, "Hello"), BlockStop(0)]
    signed = [BlockStart(1, "text"), Signature(1, SIGNATURE, "gemini-3"), BlockStop(1)]
    message = sdk_message(new_encoder().encode(answer_of(*said, *signed)))
    assert [block.to_dict() for block in message.content] == [{"type": "text", "text": "Hello"}]
    assert sdk_message(new_encoder().encode(answer_of(BlockStart(0, "text"), BlockStop(0)))).content == []


def test_another_dialects_extras_are_not_told() -> None:
    """What only another dialect can say is nothing for this client."""
    assert new_encoder().encode([Extra("gemini", "groundingMetadata", b"{}")]) == b""


def test_another_vendors_search_is_a_run_of_the_web_search() -> None:
    """Claude Code counts and shows the blocks; their ids are such as the Messages API gives."""
    found = ServerResult((Source("https://a.example", "A", "2 days ago"), Source("https://b.example")))
    events = [
        *(BlockStart(0, "text"), TextDelta(0, "Rain."), BlockStop(0)),
        *(
            BlockStart(1, "server_call", "ws1", "web_search"),
            ArgumentsDelta(1, '{"query":"rain"}'),
            BlockStop(1),
        ),
        *(BlockStart(2, "server_result", "ws1", "web_search", result=found), BlockStop(2)),
        *(
            BlockStart(3, "server_call", "ws2", "web_search"),
            ArgumentsDelta(3, '{"query":"sun"}'),
            BlockStop(3),
        ),
        *(BlockStart(4, "server_result", "ws2", "web_search", result=ServerResult(error="x")), BlockStop(4)),
    ]
    message = sdk_message(new_encoder().encode(answer_of(*events)))
    text, rain, pages, sun, failed = message.content
    assert text.type == "text"
    assert rain.type == sun.type == "server_tool_use"
    assert (rain.name, rain.input, sun.input) == ("web_search", {"query": "rain"}, {"query": "sun"})
    assert rain.id != sun.id
    assert re.fullmatch("srvtoolu_[A-Za-z0-9_]+", rain.id)
    assert pages.type == failed.type == "web_search_tool_result"
    assert (pages.tool_use_id, failed.tool_use_id) == (rain.id, sun.id)
    assert isinstance(pages.content, list)
    assert [(page.url, page.title, page.page_age) for page in pages.content] == [
        ("https://a.example", "A", "2 days ago"),
        ("https://b.example", "", None),
    ]
    assert not isinstance(failed.content, list)
    assert failed.content.error_code == "unavailable"
    assert message.usage.server_tool_use is not None
    assert message.usage.server_tool_use.web_search_requests == 2


def test_another_vendors_program_is_a_run_of_code() -> None:
    """A result without an id is that of the latest call."""
    ran = ServerResult(output="42\n")
    events = [
        *(
            BlockStart(0, "server_call", "", "code_execution"),
            ArgumentsDelta(0, '{"code":"6*7"}'),
            BlockStop(0),
        ),
        *(BlockStart(1, "server_result", "", "code_execution", result=ran), BlockStop(1)),
    ]
    message = sdk_message(new_encoder().encode(answer_of(*events)))
    call, result = message.content
    assert call.type == "server_tool_use"
    assert (call.name, call.input) == ("code_execution", {"code": "6*7"})
    assert result.type == "code_execution_tool_result"
    assert result.tool_use_id == call.id
    assert result.content.to_dict() == {
        "type": "code_execution_result", "stdout": "42\n", "stderr": "", "return_code": 0, "content": [],
    }  # fmt: skip
    assert message.usage.server_tool_use is None


def test_heartbeats_and_failures_are_not_encoded() -> None:
    """Keep-alives and the error event have their own methods."""
    encoder = new_encoder()
    assert encoder.encode([Heartbeat(), Failed(Failure(Kind.CUT, "gone"))]) == b""
    assert encoder.keep_alive() == b'event: ping\ndata: {"type": "ping"}\n\n'


def test_forwarded_bytes_are_upstreams_own() -> None:
    """Same dialect: nothing is changed, and the state knows what the client was told."""
    encoder = new_encoder()
    chunk = decoded(transcript("tools"))
    assert encoder.forward(chunk) == transcript("tools")
    assert encoder.state.terminal
    assert encoder.state.message_id == "msg_01HX4tQm9bq3cYpRkV7nZ2aL"
    assert encoder.fail(ErrorAnswer(502, "late", "req")) == b""


def test_nothing_is_added_to_upstreams_own_error_event() -> None:
    """It was forwarded: the client has its one error event."""
    encoder = new_encoder()
    encoder.forward(decoded(transcript("overloaded")))
    assert encoder.fail(ErrorAnswer(529, "Overloaded", "req")) == b""


def test_an_answer_can_go_on_in_the_block_that_was_forwarded() -> None:
    """Behind forwarded bytes, events of another leg fill the same open block and end the same message."""
    encoder = new_encoder()
    head = (
        message_start(input_tokens=5)
        + block_start(0, type="text", text="")
        + delta(0, "text_delta", text="Hel")
    )
    sent = encoder.forward(decoded(head))
    sent += encoder.encode(
        [
            *(TextDelta(0, "lo"), BlockStop(0), BlockStart(1, "text"), TextDelta(1, "!"), BlockStop(1)),
            *(Usage(output=4), Stop("end_turn", "end_turn"), Terminal()),
        ]
    )
    message = sdk_message(sent)
    assert message.id == "msg_1"
    assert [block.to_dict()["text"] for block in message.content] == ["Hello", "!"]
    assert (message.usage.input_tokens, message.usage.output_tokens) == (5, 4)


def test_a_failure_is_one_error_event_and_nothing_else() -> None:
    """Open blocks stay open, no message_stop is made up, and nothing follows."""
    encoder = new_encoder()
    encoder.encode([MessageStart("a", "b"), BlockStart(0, "text"), TextDelta(0, "Ha")])
    bodies = wire(encoder.fail(ErrorAnswer(502, "upstream closed the stream", "req_9")))
    assert bodies == [
        {
            "type": "error",
            "error": {"type": "api_error", "message": "upstream closed the stream"},
            "request_id": "req_9",
        }
    ]
    assert encoder.encode([TextDelta(0, "lf")]) == b""
    assert encoder.fail(ErrorAnswer(502, "again", "req_9")) == b""


def test_the_sdk_raises_on_the_error_event_even_before_the_start() -> None:
    """A stream that was opened early may have nothing but pings and the error."""
    encoder = new_encoder()
    stream = encoder.keep_alive() + encoder.fail(ErrorAnswer(529, "All 3 attempts failed.", "req_9"))
    with pytest.raises(anthropic.APIStatusError) as caught:
        sdk_message(stream)
    assert caught.value.type == "overloaded_error"
    assert caught.value.api_message == "All 3 attempts failed."


TEXTS = st.lists(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=6), max_size=3)


@st.composite
def answers(draw: st.DrawFn) -> tuple[list[Event], list[tuple[str, str]]]:
    """A whole answer as a decoder would give it, and its blocks as (type, text)."""
    events: list[Event] = [MessageStart("id", "model")]
    blocks: list[tuple[str, str]] = []
    for index in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["text", "thinking", "tool_call", "server_call"]))
        pieces = draw(TEXTS)
        match kind:
            case "text":
                events.append(BlockStart(index, "text"))
                events += [TextDelta(index, piece) for piece in pieces]
                blocks += [("text", "".join(pieces))] if pieces else []
            case "thinking":
                events.append(BlockStart(index, "thinking"))
                events += [ThinkingDelta(index, piece) for piece in pieces]
                events += [Signature(index, SIGNATURE, "f")] if draw(st.booleans()) else []
                blocks.append(("thinking", "".join(pieces)))
            case "tool_call":
                arguments = msgspec.json.encode({"a": pieces}).decode()
                cut = draw(st.integers(0, len(arguments)))
                events.append(BlockStart(index, "tool_call", f"call-{index}", "tool"))
                events += [ArgumentsDelta(index, arguments[:cut]), ArgumentsDelta(index, arguments[cut:])]
                blocks.append(("tool_use", json.dumps({"a": pieces})))
            case _:
                events.append(BlockStart(index, "server_call", payload=b'{"toolCall":{}}'))
        events.append(BlockStop(index))
        if draw(st.booleans()):
            events.append(Usage(input_uncached=index, output=index))
    reason: StopReason = "tool_use" if any(kind == "tool_use" for kind, _ in blocks) else "end_turn"
    return [*events, Stop(reason, "STOP"), Terminal()], blocks


@given(answers(), st.lists(st.integers(0, 40), max_size=6))
def test_any_answer_in_any_batches_is_read_by_the_strict_accumulator(
    answer: tuple[list[Event], list[tuple[str, str]]], points: list[int]
) -> None:
    """Blocks opened and closed once, contiguous indexes, one start, one end; collected, the same content."""
    events, blocks = answer
    marks = sorted({0, len(events), *(point % (len(events) + 1) for point in points)})
    encoder = new_encoder()
    stream = b"".join(encoder.encode(events[a:b]) for a, b in itertools.pairwise(marks))
    bodies = wire(stream)
    types = [body["type"] for body in bodies]
    assert types[0] == "message_start"
    assert types[-2:] == ["message_delta", "message_stop"]
    assert [types.count(name) for name in ("message_start", "message_delta", "message_stop")] == [1, 1, 1]
    assert [body["index"] for body in bodies if body["type"] == "content_block_start"] == list(
        range(len(blocks))
    )
    content = json.loads(ANTHROPIC.collect(stream))["content"]
    found = [
        (block["type"], json.dumps(block["input"]) if "input" in block else block[block["type"]])
        for block in content
    ]
    assert found == blocks
    again = decoded(stream)
    assert again.raw == stream
    assert again.events[-1] == Terminal()


def test_forwarding_in_pieces_equals_forwarding_at_once() -> None:
    """Chunks are independent: their bytes join to the stream."""
    data = transcript("thinking")
    encoder = new_encoder()
    chunks = [decoded(data[:400]), Chunk(b"", [])]
    assert b"".join(encoder.forward(chunk) for chunk in chunks) == decoded(data[:400]).raw


@pytest.mark.parametrize("request_", [{}, {"thinking": {"type": "disabled"}}, {"thinking": None}])
def test_who_asked_for_no_thinking_gets_none(request_: dict[str, Any]) -> None:
    """Programs take ``content[0]`` for the text: what upstream thinks unasked is left out, without a gap."""
    message = sdk_message(encode_all(GEMINI_LIKE, new_encoder(request_)))
    assert [block.type for block in message.content] == ["text", "tool_use", "tool_use"]
    assert message.content[0].text.startswith("Say")
    assert message.usage.output_tokens == 44


@pytest.mark.parametrize(
    "request_", [{"thinking": {"type": "adaptive"}}, {"output_config": {"effort": "low"}}]
)
def test_who_asked_for_thinking_gets_it(request_: dict[str, Any]) -> None:
    """By a thinking parameter, or an effort alone."""
    assert sdk_message(encode_all(GEMINI_LIKE, new_encoder(request_))).content[0].type == "thinking"
