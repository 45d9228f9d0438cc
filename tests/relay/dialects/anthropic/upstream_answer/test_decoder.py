"""An Anthropic upstream's stream, as events."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.neutral.events import (
    BlockStart,
    BlockStop,
    Citation,
    Extra,
    Failed,
    Heartbeat,
    MessageStart,
    Signature,
    Stop,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.failures import Kind
from tests.relay.dialects.anthropic.streams import (
    NAMES,
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

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
HEAD = message_start() + block_start(0, type="text", text="")
TOOL = message_start() + block_start(0, type="tool_use", id="toolu_1", name="look", input={})


def failure_of(*pieces: bytes):
    last = decoded(*pieces).events[-1]
    assert isinstance(last, Failed)
    return last.failure


@pytest.mark.parametrize("name", ["text", "crlf"])
def test_a_text_answer(name: str) -> None:
    """Start, usage, text, stop and end come as they stand in the stream, whatever its line ends."""
    assert decoded(transcript(name)).events == [
        MessageStart("msg_01HX4tQm9bq3cYpRkV7nZ2aL", "claude-opus-5-5"),
        Usage(input_uncached=25, cache_write=0, cache_read=0, output=1),
        BlockStart(0, "text"),
        Heartbeat(),
        TextDelta(0, "Grüß dich"),
        TextDelta(0, ", Welt\u2028"),
        TextDelta(0, " 🙂"),
        BlockStop(0),
        Usage(output=15),
        Stop("end_turn", "end_turn"),
        Terminal(),
    ]


def test_thinking_with_signatures_and_redacted_thinking() -> None:
    """A signature comes whole and before its block's stop, also where the thinking itself is empty."""
    events = decoded(transcript("thinking")).events
    state = state_of(events)
    assert [block.kind for block in state.blocks] == ["thinking", "redacted", "thinking", "text"]
    assert state.blocks[0].text == "Two and two make four."
    assert state.blocks[2].text == ""
    assert all(len(state.blocks[index].signature) > 50 for index in (0, 2))
    assert {event.family for event in events if isinstance(event, Signature)} == {"claude"}
    redacted = next(event for event in events if isinstance(event, BlockStart) and event.kind == "redacted")
    assert json.loads(redacted.payload) == {"data": "EmwKAhgBEgyQk3vJdXcBv8yTqWoaDJ0u7bKqR2eXnVvYhSIw"}
    assert state.usage == Usage(41, 1200, 310, 88, 71)


def test_parallel_tool_calls() -> None:
    """Arguments are the joined fragments, nothing at all, or what the block's start held."""
    state = state_of(decoded(transcript("tools")).events)
    calls = [(block.id, block.name, block.text) for block in state.blocks if block.kind == "tool_call"]
    assert calls == [
        ("toolu_01A09q90qw90lq917835lq9", "get_weather", '{"city": "München"}'),
        ("toolu_01T1x1fJ34qAmk2tNTrN7Up6", "get_time", ""),
        ("toolu_01Vn5cRzPqW8yHkLdT2mBsXe", "get_zone", '{"zone":"CET"}'),
    ]
    assert state.stop == Stop("tool_use", "tool_use")
    assert state.terminal


def test_what_only_this_dialect_says() -> None:
    """Server tools, citations, unknown blocks, deltas and events break nothing and keep their own objects."""
    chunk = decoded(transcript("server_tool"))
    state = state_of(chunk.events)
    assert [block.kind for block in state.blocks] == ["server_call", "server_result", "text", "opaque"]
    call, result = state.blocks[:2]
    assert (call.name, result.name, result.id) == ("web_search", "web_search", call.id)
    assert state.blocks[0].text == '{"query": "weather"}'
    cited = next(event for event in chunk.events if isinstance(event, Citation))
    assert (cited.url, cited.title, cited.cited_text) == (
        "https://example.com/weather", "Weather", "It rains.",
    )  # fmt: skip
    assert json.loads(cited.raw)["encrypted_index"] == "Eo8BCioIAhgBIiQyYjQ0OWJm"
    extras = [event for event in chunk.events if isinstance(event, Extra)]
    assert [event.name for event in extras] == [
        "content_block_delta",
        "content_block_delta",
        "weather_report",
    ]
    assert json.loads(extras[0].raw) == {"type": "hologram_delta", "shape": "cu"}
    assert state.usage.server_tools == 1
    assert state.stop is not None
    assert state.stop.reason == "pause_turn"


