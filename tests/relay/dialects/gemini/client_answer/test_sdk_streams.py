"""Streams of ours, read by google-genai: its accumulators, its chats, its errors. No network is used."""

import base64
import json

import httpx
import pytest
from google import genai
from google.genai import errors, types
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.dialects.gemini import GEMINI
from relay.dialects.interface import ErrorAnswer
from relay.neutral.conversation import Redacted, Text, Thinking, ToolCall, turn_key
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    MessageStart,
    Signature,
    Stop,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from tests.relay.dialects.gemini.streams import chunks_of, decode, encoder, folded, transcript


class Upstream:
    """Answers every request with ``stream`` and keeps the bodies it was sent."""

    def __init__(self, stream: bytes, content_type: str = "text/event-stream", status: int = 200) -> None:
        self.stream, self.content_type, self.status = stream, content_type, status
        self.bodies: list[dict] = []
        self.client = genai.Client(  # kept: collected, it closes its connections
            api_key="sk-test",
            http_options=types.HttpOptions(
                base_url="http://relay.test",
                client_args={"transport": httpx.MockTransport(self._answer)},
                retry_options=types.HttpRetryOptions(attempts=1),
            ),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(json.loads(request.content))
        headers = {"content-type": self.content_type}
        return httpx.Response(self.status, content=self.stream, headers=headers)


def _config() -> types.GenerateContentConfig:
    return types.GenerateContentConfig(automatic_continuation=False)


def answer(*events, stop="end_turn") -> bytes:
    """A whole answer as two network reads of ours."""
    encode = encoder()
    first = encode.encode([MessageStart("msg_1", "m"), Usage(input_uncached=3), *events])
    keep_alive = encode.keep_alive()
    return first + keep_alive + encode.encode([Usage(output=5), Stop(stop, stop), Terminal()])


def test_a_chat_keeps_what_it_was_told():
    """A streamed turn is taken into the chat's history: no chunk of ours makes it invalid."""
    upstream = Upstream(
        answer(
            BlockStart(0, "thinking"),
            ThinkingDelta(0, "Hm."),
            Signature(0, "U0lHTkFUVVJF", "claude"),
            BlockStop(0),
            BlockStart(1, "text"),
            TextDelta(1, "Hello"),
            BlockStop(1),
        )
    )
    chat = upstream.client.chats.create(model="m")
    chunks = list(chat.send_message_stream("hi"))
    assert "".join(chunk.text or "" for chunk in chunks) == "Hello"
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
    assert chunks[-1].usage_metadata.total_token_count == 8
    list(chat.send_message_stream("again"))
    turns = GEMINI.read(upstream.bodies[1]).turns
    assert [turn.role for turn in turns] == ["user", "assistant", "user"]
    assert turns[1].parts == (Thinking("Hm.", "U0lHTkFUVVJF"), Text("Hello"))


def test_tool_calls_come_back_with_their_ids():
    """Function calls keep ids and arguments over a chat turn, and the results find them."""
    stream = answer(
        BlockStart(0, "tool_call", "toolu_1", "look"),
        ArgumentsDelta(0, '{"city":"Zürich","n":1.5}'),
        BlockStop(0),
        stop="tool_use",
    )
    upstream = Upstream(stream)
    chat = upstream.client.chats.create(model="m")
    [call] = [call for chunk in chat.send_message_stream("hi") for call in chunk.function_calls or []]
    assert (call.id, call.name, call.args) == ("toolu_1", "look", {"city": "Zürich", "n": 1.5})
    reply = types.Part(
        function_response=types.FunctionResponse(id=call.id, name=call.name, response={"output": "ok"})
    )
    list(chat.send_message_stream([reply]))
    turns = GEMINI.read(upstream.bodies[1]).turns
    assert turns[1].parts[0] == ToolCall("toolu_1", "look", {"city": "Zürich", "n": 1.5})
    assert turns[2].parts[0].call_id == "toolu_1"


_base64 = st.binary(min_size=1).map(lambda raw: base64.b64encode(raw).decode())


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1) | _base64)
def test_any_signature_comes_back_to_the_letter(signature):
    """Whatever characters a signature has, the SDK's own base64 gives them all back."""
    stream = answer(BlockStart(0, "thinking"), Signature(0, signature, "claude"), BlockStop(0))
    [chunk] = [chunk for chunk in chunks_of(stream) if "finishReason" not in chunk["candidates"][0]]
    content = types.Content.model_validate(chunk["candidates"][0]["content"])
    sent_back = {"contents": [content.model_dump(mode="json", by_alias=True, exclude_none=True)]}
    assert GEMINI.read(sent_back).turns[0].parts == (Thinking("", signature),)


def test_redacted_thinking_comes_back():
    """What a Gemini client cannot read it can still carry."""
    stream = answer(BlockStart(0, "redacted", payload=b'{"data":"ab/c+=?"}'), BlockStop(0))
    upstream = Upstream(stream)
    chat = upstream.client.chats.create(model="m")
    list(chat.send_message_stream("hi"))
    list(chat.send_message_stream("again"))
    assert GEMINI.read(upstream.bodies[1]).turns[1].parts == (Redacted("ab/c+=?"),)


def test_the_turn_is_recognised_when_it_comes_back():
    """The stream and the body that brings its answer back name the same turn."""
    stream = transcript("parallel_tools")
    upstream = Upstream(stream)
    chat = upstream.client.chats.create(model="m")
    list(chat.send_message_stream("hi"))
    list(chat.send_message_stream("again"))
    state = folded(decode([stream]).events)
    calls = [(block.name, json.loads(block.text)) for block in state.blocks if block.kind == "tool_call"]
    slots = []

    def resolve(slot):
        slots.append(slot)
        return slot.value

    body = upstream.bodies[1]
    assert GEMINI.restore_signatures(body, resolve) is body
    assert {slot.turn for slot in slots} == {turn_key(state.text, calls)}
    assert slots[0].value == state.blocks[1].signature


def test_errors_in_the_stream_raise():
    """The error event ends the SDK's stream with its own exception, status and words included."""
    encode = encoder()
    begun = encode.encode([MessageStart("m", "m"), BlockStart(0, "text"), TextDelta(0, "Half")])
    broken = begun + encode.fail(ErrorAnswer(503, "cut off", "req-1"))
    stream = Upstream(broken).client.models.generate_content_stream(
        model="m", contents="hi", config=_config()
    )
    assert next(stream).text == "Half"
    with pytest.raises(errors.ServerError, match="cut off"):
        next(stream)


def test_error_bodies_raise():
    """The JSON error body is understood as Google's own."""
    body = GEMINI.error_body(ErrorAnswer(429, "slow down", "req-1", retry_after_seconds=3))
    client = Upstream(body, "application/json", 429).client
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model="m", contents="hi")
    assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")


@pytest.mark.parametrize("name", ["thinking", "parallel_tools", "code_execution", "image", "grounded"])
def test_collected_answers_parse(name):
    """The one JSON answer of a stream is a GenerateContentResponse."""
    client = Upstream(GEMINI.collect(transcript(name)), "application/json").client
    response = client.models.generate_content(model="m", contents="hi", config=_config())
    assert response.candidates[0].finish_reason == types.FinishReason.STOP
    assert response.usage_metadata.total_token_count
