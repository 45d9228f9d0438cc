"""Both decoders against the golden streams: what they mean, and whose bytes travel along."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.neutral.block import BlockKind
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    Citation,
    Event,
    Failed,
    Heartbeat,
    MessageStart,
    Signature,
    Terminal,
    Usage,
)
from relay.neutral.failures import Kind
from tests.relay.dialects.openai.streams import (
    NAMES,
    WHOLE_NAMES,
    decoded,
    events_in,
    form_of,
    state_of,
    transcript,
)


def blocks(name: str) -> list[tuple[BlockKind, str, str, str]]:
    return [(block.kind, block.id, block.name, block.text) for block in state_of(events_in(name)).blocks]


def stop(name: str) -> tuple[str, str]:
    told = state_of(events_in(name)).stop
    assert told is not None
    return told.reason, told.upstream_reason


WEATHER = ("tool_call", "call_aa", "weather", '{"city":"Kyōto"}')
TIME = ("tool_call", "call_bb", "time", "{}")


BLOCKS: list[tuple[str, list[tuple[BlockKind, str, str, str]]]] = [
    ("chat_text", [("text", "", "", "Grüße aus 東京 🗼.")]),
    ("chat_crlf", [("text", "", "", "one two")]),
    ("chat_parallel_tools", [("text", "", "", "Looking."), WEATHER, TIME]),
    ("chat_reasoning", [("thinking", "", "", "Two and two."), ("text", "", "", "4")]),
    ("chat_openrouter", [("thinking", "", "", "Hm."), ("text", "", "", "Yes")]),
    ("chat_cut_tool", [("tool_call", "call_cc", "write", '{"text":"half')]),
    ("chat_refusal", [("refusal", "", "", "I can't help with that.")]),
    ("chat_content_filter", [("text", "", "", "It began")]),
    ("chat_without_done", [("text", "", "", "Hi")]),
    ("chat_error_after_text", [("text", "", "", "It be")]),
    ("chat_overloaded", []),
    ("chat_cited", [("text", "", "", "The tower is 333 m high.")]),
    ("responses_text", [("text", "", "", "Grüße aus 東京 🗼.")]),
    (
        "responses_reasoning_tools",
        [
            ("thinking", "", "", "I need the weather.\n\nAnd the time."),
            ("text", "", "", "Looking."),
            WEATHER,
            TIME,
        ],
    ),
    ("responses_silent_reasoning", [("thinking", "", "", ""), ("text", "", "", "Four")]),
    ("responses_cut_tool", [("tool_call", "call_cc", "write", '{"text":"half')]),
    ("responses_refusal", [("refusal", "", "", "I can't help with that.")]),
    ("responses_failed", [("text", "", "", "It be")]),
    ("responses_error", []),
    (
        "responses_web_search",
        [
            ("server_call", "ws_1", "web_search", '{"query":"tower height"}'),
            ("text", "", "", "The tower is 333 m high."),
            ("server_result", "ws_1", "web_search", ""),
        ],
    ),
]


def test_blocks(subtests: pytest.Subtests) -> None:
    """Each golden stream means these blocks."""
    for name, expected in BLOCKS:
        with subtests.test(f"{name, expected!r:.120}"):
            assert blocks(name) == expected


def test_every_transcript_is_expected() -> None:
    """No golden stream lies there unread."""
    assert sorted(name for name, _ in BLOCKS) == NAMES


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chat_text", ("end_turn", "stop")),
        ("chat_parallel_tools", ("tool_use", "tool_calls")),
        ("chat_cut_tool", ("max_tokens", "length")),
        ("chat_refusal", ("refusal", "stop")),
        ("chat_content_filter", ("refusal", "content_filter")),
        ("chat_without_done", ("end_turn", "stop")),
        ("responses_text", ("end_turn", "completed")),
        ("responses_reasoning_tools", ("tool_use", "completed")),
        ("responses_cut_tool", ("max_tokens", "max_output_tokens")),
        ("responses_refusal", ("refusal", "completed")),
    ],
)
def test_stop_reasons(name: str, expected: tuple[str, str]) -> None:
    """Why the model stopped, in our word and upstream's own (docs/wire.md section 5)."""
    assert stop(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chat_text", Usage(20, 8, 3, 12, 5)),
        ("chat_reasoning", Usage(6, 4, None, 7, 5)),
        ("chat_without_done", Usage()),
        ("chat_openrouter", Usage(20, 8, 3, 12, 5)),
        ("responses_text", Usage(20, 16, 4, 22, 9)),
    ],
)
def test_usage(name: str, expected: Usage) -> None:
    """Input without what the cache gave and took; what was not told stays unknown."""
    assert state_of(events_in(name)).usage == expected