def test_a_refusal_tells_its_category_and_explanation() -> None:
    """stop_details are told; a refusal is a stop like others."""
    stop = state_of(decoded(transcript("refusal")).events).stop
    assert stop == Stop(
        "refusal", "refusal", category="cyber", explanation="This request could enable cyber harm."
    )


def test_an_unknown_stop_reason_is_unknown() -> None:
    """A stop reason of tomorrow is kept as upstream's own word."""
    state = state_of(decoded(HEAD, block_stop(0), message_end("compaction")).events)
    assert state.stop == Stop("unknown", "compaction")


def test_upstreams_own_error_event_is_passed_on_and_classified() -> None:
    """Its bytes stand in raw, and the failure says that the client has seen it."""
    chunk = decoded(transcript("overloaded"))
    last = chunk.events[-1]
    assert isinstance(last, Failed)
    assert chunk.raw == transcript("overloaded")
    assert (last.failure.kind, last.failure.status) == (Kind.ERROR_EVENT, 529)
    assert last.failure.reason == "overloaded_error"
    assert last.failure.from_upstream_event
    assert json.loads(last.failure.body)["error"]["message"] == "Overloaded"


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"type":"error","error":{"type":"rate_limit_error","message":"slow"}}\n\n',
        b'event: error\ndata: {"error":{"type":"rate_limit_error","message":"slow"}}\n\n',
    ],
)
def test_an_error_that_the_sdk_would_not_see_is_not_passed_on(event: bytes) -> None:
    """Without its event name or type an error is the relay's to say: it is left out of raw."""
    chunk = decoded(HEAD, event)
    assert chunk.raw == HEAD
    last = chunk.events[-1]
    assert isinstance(last, Failed)
    assert (last.failure.kind, last.failure.status) == (Kind.ERROR_EVENT, 429)
    assert not last.failure.from_upstream_event


@pytest.mark.parametrize(
    "garbage",
    [
        b"data: [1]\n\n",
        b'data: "text"\n\n',
        b'event: content_block_delta\ndata: {"type":"content_block_delta","ind\n\n',
        b"<html>Bad Gateway</html>\ndata: oops\n\n",
        b"data: " + b'{"a":' * 100_000 + b"\n\n",
    ],
)
def test_what_is_no_json_object_is_a_broken_stream(garbage: bytes) -> None:
    """Its bytes are not passed on; those before it are."""
    chunk = decoded(HEAD + garbage + block_stop(0))
    assert chunk.raw == HEAD
    assert isinstance(chunk.events[-1], Failed)
    assert chunk.events[-1].failure.kind is Kind.GARBAGE


def test_what_breaks_the_protocol_is_a_broken_stream(subtests: pytest.Subtests) -> None:
    """Blocks out of order, deltas without a block, an end inside a block: a failure, never an exception."""
    for stream in [
        block_start(0, type="text", text=""),
        message_end(),
        message_start() + message_start().replace(b"msg_1", b"msg_2"),
        sse("message_start"),
        message_start() + delta(0, "input_json_delta", partial_json="{}"),
        HEAD + delta(0, "input_json_delta", partial_json="{}"),
        HEAD + block_stop(0) + sse("message_stop"),
        HEAD + block_stop(0) + sse("message_delta", delta={"stop_reason": None}) + sse("message_stop"),
    ]:
        with subtests.test(f"{stream!r:.120}"):
            failure = failure_of(stream)
            assert failure.kind is Kind.GARBAGE
            assert failure.message


