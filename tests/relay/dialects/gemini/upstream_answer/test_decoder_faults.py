"""Broken streams become one failure behind what was whole, and never an exception."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.gemini import GEMINI
from relay.dialects.interface import DecoderOptions
from relay.neutral.events import ArgumentsDelta, BlockStop, Failed, Heartbeat, Stop, Terminal, TextDelta
from relay.neutral.failures import Failure, Kind
from tests.relay.dialects.gemini.streams import (
    NAMES,
    chunks_of,
    decode,
    events_of,
    folded,
    parts,
    said_in,
    sse,
    transcript,
)


def failure_in(chunk) -> Failure:
    """The failure that ends ``chunk``."""
    assert isinstance(chunk.events[-1], Failed)
    return chunk.events[-1].failure


@given(st.sampled_from(NAMES), st.data())
def test_any_cut_gives_the_same(name, data):
    """However the network cuts the bytes, the same events and bytes come out; counts are told once a read."""
    stream = transcript(name)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(stream) - 1), max_size=12)))
    reads = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert said_in(decode(reads)) == said_in(decode([stream]))


@given(st.sampled_from(NAMES), st.data())
def test_a_stream_cut_anywhere_never_ends_well(name, data):
    """A stream that ends early gives no terminal event, and forwards whole chunks of upstream's only.

    Of Code Assist's they are those in the envelopes, which come off.
    """
    stream = transcript(name)
    at = data.draw(st.integers(0, len(stream) - 5))
    chunk = decode([stream[:at]])
    assert not any(isinstance(event, Terminal) for event in chunk.events)
    told = chunks_of(chunk.raw)
    whole = chunks_of(decode([stream]).raw if name == "code_assist" else stream)
    assert told == whole[: len(told)]


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_bytes_raise(reads):
    """Any bytes at all are events, or a failure."""
    decode(reads)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_names = st.sampled_from(
    [
        "candidates", "content", "parts", "text", "thought", "functionCall", "name", "args", "error", "index",
        "finishReason", "usageMetadata", "promptFeedback", "response", "partialArgs", "thoughtSignature",
    ]
)  # fmt: skip
_likely = st.recursive(
    _json,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(_likely, max_size=4), st.booleans())
def test_no_json_raises(chunks, is_enveloped):
    """Any JSON in the place of a chunk is events that can be folded, or a failure."""
    folded(decode([sse(*chunks)], is_enveloped=is_enveloped).events)


@pytest.mark.parametrize("data", [b"[1]", b'"text"', b"{oops", b"true"])
def test_data_that_is_no_chunk(data):
    """What is no JSON object of this protocol is a broken stream, and its bytes are not forwarded."""
    good = sse(parts({"text": "good"}))
    chunk = decode([good + b"data: " + data + b"\r\n\r\n" + good])
    assert chunk.raw == good
    assert failure_in(chunk).kind == Kind.GARBAGE
    assert [event.text for event in chunk.events if isinstance(event, TextDelta)] == ["good"]


def test_a_broken_chunk_is_told_not_even_in_part():
    """Of a chunk whose bytes are not forwarded, no event is told either."""
    broken = parts({"text": "half"}, {"functionCall": {"name": "f", "args": [1]}})
    chunk = decode([sse(broken)])
    assert chunk.raw == b""
    assert len(chunk.events) == 1
    assert failure_in(chunk).message == "upstream sent the arguments of a function call are no object"


def test_upstreams_error_event():
    """An error object in the stream is the error that it names; its bytes travel, and nothing is added."""
    chunk = decode([transcript("error_after_text")])
    failure = failure_in(chunk)
    assert chunk.raw == transcript("error_after_text")
    assert (failure.kind, failure.status, failure.reason) == (Kind.ERROR_EVENT, 503, "UNAVAILABLE")
    assert failure.from_upstream_event
    assert failure.message == "The model is overloaded. Please try again later."


def test_an_error_may_be_the_first_thing():
    """An error inside a 200 is found at once."""
    assert failure_in(decode([transcript("overloaded")])).status == 503


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"code": 429, "status": "RESOURCE_EXHAUSTED"}, 429),
        ({"status": "PERMISSION_DENIED"}, 403),
        ({"message": "what?"}, 500),
        ({"code": 0}, 500),
        ("words alone", 500),
    ],
)
def test_the_status_of_an_error_event(error, status):
    """The status is the object's own code, else its word's, else 500."""
    assert failure_in(decode([sse({"error": error})])).status == status


@pytest.mark.parametrize(
    "body",
    [
        b'data: [{"error": {"code": 503, "message": "m"}}]\r\n\r\n',
        b'[{\n  "error": {\n    "code": 503,\n    "message": "m"\n  }\n}\n]\n',
        b'{"error": {"code": 503, "message": "m"}}',
        b'{\r\n  "error": {"code": 503, "message": "m"}\r\n}\r\n\r\n',
    ],
)
@pytest.mark.parametrize("before", [b"", b'data: {"candidates": []}\r\n\r\n'])
def test_errors_that_a_client_could_not_read(body, before):
    """An error in a list, or outside of an event, is found; what passes is an event that clients read."""
    chunk = decode([before + body])
    failure = failure_in(chunk)
    assert (failure.kind, failure.status, failure.message) == (Kind.ERROR_EVENT, 503, "m")
    assert chunk.raw.startswith(before)
    told = chunks_of(chunk.raw.removeprefix(before))
    assert told == ([{"error": {"code": 503, "message": "m"}}] if failure.from_upstream_event else [])


def test_an_error_behind_another_key_is_told_by_ours():
    """google-genai takes a chunk for an error only when the key comes first."""
    chunk = decode([b'data: {"traceId": "t", "error": {"code": 503, "message": "m"}}\r\n\r\n'])
    assert (failure_in(chunk).status, failure_in(chunk).from_upstream_event, chunk.raw) == (503, False, b"")


OTHER_ERRORS = {
    "a text": ({"error": "no such model"}, 500),
    "FastAPI's": ({"detail": "Not Found"}, 500),
    "vLLM's": ({"object": "error", "message": "Too long", "code": 400}, 400),
    "MiniMax's": ({"base_resp": {"status_code": 1002, "status_msg": "Slow"}}, 429),
    "GLM's": ({"error": {"code": "1302", "message": "Too many"}}, 429),
}


@pytest.mark.parametrize("is_stream", [False, True])
def test_errors_in_other_shapes_are_found(is_stream):
    """What gateways put into a 200, as the whole body or as an event, is the error that it names."""
    found = {}
    for name, (told, _) in OTHER_ERRORS.items():
        found[name] = failure_in(decode([sse(told) if is_stream else msgspec.json.encode(told)])).status
    assert found == {name: status for name, (_, status) in OTHER_ERRORS.items()}


@pytest.mark.parametrize("body", [b'{"candidates": [', b"[1]", b'{"a": 1}', b"[", b"[[]]"])
def test_json_that_is_no_answer(body):
    """JSON in the place of a stream that is no answer either is a broken stream."""
    assert failure_in(decode([body])).kind == Kind.GARBAGE


def test_a_chunk_outside_of_an_event_is_one():
    """What stands outside of events is read as what it says, and framed for the client."""
    good = sse(parts({"text": "a"}))
    chunk = decode([good + msgspec.json.encode(parts({"text": "b"}, finishReason="STOP")) + b"\r\n\r\n"])
    assert folded(chunk.events).text == "ab"
    assert len(chunks_of(chunk.raw)) == 2


def test_comments_behind_the_end():
    """What is no chunk ends an answer that told its finish reason; nothing of it is passed on."""
    end = sse(parts({"text": "a"}, finishReason="STOP"))
    chunk = decode([end + b": bye\r\n\r\ndata: oops\r\n\r\n"])
    assert chunk.raw == end
    assert [event for event in chunk.events if not isinstance(event, Heartbeat)] == decode([end]).events


def test_done_is_an_end_behind_a_finish_reason_and_never_passed_on():
    """Some servers took OpenAI's last word over; google-genai would fail on it."""
    done = b"data: [DONE]\r\n\r\n"
    whole = sse(parts({"text": "a"}, finishReason="STOP"))
    assert decode([whole + done]) == decode([whole])
    half = decode([sse(parts({"text": "a"})) + done])
    assert (half.raw, failure_in(half).kind) == (sse(parts({"text": "a"})), Kind.CUT)
    assert failure_in(decode([done])).kind == Kind.EMPTY


