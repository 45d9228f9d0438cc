"""Whole messages in place of deltas: nothing of the answer is lost, and nothing is said twice."""

import json
from typing import Any

from relay.dialects.openai import OPENAI_CHAT
from relay.neutral.conversation import Json
from relay.neutral.events import Chunk
from tests.relay.dialects.openai.streams import call, chat, client_for, data_of, decoded, delta, state_of


def message(finish_reason: str | None = None, index: int = 0, **fields: Any) -> Json:
    """A choice with a whole message."""
    told = {"role": "assistant", **fields}
    return {"index": index, "message": told, "finish_reason": finish_reason}


def told(*chunks: Json, choices: int = 1) -> Chunk:
    return decoded(OPENAI_CHAT, [chat(*chunks)], choices=choices)


def sdk_message(stream: bytes) -> Any:
    """What the SDK accumulates."""
    with client_for(stream).chat.completions.stream(model="m", messages=[]) as events:
        return json.loads(events.get_final_completion().to_json())["choices"][0]["message"]


def said(chunk: Chunk, index: int = 0) -> str:
    """The text that a client of the same dialect hears of one choice."""
    deltas = [
        choice["delta"]
        for event in data_of(chunk.raw)
        if event != "[DONE]"
        for choice in event["choices"]
        if choice["index"] == index
    ]
    return "".join(one.get("content") or "" for one in deltas)


def test_a_message_in_each_chunk_is_a_piece() -> None:
    """As long as no delta said anything, each message says more; a role alone says nothing."""
    for first in ([], [delta(role="assistant", content="")]):
        pieces = [{"choices": [message(content="Hel")]}, {"choices": [message("stop", content="lo")]}]
        chunk = told(*first, *pieces)
        assert (state_of(chunk.events).text, said(chunk)) == ("Hello", "Hello")


def test_a_whole_message_beside_a_delta_that_says_nothing_is_the_answer() -> None:
    """A delta that is null, empty or of empty fields says nothing, so that the message counts."""
    empty: list[Any] = [None, {}, [], {"role": "assistant"}, {"role": "assistant", "content": ""}]
    for nothing in [*empty, {"content": None, "tool_calls": []}]:
        whole = message("tool_calls", content="Hi", tool_calls=[call(None, "{}", "a", "f")])
        chunk = told({"object": "chat.completion", "choices": [{**whole, "delta": nothing}]})
        state = state_of(chunk.events)
        assert (state.failure, state.terminal) == (None, True), nothing
        assert [(block.kind, block.id, block.text) for block in state.blocks] == [
            ("text", "", "Hi"),
            ("tool_call", "a", "{}"),
        ], nothing
        heard = sdk_message(chunk.raw)
        assert (heard["content"], heard["tool_calls"][0]["id"]) == ("Hi", "a"), nothing
        assert b"message" not in chunk.raw


def test_half_a_character_in_a_whole_message_costs_itself() -> None:
    """It is no reason to lose the rest, whichever way the message is read."""
    for nothing in (None, {}):
        chunk = told({"choices": [{**message("stop", content="a\ud83d!"), "delta": nothing}]})
        assert (state_of(chunk.events).text, said(chunk)) == ("a\ufffd!", "a\ufffd!")


def test_bent_fields_of_a_whole_message_cost_themselves() -> None:
    """A field that is not of its type is mended, or null; the others are told."""
    for nothing in (None, {}):
        whole = message("stop", content=7, refusal={}, tool_calls="none")
        chunk = told({"choices": [{**whole, "delta": nothing}]})
        assert (state_of(chunk.events).text, said(chunk)) == ("7", "7")


def test_each_field_of_a_whole_message_stands_for_itself() -> None:
    """Text, thoughts and calls that deltas said are not said again; what they did not say is."""
    calls = [call(None, '{"x":1}', "a", "f"), call(None, '{"y":2}', "b", "g")]
    whole = {"choices": [message("tool_calls", content="Hi", reasoning="Hm", tool_calls=calls)]}
    calls_said = [delta(tool_calls=[call(0, '{"x": 1}', "a", "f"), call(1, '{"y": 2}', "b", "g")])]
    table = [
        ([delta(content="Hi")], ["text", "thinking", "tool_call", "tool_call"]),
        ([delta(reasoning_content="Hm")], ["thinking", "text", "tool_call", "tool_call"]),
        ([delta(content="Hi"), *calls_said], ["text", "tool_call", "tool_call", "thinking"]),
        ([delta(reasoning="Hm"), *calls_said], ["thinking", "tool_call", "tool_call", "text"]),
    ]
    for before, kinds in table:
        chunk = told(*before, whole)
        state = state_of(chunk.events)
        assert state.failure is None
        assert [block.kind for block in state.blocks] == kinds
        assert [(block.id, block.name) for block in state.blocks if block.kind == "tool_call"] == [
            ("a", "f"),
            ("b", "g"),
        ]
        assert (state.text, said(chunk)) == ("Hi", "Hi")


def test_each_choice_stands_for_itself() -> None:
    """That one choice spoke does not empty the message of another."""
    both = {"choices": [message("stop", content="Hi"), message("stop", 1, content="Yes")]}
    for before in ([delta(content="Hi")], []):
        chunk = told(*before, both, choices=2)
        assert (state_of(chunk.events).text, said(chunk), said(chunk, 1)) == ("Hi", "Hi", "Yes")
