"""Chunks whose fields stand elsewhere than OpenAI has them: heard by the server and by the vendor's SDK."""

import json
from typing import Any

import pytest

from relay.dialects.openai import OPENAI_CHAT
from relay.neutral.conversation import Json
from relay.neutral.events import Chunk, Failed, Usage
from relay.neutral.usage import merged
from tests.relay.dialects.openai.streams import chat, client_for, decoded, delta, state_of

ARGUMENTS: Json = {"a": 1}
TEXT = json.dumps(ARGUMENTS)


def told(*chunks: Json) -> Chunk:
    return decoded(OPENAI_CHAT, [chat(*chunks)])


def completion(chunk: Chunk) -> Any:
    """What the SDK puts together."""
    with client_for(chunk.raw).chat.completions.stream(model="m", messages=[]) as events:
        return events.get_final_completion()


FUNCTION = {"name": "f", "arguments": TEXT}
CALLS: tuple[Any, ...] = (
    [{"index": 0, "id": "a", "type": "function", "name": "f", "arguments": TEXT}],
    [{"index": 0, "id": "a", "type": "function", "name": "f", "arguments": ARGUMENTS}],
    [{"index": 0, "id": "a", "type": "tool_use", "name": "f", "input": ARGUMENTS}],
    [{"index": 0, "id": "a", "function": {"name": "f", "parameters": ARGUMENTS}}],
    [{"index": 0, "id": "a", "function": {"name": "f", "parameters": TEXT}}],
    [{"index": 0, "id": "a", "function": {"name": "f", "arguments": [TEXT[:3], TEXT[3:]]}}],
    {"0": {"index": 0, "id": "a", "type": "function", "function": FUNCTION}},
    {"index": 0, "id": "a", "type": "function", "function": [FUNCTION]},
)


@pytest.mark.parametrize("calls", CALLS)
def test_a_call_is_made_with_its_arguments_wherever_they_stand(calls: Any) -> None:
    """Flat, under Llama's name, in a list, by number: never without them."""
    chunk = told(delta(tool_calls=calls), delta("tool_calls"))
    state = state_of(chunk.events)
    assert state.failure is None
    [block] = state.blocks
    assert (block.kind, block.id, block.name, json.loads(block.text)) == ("tool_call", "a", "f", ARGUMENTS)
    [call] = completion(chunk).choices[0].message.tool_calls
    assert (call.id, call.function.name, json.loads(call.function.arguments)) == ("a", "f", ARGUMENTS)


def test_a_flat_call_may_come_in_pieces() -> None:
    """Each piece is put where clients look for it."""
    pieces = [
        {"index": 0, "id": "a", "name": "f", "arguments": TEXT[:3]},
        {"index": 0, "arguments": TEXT[3:]},
    ]
    chunk = told(*(delta(tool_calls=[piece]) for piece in pieces), delta("tool_calls"))
    assert [block.text for block in state_of(chunk.events).blocks] == [TEXT]
    [call] = completion(chunk).choices[0].message.tool_calls
    assert call.function.arguments == TEXT


@pytest.mark.parametrize("arguments", [[1], [ARGUMENTS, ARGUMENTS], 7])
def test_arguments_that_are_no_object_break_the_answer(arguments: Any) -> None:
    """A call without them would be another call."""
    function = {"name": "f", "arguments": arguments}
    chunk = told(delta(tool_calls=[{"index": 0, "id": "a", "function": function}]), delta("tool_calls"))
    assert isinstance(chunk.events[-1], Failed)


@pytest.mark.parametrize(
    "bend",
    [
        lambda chunk: chunk["choices"][0].pop("index"),
        lambda chunk: chunk["choices"][0].update(index=None),
        lambda chunk: chunk.pop("object", None),
        lambda chunk: chunk.update(object=None),
        lambda chunk: chunk.update(object="chat.completions.chunk"),
        lambda chunk: chunk.update(choices={"0": chunk["choices"][0]}),
        lambda chunk: chunk["choices"][0].update(delta=[chunk["choices"][0]["delta"]]),
        lambda chunk: chunk["choices"][0].update(delta=chunk["choices"][0]["delta"].get("content", "")),
    ],
)
def test_a_chunk_without_what_the_sdk_needs_has_it(bend: Any) -> None:
    """No number, no kind or another, choices by number, a delta as a list of one or a mere text."""
    chunks = [delta(content="Hel"), delta(content="lo"), delta("stop")]
    for chunk in chunks:
        bend(chunk)
    heard = told(*chunks)
    assert state_of(heard.events).text == completion(heard).choices[0].message.content == "Hello"


def test_usage_under_other_names_has_chats_names_too() -> None:
    """Those of Responses, and Anthropic's; what chat's own say stays."""
    for usage, expected in (
        ({"input_tokens": 5, "output_tokens": 7}, (5, 7, 12)),
        ({"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12, "input_tokens": 9}, (5, 7, 12)),
        ({"input_tokens": 5, "completion_tokens": 7, "total_tokens": 13}, (5, 7, 13)),
        ({"prompt_tokens": 5, "output_tokens": 7}, (5, 7, 12)),
        (
            {"input_tokens": 5, "completion_tokens": None, "output_tokens": 7, "total_tokens": None},
            (5, 7, 12),
        ),
    ):
        chunk = told(delta(content="Hi"), delta("stop"), {"choices": [], "usage": usage})
        counts = [event for event in chunk.events if isinstance(event, Usage)]
        assert merged(*counts, Usage()).output == 7
        heard = completion(chunk).usage
        assert (heard.prompt_tokens, heard.completion_tokens, heard.total_tokens) == expected