def test_blocks_open_and_close_once_in_order(subtests: pytest.Subtests) -> None:
    """Indexes rise from 0 without gaps; one block is open at a time, and none at the end."""
    for name in NAMES:
        with subtests.test(f"{name!r:.120}"):
            open_index, count = -1, 0
            for event in events_in(name):
                match event:
                    case BlockStart(index):
                        assert (open_index, index) == (-1, count)
                        open_index, count = index, count + 1
                    case _ if type(event).__name__ == "BlockStop":
                        assert event.index == open_index  # type: ignore[union-attr]
                        open_index = -1
                    case _ if hasattr(event, "index"):
                        assert event.index == open_index
                    case Terminal():
                        assert open_index == -1
                    case _:
                        pass


def test_the_whole_stream_passes_unchanged(subtests: pytest.Subtests) -> None:
    """A client of the same form gets every byte, and its own end; Terminal comes once and last."""
    for name in WHOLE_NAMES:
        with subtests.test(f"{name!r:.120}"):
            chunk = decoded(form_of(name), [transcript(name)])
            added = b"data: [DONE]\n\n" if name == "chat_without_done" else b""
            assert chunk.raw == transcript(name) + added
            assert [event for event in chunk.events if isinstance(event, Terminal)] == [chunk.events[-1]]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WHOLE_NAMES])
def test_upstreams_own_error_passes_too(name: str) -> None:
    """An error event that upstream sent is forwarded, and says that it was."""
    chunk = decoded(form_of(name), [transcript(name)])
    assert chunk.raw == transcript(name)
    failed = chunk.events[-1]
    assert isinstance(failed, Failed)
    assert failed.failure.kind is Kind.ERROR_EVENT
    assert failed.failure.from_upstream_event


@pytest.mark.parametrize(
    ("name", "status", "reason", "seconds"),
    [
        ("chat_error_after_text", 500, "server_error", None),
        ("chat_overloaded", 503, "server_is_overloaded", None),
        ("responses_failed", 500, "server_error", None),
        ("responses_error", 429, "rate_limit_exceeded", 1.5),
    ],
)
def test_an_error_in_the_stream_is_the_error_it_names(
    name: str, status: int, reason: str, seconds: float | None
) -> None:
    """Status, machine word and told delay of an error object inside a 200 stream."""
    failure = state_of(events_in(name)).failure
    assert failure is not None
    assert (failure.status, failure.reason, failure.retry_after_seconds) == (status, reason, seconds)


@given(data=st.data(), name=st.sampled_from(NAMES))
def test_any_cut_gives_the_same(data: st.DataObject, name: str) -> None:
    """However the network cuts the bytes, the events and the bytes that travel along are the same."""
    stream = transcript(name)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = decoded(form_of(name), [stream])
    assert decoded(form_of(name), pieces) == whole


@given(name=st.sampled_from(WHOLE_NAMES), data=st.data())
def test_a_cut_stream_has_no_terminal(name: str, data: st.DataObject) -> None:
    """A stream that ends before its own end is never taken for whole."""
    stream = transcript(name)
    end = stream.rindex(b"finish_reason" if name.startswith("chat") else b"event: response.")
    at = data.draw(st.integers(0, end))
    if name == "chat_openrouter":
        at = min(at, stream.index(b'"finish_reason":"stop"'))
    events = decoded(form_of(name), [stream[:at]]).events
    assert not any(isinstance(event, Terminal) for event in events)


def test_comments_are_heartbeats() -> None:
    """OpenRouter's comments say that upstream is there, and nothing else."""
    events = events_in("chat_openrouter")
    assert events[0] == Heartbeat()
    assert sum(isinstance(event, Heartbeat) for event in events) == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [("chat_text", ("chatcmpl-A1", "gpt-6-sol")), ("responses_text", ("resp_A1", "gpt-6.1-sol"))],
)
def test_message_start(name: str, expected: tuple[str, str]) -> None:
    """The first event names upstream's message and model, once."""
    starts = [event for event in events_in(name) if isinstance(event, MessageStart)]
    assert starts == [MessageStart(*expected)]


@pytest.mark.parametrize("name", ["responses_reasoning_tools", "responses_silent_reasoning"])
def test_encrypted_reasoning_is_a_signature(name: str) -> None:
    """``encrypted_content`` is taken from the finished item: the one at its beginning is not whole."""
    signatures = [event for event in events_in(name) if isinstance(event, Signature)]
    assert signatures == [Signature(0, "gAAAAABo" + "x9Zk" * 24, "gpt")]


@pytest.mark.parametrize("name", ["chat_cited", "responses_web_search"])
def test_citations(name: str) -> None:
    """A URL citation belongs to the text that it stands behind."""
    (citation,) = [event for event in events_in(name) if isinstance(event, Citation)]
    assert (citation.url, citation.title) == ("https://example.org/tower", "Tower")


def cut_arguments(name: str) -> bytes:
    """The stream of a cut call, whose end says that all is well."""
    stream = transcript(name)
    if name.startswith("chat"):
        return stream.replace(b'"finish_reason":"length"', b'"finish_reason":"tool_calls"')
    return stream.replace(b"response.incomplete", b"response.completed")