def test_blocks_that_a_compatible_server_mixes_up_are_put_right(subtests: pytest.Subtests) -> None:
    """Text and thoughts without a block of their own get one, ends of what is not open go; a client hears it.

    What is not open is named once among the bent fields.
    """
    cases = {
        "never began": (message_start() + delta(4, "text_delta", text="x") + block_stop(4), "content_block"),
        "over": (HEAD + block_stop(0) + delta(0, "text_delta", text="x"), "content_block"),
        "of another kind": (HEAD + delta(0, "thinking_delta", thinking="x"), "content_block"),
        "a second end": (HEAD + block_stop(0) + block_stop(0) + block_stop(7), "content_block_stop"),
        "a second beginning": (message_start() + HEAD, "message_start"),
        "a signature": (HEAD + delta(0, "signature_delta", signature="s" * 60), ""),
    }
    for name, (stream, bent) in cases.items():
        with subtests.test(name):
            decoder = new_decoder()
            chunk = decoder.feed(stream + message_end())
            assert isinstance(chunk.events[-1], Terminal)
            assert bent in [*decoder.bent, ""]
            again = decoded(chunk.raw)
            assert [e for e in again.events if not isinstance(e, Heartbeat)] == [
                e for e in chunk.events if not isinstance(e, Heartbeat)
            ]
            assert again.raw == chunk.raw


def test_a_message_in_one_event_is_the_stream_that_says_the_same() -> None:
    """Some servers "stream" the whole message in one event; a client of the same dialect gets all of them."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "Hi."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 2},
    }
    chunk = decoded(f"data: {json.dumps(message)}\n\n".encode() + b"data: [DONE]\n\n")
    assert state_of(chunk.events).text == "Hi."
    assert isinstance(chunk.events[-1], Terminal)
    assert decoded(chunk.raw).events == chunk.events


def test_a_tool_call_whose_json_is_cut_is_held_back_until_the_stop_reason() -> None:
    """Its stop travels only when upstream says that the answer itself was cut; a ping changes nothing."""
    stream = transcript("cut_tool")
    decoder = new_decoder()
    head, _, tail = stream.partition(PING)
    chunk = decoder.feed(head + PING)
    assert not any(isinstance(event, BlockStop) for event in chunk.events)
    assert chunk.raw == head[: head.index(b"event: content_block_stop")]
    rest = decoder.feed(tail)
    assert rest.events[0] == BlockStop(0)
    assert rest.events[-1] == Terminal()
    assert chunk.raw + rest.raw == stream


@pytest.mark.parametrize("after", [message_end(), block_start(1, type="text", text=""), sse("message_stop")])
def test_a_tool_call_whose_json_is_broken_is_never_closed(after: bytes) -> None:
    """Any other event behind it means that the call was damaged: no stop reaches the client."""
    cut = TOOL + delta(0, "input_json_delta", partial_json='{"a": ')
    chunk = decoded(cut + block_stop(0) + after)
    assert chunk.raw == cut
    assert isinstance(chunk.events[-1], Failed)
    assert chunk.events[-1].failure.kind is Kind.GARBAGE
    assert not any(isinstance(event, BlockStop) for event in chunk.events)


def test_arguments_that_are_no_object_are_broken_too() -> None:
    """A tool takes an object: a list that parses is no arguments."""
    stream = TOOL + delta(0, "input_json_delta", partial_json="[1]") + block_stop(0) + message_end("tool_use")
    assert failure_of(stream).kind is Kind.GARBAGE


def test_an_error_behind_a_held_call_is_passed_on_without_it() -> None:
    """Upstream's own error explains the cut: the client sees the error and no closed call."""
    cut = TOOL + delta(0, "input_json_delta", partial_json='{"a": ')
    error = sse("error", error={"type": "api_error", "message": "boom"})
    chunk = decoded(cut + block_stop(0) + error)
    assert chunk.raw == cut + error
    assert isinstance(chunk.events[-1], Failed)
    assert chunk.events[-1].failure.from_upstream_event


