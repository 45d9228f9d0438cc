"""What the relay must know of a request before it serves it."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.interface import ClientRequest
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.neutral.conversation import Json
from relay.neutral.failures import BadRequest, CannotCarry
from tests.relay.dialects.openai.streams import FORMS

CHAT: Json = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
RESPONSES: Json = {"model": "m", "input": "Hello"}


def inspected(form: str, headers: dict[str, str] | None = None, **fields: Any) -> ClientRequest:
    body = {"chat": CHAT, "responses": RESPONSES}[form] | fields
    return FORMS[form].inspect(body, headers or {})


@pytest.mark.parametrize("form", ["chat", "responses"])
@pytest.mark.parametrize(
    ("stream", "expected"), [({}, False), ({"stream": True}, True), ({"stream": None}, False)]
)
def test_model_and_stream(form: str, stream: Json, expected: bool) -> None:
    """The model's name, and whether a stream is wanted."""
    request = inspected(form, **stream)
    assert (request.model, request.is_stream) == ("m", expected)


@pytest.mark.parametrize("form", ["chat", "responses"])
@pytest.mark.parametrize(
    ("fields", "headers", "expected"),
    [
        ({"prompt_cache_key": "key-1"}, {"session_id": "s-1"}, "key-1"),
        ({}, {"session_id": "s-1"}, "s-1"),
        ({}, {"x-session-id": "s-2"}, "s-2"),
        ({}, {}, ""),
    ],
)
def test_session(form: str, fields: Json, headers: dict[str, str], expected: str) -> None:
    """The client's own name for its session: its cache key, else a header."""
    assert inspected(form, headers, **fields).session_id == expected


def test_session_seed_is_the_beginning() -> None:
    """System prompt and first user message make the seed; later turns change nothing."""
    system: Json = {"role": "system", "content": "Be kind."}
    user, more = {"role": "user", "content": "Hello"}, {"role": "user", "content": "More"}
    seed = inspected("chat", messages=[system, user]).session_seed
    assert inspected("chat", messages=[system, user, more]).session_seed == seed
    assert inspected("chat", messages=[user]).session_seed != seed
    assert inspected("chat", messages=[system, more]).session_seed != seed
    assert inspected("responses", instructions="a").session_seed != inspected("responses").session_seed


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_preview(form: str) -> None:
    """The beginning of the last user turn's text, on one line."""
    parts = [{"type": "text", "text": "What is\n this?"}, {"type": "image_url", "image_url": {"url": "x"}}]
    turns = [{"role": "user", "content": "first"}, {"role": "user", "content": parts}]
    behind = [{"role": "assistant", "content": "Hm"}, {"role": "tool", "content": "x", "tool_call_id": "y"}]
    key = "messages" if form == "chat" else "input"
    assert inspected(form, **{key: turns + behind}).preview == "What is this?"
    assert len(inspected(form, **{key: [{"role": "user", "content": "x" * 999}]}).preview) == 200


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, False), ({"stream_options": {"include_usage": True}}, True), ({"stream_options": {}}, False)],
)
def test_wants_usage(fields: Json, expected: bool) -> None:
    """A chat stream tells its usage on request; Responses always do."""
    assert inspected("chat", **fields).wants_usage is expected
    assert inspected("responses", **fields).wants_usage is True


def test_refusals_are_clear(subtests: pytest.Subtests) -> None:
    """What is wrong with a body is said with its place."""
    for form, fields, said in [
        ("chat", {"model": None}, "model is missing"),
        ("chat", {"model": 7}, "model must be a string"),
        ("chat", {"messages": None}, "messages is missing or empty"),
        ("chat", {"messages": []}, "messages is missing or empty"),
        ("chat", {"messages": "Hello"}, "messages must be an array"),
        ("chat", {"messages": ["Hello"]}, "messages.0 must be an object"),
        ("chat", {"stream": "yes"}, "stream must be true or false"),
        ("chat", {"stream_options": 1}, "stream_options must be an object"),
        ("responses", {"input": None}, "input is missing"),
        ("responses", {"input": 1}, "input must be an array"),
        ("responses", {"input": [1]}, "input.0 must be an object"),
        ("responses", {"instructions": 1}, "instructions must be a string"),
        (
            "responses",
            {"previous_response_id": "resp_1"},
            "responses are not stored here; send the whole input",
        ),
        ("responses", {"conversation": "conv_1"}, "responses are not stored here; send the whole input"),
        ("responses", {"background": True}, "background is not supported"),
    ]:
        with subtests.test(f"{form, fields, said!r:.120}"), pytest.raises(BadRequest, match=said):
            inspected(form, **fields)


def test_a_stored_prompt_needs_no_input() -> None:
    """A prompt template passes through to OpenAI itself; to others it cannot be carried."""
    body = {"model": "m", "prompt": {"id": "pmpt_1"}}
    assert OPENAI_RESPONSES.inspect(body, {}).preview == ""
    with pytest.raises(CannotCarry, match="stored prompt"):
        OPENAI_RESPONSES.read(body)


@pytest.mark.parametrize("kind", [["message"], {}, 7, True])
def test_a_type_that_is_no_text_is_refused(kind: object) -> None:
    """The refusal names the place."""
    body = {"model": "m", "input": [{"type": kind, "role": "user", "content": "Hi"}]}
    with pytest.raises(BadRequest, match=r"input\.0\.type must be a string"):
        OPENAI_RESPONSES.read(body)


_KEYS = st.sampled_from(
    [
        *("model", "messages", "input", "role", "content", "type", "text", "tools", "function", "name"),
        *("tool_calls", "id", "arguments", "tool_call_id", "call_id", "output", "image_url", "url", "stop"),
        *("response_format", "json_schema", "schema", "tool_choice", "reasoning", "summary", "effort", "n"),
        *("allowed_tools", "mode", "parameters", "max_tokens", "temperature", "stream", "file", "file_data"),
    ]
)
_WORDS = st.sampled_from(
    [
        *("user", "assistant", "system", "tool", "function", "text", "input_text", "image_url", "message"),
        *("function_call", "function_call_output", "reasoning", "json_schema", "auto", "required", "file"),
        *("data:image/png;base64,AA==", "{}", '{"a":1}', "high", "allowed_tools", "input_audio"),
    ]
)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.floats(0, 2) | st.text(max_size=3) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=14,
)


@given(form=st.sampled_from(["chat", "responses"]), body=st.dictionaries(_KEYS, _VALUES, max_size=7))
def test_any_object_is_read_or_refused(form: str, body: Json) -> None:
    """Any JSON object is understood, or refused with BadRequest or CannotCarry: never anything else."""
    with suppress(BadRequest, CannotCarry):
        FORMS[form].inspect(body, {})
    with suppress(BadRequest, CannotCarry):
        FORMS[form].read(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"stream": True, "stream_options": {"include_usage": True}}),
        (
            {"stream": True, "stream_options": {"include_obfuscation": False}},
            {"stream": True, "stream_options": {"include_obfuscation": False, "include_usage": True}},
        ),
    ],
)
def test_as_stream(body: Json, expected: Json) -> None:
    """Upstream is asked for a stream with usage, whatever else the options say."""
    assert OPENAI_CHAT.as_stream(CHAT | body) == CHAT | expected


@pytest.mark.parametrize("form", ["chat", "responses"])
def test_as_stream_changes_nothing_twice(form: str) -> None:
    """A body that asks for it already is the very same object."""
    body = FORMS[form].as_stream({"chat": CHAT, "responses": RESPONSES}[form])
    assert FORMS[form].as_stream(body) is body