@pytest.mark.parametrize("name", ["chat_cut_tool", "responses_cut_tool"])
def test_a_cut_tool_call_is_a_broken_stream(name: str) -> None:
    """A tool call whose JSON does not parse is never closed as if it were whole; its end is withheld."""
    stream = cut_arguments(name)
    chunk = decoded(form_of(name), [stream])
    failed = chunk.events[-1]
    assert isinstance(failed, Failed)
    assert failed.failure.kind is Kind.GARBAGE
    assert not any(type(event).__name__ == "BlockStop" for event in chunk.events)
    assert stream.startswith(chunk.raw)
    assert b"output_item.done" not in chunk.raw
    assert b"[DONE]" not in chunk.raw


@pytest.mark.parametrize("name", ["chat_cut_tool", "responses_cut_tool"])
def test_partial_arguments_may_be_asked_for(name: str) -> None:
    """Where the client asked for unchecked arguments, upstream's word stands."""
    chunk = decoded(form_of(name), [cut_arguments(name)], takes_partial_arguments=True)
    assert isinstance(chunk.events[-1], Terminal)


def test_what_is_no_json_object_is_garbage(subtests: pytest.Subtests) -> None:
    """Data that is no JSON object breaks the stream, and its bytes do not travel along."""
    for form in ["chat", "responses"]:
        for data in [b"[1]", b'"text"', b"{broken", b"<html>", b"7", b"true"]:
            with subtests.test(f"{form, data!r:.120}"):
                good = transcript(f"{form}_text")
                first = good[: good.index(b"\n\n") + 2]
                chunk = decoded(form_of(form), [first + b"data: " + data + b"\n\n" + good])
                failed = chunk.events[-1]
                assert isinstance(failed, Failed)
                assert failed.failure.kind is Kind.GARBAGE
                assert chunk.raw == first


_KEYS = st.sampled_from(
    [
        *("id", "model", "choices", "usage", "error", "delta", "content", "tool_calls", "function", "name"),
        *("arguments", "index", "finish_reason", "reasoning", "annotations", "prompt_tokens", "refusal"),
        *("type", "item", "part", "response", "output_index", "content_index", "summary", "status", "text"),
    ]
)
_WORDS = st.sampled_from(
    [
        *("stop", "length", "error", "tool_calls", "output_text", "message", "reasoning", "function_call"),
        *("response.created", "response.output_item.added", "response.output_item.done"),
        *("response.content_part.added", "response.output_text.delta", "response.completed"),
        *("response.incomplete", "response.failed", "response.function_call_arguments.delta"),
    ]
)
_SHAPES: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.floats(0, 2) | st.text(max_size=3) | _WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(
    form=st.sampled_from(["chat", "responses"]),
    objects=st.lists(st.dictionaries(_KEYS, _SHAPES, max_size=6), max_size=5),
)
def test_no_object_raises(form: str, objects: list[dict[str, object]]) -> None:
    """Any JSON object in the stream is an event, a counted extra or a failure: never an exception."""
    stream = b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in objects)
    decoded(form_of(form), [stream])


@given(form=st.sampled_from(["chat", "responses"]), stream=st.binary(max_size=200))
def test_no_bytes_raise(form: str, stream: bytes) -> None:
    """Any bytes at all: never an exception, and nothing travels along that was not there."""
    chunk = decoded(form_of(form), [stream])
    assert chunk.raw.rstrip(b"\n") in stream or not chunk.raw


def test_nothing_after_the_end(subtests: pytest.Subtests) -> None:
    """What comes behind the terminal event is read and thrown away."""
    for name in WHOLE_NAMES:
        with subtests.test(f"{name!r:.120}"):
            stream = transcript(name)
            if name == "chat_without_done":
                stream += b"data: [DONE]\n\n"
            more = decoded(form_of(name), [stream, stream, b"data: {broken\n\n"])
            assert more.raw == stream
            assert isinstance(more.events[-1], Terminal)


@pytest.mark.parametrize("name", ["chat_text", "responses_text"])
def test_a_last_event_without_its_blank_line(name: str) -> None:
    """Some servers leave out the last blank line: it is put behind, so that whatever follows stands apart."""
    stream = transcript(name)
    chunk = decoded(form_of(name), [stream[:-2]])
    assert isinstance(chunk.events[-1], Terminal)
    assert chunk.raw == stream


def arguments(events: list[Event]) -> dict[int, str]:
    found: dict[int, str] = {}
    for event in events:
        if isinstance(event, ArgumentsDelta):
            found[event.index] = found.get(event.index, "") + event.json
    return found


@pytest.mark.parametrize(
    "make", [lambda: events_in("chat_parallel_tools"), lambda: events_in("responses_reasoning_tools")]
)
def test_a_call_without_parameters_has_an_object(make: Callable[[], list[Event]]) -> None:
    """Every closed tool call has arguments that are a JSON object."""
    assert sorted(arguments(make()).values()) == ['{"city":"Kyōto"}', "{}"]
