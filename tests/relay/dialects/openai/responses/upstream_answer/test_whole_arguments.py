"""A call's arguments that are no text of an object, where a Responses upstream tells all of them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.openai import OPENAI_RESPONSES
from relay.neutral.conversation import Json
from tests.relay.dialects.openai.responses.upstream_answer.test_servers import (
    COMPLETED,
    CREATED,
    RESPONSE,
    blocks,
    item,
    told,
)
from tests.relay.dialects.openai.streams import client_for, data_of, decoded, responses, state_of

TOLD = [{"a": 1}, '{}{"a":1}', json.dumps('{"a":1}'), '{"a":1}']
"""The ways in which servers tell one object."""

CALL = ("tool_call", "c", "f", '{"a":1}')
BEGINS = item("function_call", done=False, call_id="c", name="f", arguments="")


def heard(raw: bytes) -> list[Any]:
    """The arguments of each call, as the vendor's SDK hears them at its end and in the last event."""
    found: list[Any] = []
    with client_for(raw).responses.stream(model="m", input="x") as stream:
        for event in stream:
            if event.type == "response.output_item.done":
                found.append(getattr(event.item, "arguments", None))
            elif event.type == "response.function_call_arguments.done":
                found.append(event.arguments)
            elif event.type == "response.completed":
                found += [getattr(one, "arguments", None) for one in event.response.output]
    return found


@pytest.mark.parametrize("arguments", TOLD)
def test_arguments_that_an_event_tells_whole(arguments: Any) -> None:
    """Told as the object itself or in other words, they are the text of the object, to every client."""
    ends = item("function_call", call_id="c", name="f", arguments=arguments)
    done = ("response.function_call_arguments.done", {"output_index": 0, "arguments": arguments})
    listed = ("response.completed", {"response": {"id": "r", "output": [ends[1]["item"]]}})
    for events in ([BEGINS, ends, COMPLETED], [ends, COMPLETED], [BEGINS, done, ends, listed], [listed]):
        chunk = told(*events)
        assert blocks(chunk) == [CALL], events
        said = heard(chunk.raw)
        assert said == ['{"a":1}'] * len(said) != [], events


@pytest.mark.parametrize("arguments", TOLD)
def test_arguments_in_a_document(arguments: Any) -> None:
    """The same in a whole response in place of a stream."""
    body: Json = {**RESPONSE, "output": [{**RESPONSE["output"][2], "arguments": arguments}]}
    chunk = decoded(OPENAI_RESPONSES, [json.dumps(body).encode()])
    assert blocks(chunk) == [("tool_call", "call_1", "f", '{"a":1}')]
    assert json.loads(OPENAI_RESPONSES.collect(chunk.raw))["output"][0]["arguments"] == '{"a":1}'


def test_what_says_its_arguments_as_it_should_is_not_touched() -> None:
    """Nor is what only speaks of a call: its bytes travel along."""
    speaks = item("message", content=[{"type": "output_text", "text": '"type":"function_call"'}], index=1)
    ends = item("function_call", call_id="c", name="f", arguments=' {"a":1} ')
    assert told(BEGINS, ends, speaks, COMPLETED).raw == responses(CREATED, BEGINS, ends, speaks, COMPLETED)


def piece(text: str, index: int = 0) -> tuple[str, Json]:
    return "response.function_call_arguments.delta", {"output_index": index, "item_id": "i", "delta": text}


def arguments_done(text: str) -> tuple[str, Json]:
    return "response.function_call_arguments.done", {"output_index": 0, "item_id": "i", "arguments": text}


def pieces_of(raw: bytes) -> str:
    """What a client puts together of the deltas."""
    return "".join(one.get("delta", "") for one in data_of(raw) if one["type"].endswith("arguments.delta"))


def test_arguments_in_pieces_are_put_right() -> None:
    """An empty object before the real one, the object as a text: as one event would tell them."""
    ends = item("function_call", call_id="c", name="f", arguments='{"a":1}')
    text = json.dumps('{"a":1}')
    for pieces in (
        ["{}", '{"a"', ":1}"],
        [text],
        [text[:4], text[4:]],
        ["{} ", '{"a":1}'],
        ["{", "}", '{"a":1}'],
        ["{", "}", "{", '"a":1}'],
        ["{}", "{}", '{"a":1}'],
        ["{}", "{", "", '"a":1}'],
        ["{ }{", '"a":1}'],
        ["{", "}{", '"a"', ":1}"],
    ):
        deltas = [piece(one) for one in pieces]
        for done in ([], [arguments_done("".join(pieces))]):
            chunk = told(BEGINS, *deltas, *done, ends, COMPLETED)
            assert blocks(chunk) == [CALL], pieces
            assert pieces_of(chunk.raw) == '{"a":1}', pieces
            assert heard(chunk.raw) == ['{"a":1}'] * (1 + len(done)), pieces


def test_an_empty_object_alone_is_the_arguments() -> None:
    """Its bytes travel along, as soon as it is known that nothing follows; so do those of other items."""
    ends = item("function_call", call_id="c", name="f", arguments="{}")
    speaks = item("message", content=[{"type": "output_text", "text": "Hi"}], index=1)
    for events in (
        [BEGINS, piece("{}"), arguments_done("{}"), ends, COMPLETED],
        [BEGINS, piece("{}"), ends, speaks, COMPLETED],
        [BEGINS, piece("{"), piece("}"), ends, COMPLETED],
    ):
        chunk = told(*events)
        assert chunk.raw == responses(CREATED, *events)
        assert blocks(chunk)[0] == ("tool_call", "c", "f", "{}")
    ends_alone = ("response.completed", {"response": {"id": "r", "output": [ends[1]["item"]]}})
    assert blocks(told(ends_alone)) == [("tool_call", "c", "f", "{}")]


PIECES = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["{}", "{", "}", "}{", '{"a"', ":1}", '{"a":1}', TOLD[2], "{} ", ""]),
    ),
    max_size=7,
)


@given(pieces=PIECES, is_done=st.booleans())
def test_a_client_hears_what_the_events_say(pieces: list[tuple[int, str]], is_done: bool) -> None:
    """However the pieces of two calls are mixed, if the calls are whole."""
    events: list[tuple[str, Json]] = []
    for at in (0, 1):
        begun = item("function_call", done=False, index=at, call_id=f"c{at}", name="f", arguments="")
        events.append(begun)
    events += [piece(text, at) for at, text in pieces]
    for at in (0, 1):
        whole = "".join(text for index, text in pieces if index == at)
        if is_done:
            fields = {"output_index": at, "item_id": "i", "arguments": whole}
            events.append(("response.function_call_arguments.done", fields))
        events.append(item("function_call", index=at, call_id=f"c{at}", name="f", arguments=whole))
    chunk = told(*events, COMPLETED)
    state = state_of(chunk.events)
    if state.failure is not None:
        return
    for at in (0, 1):
        deltas = [
            one.get("delta", "")
            for one in data_of(chunk.raw)
            if one["type"].endswith("arguments.delta") and one["output_index"] == at
        ]
        assert json.loads("".join(deltas).strip() or "{}") == json.loads(state.blocks[at].text)