def test_bent_fields_cost_themselves():
    """Numbers as texts, texts as numbers, null for a list: told once by their paths, and mended."""
    bent = {
        "candidates": [
            {"content": {"parts": [{"text": 7}], "role": "model"}, "index": "0", "finishMessage": 5},
            None,
        ],
        "usageMetadata": {"promptTokenCount": "12", "candidatesTokenCount": {}},
        "modelVersion": ["m"],
    }
    decoder = GEMINI.decoder(DecoderOptions("gemini-3", "seed"))
    chunks = [decoder.feed(sse(bent, bent, parts({"text": "!"}, finishReason="STOP"))), decoder.finish()]
    state = folded([event for chunk in chunks for event in chunk.events])
    assert (state.text, state.usage.input_uncached, state.terminal) == ("77!", 12, True)
    assert decoder.bent == [
        "candidates[].content.parts[].text",
        "candidates[].index",
        "candidates[].finishMessage",
        "candidates[]",
        "usageMetadata.promptTokenCount",
        "usageMetadata.candidatesTokenCount",
        "modelVersion",
    ]
    assert chunks_of(chunks[0].raw)[0]["candidates"][0]["content"]["parts"] == [{"text": "7"}]


@pytest.mark.parametrize("is_enveloped", [False, True])
def test_half_a_character_waits_for_its_other_half(is_enveloped):
    """Also within Code Assist's envelope; a lone half is U+FFFD."""

    def told(half):
        chunk = b'{"candidates":[{"content":{"parts":[{"text":"%s"}]}}]}' % half
        return b"data: " + (b'{"response":%s}' % chunk if is_enveloped else chunk) + b"\n\n"

    chunk = decode([told(b"a\\ud83d") + told(b"\\ude00b") + told(b"\\ud83d")], is_enveloped=is_enveloped)
    assert folded(chunk.events).text == "a\U0001f600b\ufffd"
    assert (
        "".join(
            part["text"]
            for told in chunks_of(chunk.raw)
            for part in told["candidates"][0]["content"]["parts"]
        )
        == "a\U0001f600b\ufffd"
    )