def test_unchecked_arguments_pass_where_the_client_asked_for_them() -> None:
    """With eager_input_streaming the JSON is the client's to check."""
    stream = (
        TOOL + delta(0, "input_json_delta", partial_json='{"a": ') + block_stop(0) + message_end("tool_use")
    )
    chunk = decoded(stream, takes_partial_arguments=True)
    assert chunk.raw == stream
    assert chunk.events[-1] == Terminal()


def test_nothing_comes_after_the_end() -> None:
    """What upstream sends behind its terminal event is thrown away."""
    stream = HEAD + block_stop(0) + message_end()
    decoder = new_decoder()
    chunk = decoder.feed(stream + b"data: [DONE]\n\n")
    assert (chunk.raw, chunk.events[-1]) == (stream, Terminal())
    assert decoder.feed(b"data: x\n\n").events == []
    assert decoder.finish().raw == b""


def test_heartbeats_say_nothing_and_travel_along() -> None:
    """Pings, comments and blank lines are kept; an empty frame is not, for the SDKs fail on it."""
    beats = PING + b": comment\n\n" + b"\n\n"
    chunk = decoded(beats + b"event: ping\ndata:\n\n")
    assert chunk.raw == beats
    assert set(chunk.events) == {Heartbeat()}


def test_an_empty_delta_is_no_event() -> None:
    """Empty fragments are passed on as bytes and mean nothing."""
    chunk = decoded(HEAD + delta(0, "text_delta", text=""))
    assert not any(isinstance(event, TextDelta) for event in chunk.events)


def test_half_a_character_is_json_still() -> None:
    """Servers that cut text by UTF-16 units write lone halves; the stream is not broken by it."""
    start, end = (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":'
        b'{"type":"text_delta","text":"%s"}}\n\n' % half
        for half in (b"a\\ud83d", b"\\ude00b")
    )
    assert decoded(HEAD + start).events[-1] == TextDelta(0, "a\ufffd")
    chunk = decoded(HEAD + start + end + block_stop(0) + message_end())
    assert state_of(chunk.events).text == sdk_message(chunk.raw).content[0].text == "a\U0001f600b"


def test_a_known_delta_of_a_new_shape_is_kept_for_its_own_dialect() -> None:
    """An unknown delta type inside a known block is an extra, with the fields that it brought."""
    chunk = decoded(HEAD + delta(0, "mood_delta", mood={"valence": 1}))
    assert chunk.events[-1] == Extra(
        "anthropic", "content_block_delta", b'{"type":"mood_delta","mood":{"valence":1}}'
    )


def test_a_block_may_say_something_at_its_start() -> None:
    """Text, thinking and signature in content_block_start count like deltas."""
    stream = message_start() + block_start(0, type="thinking", thinking="Hm", signature="s" * 60)
    stream += block_stop(0) + block_start(1, type="text", text="Yes", citations=[{"type": "x", "url": "u"}])
    events = decoded(stream).events
    assert ThinkingDelta(0, "Hm") in events
    assert Signature(0, "s" * 60, "claude") in events
    assert TextDelta(1, "Yes") in events
    assert Citation(1, b'{"type":"x","url":"u"}', "u") in events


def test_a_call_without_an_id_gets_one() -> None:
    """Two calls of one answer can be told apart even where upstream gives no ids."""
    stream = message_start() + b"".join(
        block_start(index, type="tool_use", name="look", input={}) + block_stop(index) for index in range(2)
    )
    ids = [event.id for event in decoded(stream).events if isinstance(event, BlockStart)]
    assert ids == ["toolu_seed0", "toolu_seed1"]


