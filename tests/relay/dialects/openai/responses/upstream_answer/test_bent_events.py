"""Events of servers that resemble Responses: heard by the server and by the vendor's own SDK."""

import json
import re
from typing import Any

import pytest

from relay.dialects.openai import OPENAI_RESPONSES
from relay.neutral.conversation import Json
from tests.relay.dialects.openai.streams import client_for, decoded, state_of

ARGUMENTS = '{"a": 1}'
PLACE = {"output_index": 0, "item_id": "i", "content_index": 0}
MADE = {"id": "r", "object": "response", "created_at": 1, "model": "m", "output": [], "tools": []}
MADE |= {"parallel_tool_calls": True, "tool_choice": "auto", "status": "completed"}


def stream(*events: tuple[str, Json], output: list[Json]) -> bytes:
    """``events`` between the beginning and the end of an answer."""
    usage = {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}
    ends: Json = {"response": {**MADE, "output": output, "usage": usage}}
    told = [("response.created", {"response": MADE}), *events, ("response.completed", ends)]
    return b"".join(
        f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode() for name, fields in told
    )


def heard(raw: bytes) -> tuple[Any, Any]:
    """The one block, as the server has it, and the answer as the SDK does."""
    chunk = decoded(OPENAI_RESPONSES, [raw])
    state = state_of(chunk.events)
    assert (state.failure, state.terminal) == (None, True)
    [block] = state.blocks
    with client_for(chunk.raw).responses.stream(model="m", input="?") as events:
        return block, events.get_final_response()


def call(*told: Any, at_last: Any = "") -> bytes:
    """A call whose arguments are ``told`` at its beginning, in a piece, whole, and with the finished item."""
    added, piece, whole, done = told
    item = {"type": "function_call", "id": "i", "call_id": "c", "name": "f", "status": "completed"}
    events: list[tuple[str, Json]] = [("response.output_item.added", {**PLACE, "item": {**item, **added}})]
    events += [("response.function_call_arguments.delta", {**PLACE, "delta": piece})] if piece else []
    events += [("response.function_call_arguments.done", {**PLACE, "arguments": whole})] if whole else []
    events.append(("response.output_item.done", {**PLACE, "item": {**item, **done}}))
    return stream(*events, output=[{**item, "arguments": at_last}])


def said(arguments: Any) -> Json:
    return {"arguments": arguments}


@pytest.mark.parametrize(
    "told",
    [
        (said(ARGUMENTS), "", "", said("")),
        (said(ARGUMENTS), "", "", said(None)),
        (said(ARGUMENTS), ARGUMENTS, ARGUMENTS, said(ARGUMENTS)),
        (said("{}"), ARGUMENTS, "", said("")),
        (said(None), ARGUMENTS, "", said("")),
        (said(""), ARGUMENTS, "", said(None)),
        (said(""), "", ARGUMENTS, said("")),
        (said(""), json.loads(ARGUMENTS), "", said("")),
        ({}, "", "", {"parameters": ARGUMENTS}),
        ({}, "", "", {"input": json.loads(ARGUMENTS)}),
    ],
)
@pytest.mark.parametrize("at_last", ["", None, ARGUMENTS])
def test_a_call_is_made_with_its_arguments_whoever_tells_them(told: tuple[Any, ...], at_last: Any) -> None:
    """Where the item is finished, and in the list at the end: never without them."""
    block, response = heard(call(*told, at_last=at_last))
    assert (block.kind, block.id, block.name, json.loads(block.text)) == ("tool_call", "c", "f", {"a": 1})
    [item] = response.output
    assert (item.call_id, json.loads(item.arguments)) == ("c", {"a": 1})


def test_a_call_without_arguments_has_none() -> None:
    """Nobody told any: that is an empty object."""
    block, _ = heard(call(said(""), "", "", said("{}"), at_last="{}"))
    assert block.text == "{}"


def text(*deltas: Any) -> bytes:
    whole = {"type": "message", "id": "i", "role": "assistant", "status": "completed"}
    part = {"type": "output_text", "text": "Hello", "annotations": []}
    begins: list[tuple[str, Json]] = [
        ("response.output_item.added", {**PLACE, "item": {**whole, "content": []}}),
        ("response.content_part.added", {**PLACE, "part": {**part, "text": ""}}),
    ]
    said_ = [("response.output_text.delta", {**PLACE, "delta": delta}) for delta in deltas]
    item = {**whole, "content": [part]}
    return stream(*begins, *said_, ("response.output_item.done", {**PLACE, "item": item}), output=[item])


def test_a_delta_that_is_an_object_is_its_text() -> None:
    """The SDK appends texts, and fails over anything else."""
    block, response = heard(text({"type": "text_delta", "text": "Hel"}, "lo"))
    assert (block.text, response.output_text) == ("Hello", "Hello")


def test_an_event_without_its_type_has_that_of_its_name() -> None:
    """The SDK looks into the data alone."""
    bent = re.sub(rb'"type": "response\.[^"]*", ', b"", text("Hel", "lo"))
    block, response = heard(bent)
    assert (block.text, response.output_text) == ("Hello", "Hello")


def test_usage_under_chats_names_has_its_own_too() -> None:
    """Of the answer as it ends; what is told under its own names stays."""
    names = ((b'"input_tokens"', b'"prompt_tokens"'), (b'"output_tokens"', b'"completion_tokens"'))
    for renamed in (names, names[:1], names[1:]):
        raw = text("Hello").replace(b'"total_tokens": 12', b'"total_tokens": 13')
        for own, other in renamed:
            raw = raw.replace(own, other)
        chunk = decoded(OPENAI_RESPONSES, [raw])
        assert state_of(chunk.events).usage.output == 7
        _, response = heard(raw)
        counts = (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens)
        assert counts == (5, 7, 13)