def test_empty_frames_are_heartbeats():
    """And not passed on."""
    chunk = decode([b"data:\n\n" + sse(parts({"text": "a"})) + b"data: \n\n"])
    assert chunk.raw == sse(parts({"text": "a"}))
    assert chunk.events.count(Heartbeat()) == 2


def test_several_lines_are_framed_anew():
    """An event of several lines that has to be framed anew keeps its lines."""
    stream = b': c\ndata: {"candidates":\ndata: [{"content":{"parts":[{"text":"a"}]}}]}\n\n'
    chunk = decode([stream])
    assert chunk.raw.count(b"data: ") == 2
    assert decode([chunk.raw]) == chunk


def test_a_null_error_is_none():
    """``"error": null`` beside an answer is no error."""
    chunk = {**parts({"text": "x"}, finishReason="STOP"), "error": None}
    assert events_of(sse(chunk))[-1] == Terminal()


def test_heartbeats():
    """Comments and blank lines are heartbeats; comments are kept from clients that would fail on them."""
    good = sse(parts({"text": "a"}))
    chunk = decode([b": ping\r\n\r\n", b"\r\n\r\n", good, b"event: x\r\nid: 1\r\n\r\n"])
    assert [type(event) for event in chunk.events].count(Heartbeat) == 3
    assert chunk.raw == b"\r\n\r\n" + good


@pytest.mark.parametrize(
    "stream",
    [
        b': c\r\ndata: {"candidates":[{"content":{"parts":[{"text":"a"}]}}]}\r\n\r\n',
        b'data:{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}\n\n',
        b'event: m\ndata: {"candidates":[{"content":{"parts":[{"text":"a"}]}}]}\n\n',
        b'\xef\xbb\xbfdata: {"candidates":[{"content":{"parts":[{"text":"a"}]}}]}\r\r',
    ],
)
def test_frames_that_a_client_could_not_read_are_made_anew(stream):
    """google-genai reads lines that begin with ``data: `` and fails on others: they are framed anew."""
    assert decode([stream]).raw == b'data: {"candidates":[{"content":{"parts":[{"text":"a"}]}}]}\r\n\r\n'