def test_an_event_without_its_last_blank_line_is_whole() -> None:
    """The end of the connection completes it, and the bytes that go out are completed as well."""
    stream = HEAD + block_stop(0) + message_end()
    for missing in (b"\n\n", b"\n"):
        chunk = decoded(stream.removesuffix(missing))
        assert chunk.raw == stream
        assert chunk.events[-1] == Terminal()


def test_half_an_event_at_the_end_is_none() -> None:
    """A connection cut inside an event leaves what was whole, and nothing else."""
    chunk = decoded(HEAD + delta(0, "text_delta", text="hello")[:-9])
    assert chunk.raw == HEAD
    assert chunk.events == decoded(HEAD).events


def pieces_of(data: bytes, points: list[int]) -> list[bytes]:
    marks = sorted({point % (len(data) + 1) for point in points})
    return [data[start:end] for start, end in zip([0, *marks], [*marks, len(data)], strict=True)]


@pytest.mark.parametrize("name", NAMES)
@given(points=st.lists(st.integers(0, 100_000), max_size=12))
def test_any_split_gives_the_same_events_and_bytes(name: str, points: list[int]) -> None:
    """However the network cuts a stream, even inside a character, it means the same."""
    data = transcript(name)
    assert decoded(*pieces_of(data, points)) == decoded(data)
    assert decoded(data).raw == data


WIRE = st.sampled_from(
    [
        *(message_start(), message_end(), PING, b"data: {}\n\n", b"data: 1\n\n", b": c\n\n"),
        *(block_start(0, type="text", text=""), block_start(1, type="thinking")),
        *(block_start(0, type="tool_use", id="i", name="n"), block_stop(0), block_stop(1)),
        *(delta(0, "text_delta", text="x"), delta(1, "signature_delta", signature="s")),
        *(delta(0, "input_json_delta", partial_json="{"),),
        *(sse("message_delta", delta={"stop_reason": "max_tokens"}),),
    ]
)


@given(
    st.lists(st.one_of(WIRE, st.binary(max_size=20)), max_size=12),
    st.lists(st.integers(0, 10_000), max_size=4),
)
def test_no_stream_raises_and_no_stream_goes_on_after_its_end(parts: list[bytes], points: list[int]) -> None:
    """Any events in any order: at most one terminal or failure, as the last event, and a state that folds."""
    data = b"".join(parts)
    chunk = decoded(*pieces_of(data, points))
    ends = [event for event in chunk.events if isinstance(event, Terminal | Failed)]
    assert len(ends) <= 1
    assert not ends or chunk.events[-1] is ends[0]
    state_of(chunk.events)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.sampled_from(
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "error",
        ]
    ),
    st.dictionaries(
        st.sampled_from(["index", "delta", "content_block", "message", "usage", "error"]), JSON, max_size=4
    ),
)
def test_known_events_with_any_content_never_raise(name: str, body: dict[str, object]) -> None:
    """Fields of any type under the known names become events, extras or a failure."""
    state_of(decoded(HEAD + sse(name, **body)).events)
    state_of(decoded(sse(name, **body)).events)


def test_upstreams_own_word_for_a_cache_miss() -> None:
    """``diagnostics.cache_miss_reason`` of the message is told on; anything else there says nothing."""

    def started(diagnostics: object) -> bytes:
        message = {"id": "msg_1", "role": "assistant", "model": "claude-x", "content": []}
        usage = {"input_tokens": 3, "output_tokens": 1}
        return sse("message_start", message={**message, "usage": usage, "diagnostics": diagnostics})

    for told, word in (
        ({"cache_miss_reason": {"type": "tools_changed", "cache_missed_input_tokens": 9}}, "tools_changed"),
        ({"cache_miss_reason": None}, ""),
        ({"cache_miss_reason": {"type": 7}}, ""),
        ("none", ""),
        (None, ""),
    ):
        usages = [one for one in decoded(started(told)).events if isinstance(one, Usage)]
        assert usages[0].cache_miss == word
        assert usages[0].cache_missed == (9 if word else None)
