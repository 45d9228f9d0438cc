"""What Cursor sends to chat's path: Responses bodies, flat tools, custom tools, contents without parts."""

import json
from typing import Any

import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from accounts.facts.known_models import facts_for
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.neutral.conversation import Json, Text, ToolCall, ToolChoice, ToolResult
from relay.neutral.events import ArgumentsDelta, BlockStart, BlockStop, Event, MessageStart, Stop, Terminal
from tests.relay.dialects.openai.streams import chat, decoded, delta, new_encoder, state_of

GRAMMAR = {"syntax": "lark", "definition": "start: x"}
READ = {"name": "read", "description": "Reads.", "parameters": {"type": "object", "properties": {}}}
FLAT_PATCH = {"type": "custom", "name": "Patch", "description": "d", "format": {"type": "grammar", **GRAMMAR}}
OWN_PATCH = {
    "type": "custom",
    "custom": {"name": "Patch", "description": "d", "format": {"type": "grammar", "grammar": GRAMMAR}},
}
HELLO = {"role": "user", "content": "hi"}
BY_RESPONSES: Json = {
    "model": "m",
    "stream": True,
    "instructions": "Be kind.",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "custom_tool_call", "call_id": "c1", "name": "Patch", "input": "*** Begin"},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "done"},
    ],
    "tools": [{"type": "function", **READ}, FLAT_PATCH],
    "tool_choice": {"type": "custom", "name": "Patch"},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
    "max_output_tokens": 9,
}
TEXT = '*** Begin Patch\n+ "東京"\n*** End Patch'


def body(*tools: Json, **fields: Any) -> Json:
    return {"model": "m", "messages": [HELLO], "tools": list(tools), **fields}


def test_a_responses_body_is_read_as_one() -> None:
    """Whatever path it came on; what cannot be served there cannot be served here."""
    assert OPENAI_CHAT.read(BY_RESPONSES) == OPENAI_RESPONSES.read(BY_RESPONSES)
    assert OPENAI_CHAT.wants(BY_RESPONSES) == "JSON"
    told = OPENAI_CHAT.inspect(BY_RESPONSES, {})
    assert (told.model, told.is_stream, told.preview, told.wants_usage) == ("m", True, "hi", False)
    asked = BY_RESPONSES | {"stream_options": {"include_usage": True}}
    assert OPENAI_CHAT.inspect(asked, {}).wants_usage


def test_only_what_upstream_and_client_both_understand_passes_through() -> None:
    """A Responses body, and the call of a flat custom tool, are no chat completions."""
    for own in (body({"type": "function", **READ}), body({"type": "function", "function": READ}, OWN_PATCH)):
        assert OPENAI_CHAT.is_own_form(own)
    for foreign in (BY_RESPONSES, body(FLAT_PATCH)):
        assert not OPENAI_CHAT.is_own_form(foreign)


def test_tools_are_read_in_both_forms() -> None:
    """Flat or nested: the same function; a custom tool has one argument, its text, and tells its grammar."""
    nested = OPENAI_CHAT.read(body({"type": "function", "function": READ}, OWN_PATCH)).tools
    flat = OPENAI_CHAT.read(body({"type": "function", **READ}, FLAT_PATCH)).tools
    assert nested == flat
    assert [tool.name for tool in flat] == ["read", "Patch"]
    assert flat[1].schema["required"] == ["input"]
    assert "start: x" in flat[1].description


@pytest.mark.parametrize(
    "choice",
    [
        {"type": "custom", "custom": {"name": "Patch"}},
        {"type": "custom", "name": "Patch"},
        {"type": "function", "name": "Patch"},
        {"type": "function", "function": {"name": "Patch"}},
    ],
)
def test_the_choice_of_a_tool_in_both_forms(choice: Json) -> None:
    """Nested or flat, custom or not."""
    assert OPENAI_CHAT.read(body(OWN_PATCH, tool_choice=choice)).tool_choice == ToolChoice("any", ("Patch",))