def test_data_over_several_lines_passes_unchanged():
    """An event whose data has several lines is forwarded as it is."""
    stream = b'data: {"candidates":\r\ndata: [{"content":{"parts":[{"text":"a"}]}}]}\r\n\r\n'
    chunk = decode([stream])
    assert chunk.raw == stream
    assert folded(chunk.events).text == "a"


def test_a_missing_last_blank_line_is_made_good():
    """An end without the blank line is a whole event all the same, and is forwarded with one."""
    stream = transcript("text")
    assert said_in(decode([stream.rstrip()])) == said_in(decode([stream]))


def test_an_event_cut_in_the_middle_is_broken():
    """A connection that ends inside an event has no answer to end with."""
    events = decode([transcript("text")[:-30]]).events
    assert not any(isinstance(event, Terminal | Stop) for event in events)


@pytest.mark.parametrize("form", ["array", "object"])
def test_an_answer_in_json_is_read_as_one(form):
    """An upstream that answers in JSON though SSE was asked for is read at its end."""
    chunks = [parts({"text": "a"}), parts({"text": "b"}, finishReason="STOP")]
    body = msgspec.json.encode(chunks if form == "array" else chunks[1])
    chunk = decode([b"\n " + body[:9], body[9:]])
    assert chunks_of(chunk.raw) == (chunks if form == "array" else chunks[1:])
    assert folded(chunk.events).text == ("ab" if form == "array" else "b")
    assert chunk.events[-1] == Terminal()


def call(**fields):
    """A chunk with a piece of a streamed call."""
    return parts({"functionCall": fields})


def test_a_call_cut_in_the_middle_is_broken():
    """A call whose arguments stop before their end is no call, unless the token limit says why."""
    begun = call(name="f", willContinue=True, partialArgs=[{"jsonPath": "$.a", "numberValue": 1.0}])
    ended = {"candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": "STOP"}]}
    cut = decode([sse(begun, ended)])
    assert failure_in(cut).message == "upstream sent a tool call was cut"
    assert not any(isinstance(event, BlockStop) for event in cut.events)
    ended["candidates"][0]["finishReason"] = "MAX_TOKENS"
    events = events_of(sse(begun, ended))
    assert ArgumentsDelta(0, '{"a":1}') in events
    assert events[-2] == Stop("max_tokens", "MAX_TOKENS")


@pytest.mark.parametrize(
    "pieces",
    [
        [{"jsonPath": "a", "stringValue": "x"}],
        [{"jsonPath": "$", "stringValue": "x"}],
        [{"jsonPath": "$.a[", "stringValue": "x"}],
        [{"jsonPath": "$.a", "stringValue": "x"}, {"jsonPath": "$.a.b", "stringValue": "x"}],
        [{"jsonPath": "$.a[99999999999]", "stringValue": "x"}],
    ],
)
def test_pieces_for_no_place(pieces):
    """Pieces of arguments that lead nowhere or contradict each other are a broken stream."""
    assert failure_in(decode([sse(call(name="f", partialArgs=pieces))])).kind == Kind.GARBAGE


@pytest.mark.parametrize(
    "second", [call(args={}), call(name="g", args={}), parts({"text": "words"}), parts({"inlineData": {}})]
)
def test_a_call_that_something_else_interrupts(second):
    """Nothing may stand inside a call; and a call needs a name."""
    begun = call(name="f", willContinue=True)
    chunks = [second] if "args" in str(second) and "'name'" not in str(second) else [begun, second]
    assert failure_in(decode([sse(*chunks)])).kind == Kind.GARBAGE


def test_nothing_comes_behind_the_end():
    """After the terminal event, and after a failure, a decoder gives nothing more."""
    decoder = GEMINI.decoder(DecoderOptions("gemini-3", "seed"))
    decoder.feed(transcript("text"))
    assert decoder.finish().events[-1] == Terminal()
    assert decoder.feed(transcript("overloaded")).events == []
    assert decoder.finish().events == []