@pytest.mark.parametrize(
    "call",
    [
        {"type": "custom", "custom": {"name": "Patch", "input": TEXT}},
        {"type": "function", "function": {"name": "Patch", "arguments": TEXT}},
        {"type": "function", "function": {"name": "Patch", "arguments": json.dumps({"input": TEXT})}},
    ],
)
def test_custom_calls_of_the_history(call: Json) -> None:
    """In chat's form, as Cursor gives them back, and as functions: the same call with its result."""
    history = [
        HELLO,
        {"role": "assistant", "content": [], "tool_calls": [{"id": "c1", **call}]},
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
    ]
    told = OPENAI_CHAT.read(body(FLAT_PATCH, messages=history))
    assert told.turns[1].parts == (ToolCall("c1", "Patch", {"input": TEXT}),)
    assert told.turns[2].parts == (ToolResult("c1", "Patch", (Text("done"),)),)
    assert told.dropped == ()


def answer(arguments: str) -> list[Event]:
    """A call of the custom tool between two others."""
    return [
        MessageStart("up", "m"),
        BlockStart(0, "tool_call", "t0", "read"),
        BlockStop(0),
        BlockStart(1, "tool_call", "t1", "Patch"),
        *(ArgumentsDelta(1, piece) for piece in (arguments[:5], arguments[5:]) if piece),
        BlockStop(1),
        BlockStart(2, "tool_call", "t2", "read"),
        ArgumentsDelta(2, '{"a":1}'),
        BlockStop(2),
        Stop("tool_use", "tool_use"),
        Terminal(),
    ]


def read_by_the_sdk(stream: bytes) -> list[Json]:
    """The tool calls as OpenAI's SDK joins them."""
    state = ChatCompletionStreamState()
    for line in stream.decode().split("\n\n"):
        if line.startswith("data: {"):
            state.handle_chunk(ChatCompletionChunk.construct(**json.loads(line[6:])))
    calls = state.current_completion_snapshot.choices[0].message.tool_calls or []
    return [call.model_dump(exclude_none=True) for call in calls]


@pytest.mark.parametrize(
    ("request_body", "called"),
    [
        (body(OWN_PATCH), {"type": "custom", "custom": {"name": "Patch", "input": TEXT}}),
        (body(FLAT_PATCH), {"type": "function", "function": {"name": "Patch", "arguments": TEXT}}),
        (BY_RESPONSES, {"type": "function", "function": {"name": "Patch", "arguments": TEXT}}),
    ],
    ids=["own", "flat", "responses"],
)
@pytest.mark.parametrize("arguments", [json.dumps({"input": TEXT}), TEXT])
def test_a_custom_tool_gets_its_text(request_body: Json, called: Json, arguments: str) -> None:
    """In the form that its client reads, streamed and collected, whatever the model made of the arguments."""
    encoder = new_encoder(OPENAI_CHAT, request=request_body)
    stream = encoder.encode(answer(arguments)[:5]) + encoder.encode(answer(arguments)[5:])
    message = json.loads(OPENAI_CHAT.collect(stream))["choices"][0]["message"]
    expected = [
        {"id": "t0", "type": "function", "function": {"name": "read", "arguments": "{}"}},
        {"id": "t1", **called},
        {"id": "t2", "type": "function", "function": {"name": "read", "arguments": '{"a":1}'}},
    ]
    assert message["tool_calls"] == expected
    read = read_by_the_sdk(stream)
    assert [{name: call[name] for name in ("id", *call.keys() & called.keys())} for call in read[1:2]] == [
        {"id": "t1", **called}
    ]


def test_a_custom_call_of_openais_own_passes_through() -> None:
    """Its text is no JSON, and no broken call: it is whole where the answer stops, and known for a call."""
    opening = {"index": 0, "id": "c1", "type": "custom", "custom": {"name": "Patch", "input": ""}}
    pieces = [{"index": 0, "custom": {"input": text}} for text in (TEXT[:9], TEXT[9:])]
    stream = chat(*(delta(tool_calls=[one]) for one in (opening, *pieces)), delta("tool_calls"))
    for step in (1, len(stream)):
        told = decoded(OPENAI_CHAT, [stream[at : at + step] for at in range(0, len(stream), step)])
        assert told.raw == stream
        block = state_of(told.events).blocks[0]
        assert (block.kind, block.name, json.loads(block.text)) == ("tool_call", "Patch", {"input": TEXT})
        assert told.events[-1] == Terminal()
    collected = json.loads(OPENAI_CHAT.collect(stream))["choices"][0]["message"]["tool_calls"]
    assert collected == [{"id": "c1", "type": "custom", "custom": {"name": "Patch", "input": TEXT}}]


CALLS = {"role": "assistant", "content": [], "tool_calls": [{"id": "c", "type": "function", "function": {}}]}


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([HELLO, {"role": "assistant", "content": []}, HELLO], [HELLO, HELLO]),
        ([HELLO, {"role": "assistant", "content": ""}, HELLO], [HELLO, HELLO]),
        ([HELLO, {"role": "assistant", "content": None, "tool_calls": []}], [HELLO]),
        ([HELLO, {"role": "assistant"}], [HELLO]),
        ([{"role": "user", "content": []}], [{"role": "user", "content": ""}]),
        ([HELLO, CALLS], [HELLO, CALLS | {"content": None}]),
    ],
)
def test_empty_turns_do_not_travel(messages: list[Json], expected: list[Json]) -> None:
    """OpenAI refuses an array without parts, compatible servers a model's turn without content; said so."""
    changes: list[str] = []
    asked = {"model": "m", "messages": messages}
    assert OPENAI_CHAT.mend(asked, changes) == {"model": "m", "messages": expected}
    assert changes


def test_flat_functions_are_nested_for_a_server_of_chat() -> None:
    """OpenAI wants ``tools[].function``; what it knows by itself stays as it is."""
    hosted = {"type": "web_search"}
    asked = body(
        {"type": "function", **READ}, OWN_PATCH, hosted, tool_choice={"type": "function", "name": "read"}
    )
    mended = OPENAI_CHAT.mend(asked, [])
    assert mended["tools"] == [{"type": "function", "function": READ}, OWN_PATCH, hosted]
    assert mended["tool_choice"] == {"type": "function", "function": {"name": "read"}}


def test_custom_tools_of_chat_with_a_flat_grammar_or_choice_are_put_right() -> None:
    """Half of the one form and half of the other, as a client writes it that knows Responses better."""
    flat_grammar = {"type": "custom", "custom": FLAT_PATCH | {"type": "custom"}}
    del flat_grammar["custom"]["type"]  # type: ignore[attr-defined]
    mended = OPENAI_CHAT.mend(body(flat_grammar, tool_choice={"type": "custom", "name": "Patch"}), [])
    assert mended["tools"] == [OWN_PATCH]
    assert mended["tool_choice"] == {"type": "custom", "custom": {"name": "Patch"}}


def test_effort_and_texts_in_the_words_of_responses() -> None:
    """Beside messages too: what they say is not lost."""
    parts = [{"type": "input_text", "text": "hi"}, {"type": "output_text", "text": "ho"}]
    told = OPENAI_CHAT.read(body(messages=[{"role": "user", "content": parts}], reasoning={"effort": "high"}))
    assert told.turns[0].parts == (Text("hi"), Text("ho"))
    assert (told.thinking.effort, told.dropped) == ("high", ())
    more = OPENAI_CHAT.read(body(reasoning={"effort": "low", "max_tokens": 9}))
    assert (more.thinking.effort, more.dropped) == ("low", ("reasoning.max_tokens",))


def test_effort_is_known_however_it_is_told() -> None:
    """A key that is limited to some effort would not be, by a body that tells it otherwise."""
    for asked in (BY_RESPONSES | {"reasoning": {"effort": "high"}}, body(reasoning={"effort": "high"})):
        assert OPENAI_CHAT.thinking(asked).effort == "high"


def test_what_needs_no_mending_is_the_very_same() -> None:
    """Then the client's own bytes travel."""
    for asked in (
        body({"type": "function", "function": READ}, OWN_PATCH, tool_choice="auto"),
        body(messages=[HELLO, {"role": "assistant", "content": "a"}, {"role": "user", "content": ""}]),
        body(messages=[HELLO, {"role": "assistant", "content": None, "refusal": "no"}]),
    ):
        assert OPENAI_CHAT.mend(asked, []) is asked


def test_written_for_a_server_of_chat_it_is_a_chat_body() -> None:
    """A Responses body on an account that speaks chat completions alone."""
    told = OPENAI_CHAT.write(OPENAI_CHAT.read(BY_RESPONSES), "m", facts_for("deepseek-sim", "openai"), [])
    assert [message["role"] for message in told["messages"]] == ["system", "user", "assistant", "tool"]
    assert {tool["type"] for tool in told["tools"]} == {"function"}
