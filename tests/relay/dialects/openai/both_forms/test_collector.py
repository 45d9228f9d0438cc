"""A whole stream as the one JSON answer."""

import json
from typing import Any

import pytest

from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from tests.relay.dialects.openai.streams import (
    ALL_KINDS,
    WHOLE_NAMES,
    call,
    chat,
    client_for,
    data_of,
    delta,
    events_in,
    form_of,
    new_encoder,
    responses,
    state_of,
    transcript,
)


def collected(name: str) -> Any:
    return json.loads(form_of(name).collect(transcript(name)))


def test_nothing_is_lost(subtests: pytest.Subtests) -> None:
    """Text, calls, reason and usage of each golden stream stand in its JSON answer."""
    for name in WHOLE_NAMES:
        with subtests.test(f"{name!r:.120}"):
            answer, state = collected(name), state_of(events_in(name))
            calls = [
                (block.id, block.name, block.text) for block in state.blocks if block.kind == "tool_call"
            ]
            if name.startswith("responses"):
                told = [
                    (i["call_id"], i["name"], i["arguments"])
                    for i in answer["output"]
                    if i["type"] == "function_call"
                ]
                assert answer == data_of(transcript(name))[-1]["response"]
            else:
                message = answer["choices"][0]["message"]
                told = [
                    (c["id"], c["function"]["name"], c["function"]["arguments"])
                    for c in message.get("tool_calls", [])
                ]
                assert (message["content"] or "") == state.text
                thought = "".join(block.text for block in state.blocks if block.kind == "thinking")
                assert (message.get("reasoning_content") or message.get("reasoning") or "") == thought
                assert state.stop is not None
                assert answer["choices"][0]["finish_reason"] == state.stop.upstream_reason
                assert ("usage" in answer) == (state.usage.output is not None)
            assert told == calls


def test_the_sdk_reads_a_collected_chat_answer() -> None:
    """A client that did not ask for a stream gets a ``chat.completion``."""
    body = OPENAI_CHAT.collect(new_encoder(OPENAI_CHAT).encode(ALL_KINDS))
    client = client_for(body, content_type="application/json")
    completion = client.chat.completions.create(model="m", messages=[])
    message = completion.choices[0].message
    assert (completion.object, completion.choices[0].finish_reason) == ("chat.completion", "tool_calls")
    assert [call.id for call in message.tool_calls or []] == ["toolu_1", "toolu_2"]
    assert message.reasoning_content == "Two calls."  # type: ignore[attr-defined]
    assert completion.usage is not None
    assert completion.usage.total_tokens == 36


def test_the_sdk_reads_a_collected_response() -> None:
    """A client that did not ask for a stream gets a ``response``."""
    body = OPENAI_RESPONSES.collect(new_encoder(OPENAI_RESPONSES).encode(ALL_KINDS))
    client = client_for(body, content_type="application/json")
    response = client.responses.create(model="m", input="x")
    assert (response.status, response.output_text) == ("completed", "Looking — 東京")


def test_streamed_and_collected_say_the_same() -> None:
    """What the SDKs accumulate of a stream is what the collected answer holds."""
    stream = new_encoder(OPENAI_CHAT).encode(ALL_KINDS)
    with client_for(stream).chat.completions.stream(model="m", messages=[]) as events:
        message = events.get_final_completion().choices[0].message
    whole = json.loads(OPENAI_CHAT.collect(stream))["choices"][0]["message"]
    assert (message.content, len(message.tool_calls or [])) == (whole["content"], len(whole["tool_calls"]))
    stream = new_encoder(OPENAI_RESPONSES).encode(ALL_KINDS)
    with client_for(stream).responses.stream(model="m", input="x") as items:
        accumulated = [json.loads(item.to_json()) for item in items.get_final_response().output]
    for told, item in zip(accumulated, json.loads(OPENAI_RESPONSES.collect(stream))["output"], strict=True):
        assert told.items() >= {key: value for key, value in item.items() if key != "content"}.items()


def test_unknown_fields_survive() -> None:
    """Fields of tomorrow are joined as deltas are; what is repeated is not doubled, padding goes."""
    answer = json.loads(
        OPENAI_CHAT.collect(
            chat(
                {**delta(content="a", whisper="x", mood={"is": "calm"}), "obfuscation": "zz", "region": "eu"},
                {**delta(content="b", whisper="y", mood={"is_not": "loud"}), "service_tier": None},
                delta("stop"),
            )
        )
    )
    message = answer["choices"][0]["message"]
    assert (message["content"], message["whisper"]) == ("ab", "xy")
    assert message["mood"] == {"is": "calm", "is_not": "loud"}
    assert answer["region"] == "eu"
    assert "obfuscation" not in answer


def test_several_choices() -> None:
    """All the answers of ``n`` above 1, in order, with their log probabilities."""
    second = delta(content="two")
    second["choices"][0] |= {"index": 1, "logprobs": {"content": [{"token": "t"}]}}
    more = delta("stop", content="!")
    more["choices"][0] |= {"index": 1, "logprobs": {"content": [{"token": "!"}]}}
    choices = json.loads(OPENAI_CHAT.collect(chat(second, delta(content="one"), more, delta("stop"))))[
        "choices"
    ]
    assert [choice["message"]["content"] for choice in choices] == ["one", "two!"]
    assert choices[1]["logprobs"] == {"content": [{"token": "t"}, {"token": "!"}]}


def test_calls_however_they_are_numbered() -> None:
    """Calls that are all number 0, or have objects as arguments, are calls of their own."""
    answer = json.loads(
        OPENAI_CHAT.collect(
            chat(
                delta(tool_calls=[call(0, '{"x":', "a", "f")]),
                delta(tool_calls=[call(0, "1}")]),
                delta(tool_calls=[call(0, {"y": 2}, "b", "g")]),
                delta("tool_calls"),
            )
        )
    )
    assert answer["choices"][0]["message"]["tool_calls"] == [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
        {"id": "b", "type": "function", "function": {"name": "g", "arguments": '{"y":2}'}},
    ]


def test_an_empty_output_is_filled() -> None:
    """Some emulations leave the last event's output empty: the finished items stand for it."""
    item = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": []}
    stream = responses(
        ("response.created", {"response": {"id": "r"}}),
        ("response.output_item.done", {"output_index": 0, "item": item}),
        ("response.completed", {"response": {"id": "r", "output": []}}),
    )
    assert json.loads(OPENAI_RESPONSES.collect(stream)) == {"id": "r", "output": [item]}


def test_an_output_that_was_only_streamed_is_filled(subtests: pytest.Subtests) -> None:
    """Without the finished items, too: each golden stream says by its deltas what its output would hold."""
    for name in (name for name in WHOLE_NAMES if name.startswith("responses")):
        told = data_of(transcript(name))
        output = told[-1]["response"]["output"]
        told[-1]["response"] = {**told[-1]["response"], "output": []}
        assert json.loads(OPENAI_RESPONSES.collect(responses(*pairs(told))))["output"] == output
        for gone in ({"response.output_item.done"}, GONE):
            kept = [event for event in told if event["type"] not in gone]
            items = json.loads(OPENAI_RESPONSES.collect(responses(*pairs(kept))))["output"]
            with subtests.test(f"{name} without {len(gone)}"):
                assert [said(item) for item in items] == [said(item) for item in output]
                assert {item.get("status", "completed") for item in items} <= {"completed", "incomplete"}


GONE = {
    "response.output_item.done", "response.content_part.done", "response.content_part.added",
    "response.reasoning_summary_part.added", "response.reasoning_summary_part.done",
}  # fmt: skip
"""All that emulations leave out beside the deltas."""

THINKS = {"type": "response.reasoning_text.delta", "output_index": 0}
REFUSES = {"type": "response.refusal.delta", "output_index": 1}


def test_items_that_never_ended() -> None:
    """Thoughts, and a refusal that nobody announced, out of their deltas; what is far apart takes no room."""
    told = [
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {"type": "reasoning", "summary": []},
        },
        *({**THINKS, "delta": text} for text in ("Hm", ".")),
        *({**REFUSES, "delta": text, "content_index": 10**9} for text in ("N", "o")),
        {**REFUSES, "type": "response.new", "output_index": -1},
    ]
    for last, status in (("completed", "completed"), ("incomplete", "incomplete")):
        end = (f"response.{last}", {"response": {"id": "r", "output": []}})
        assert json.loads(OPENAI_RESPONSES.collect(responses(*pairs(told), end)))["output"] == [
            {
                "type": "reasoning", "summary": [], "status": status,
                "content": [{"type": "reasoning_text", "text": "Hm."}],
            },
            {
                "type": "message", "role": "assistant", "status": status,
                "content": [{"type": "refusal", "refusal": "No"}],
            },
        ]  # fmt: skip


def pairs(told: list[Any]) -> list[tuple[str, Any]]:
    return [(event["type"], event) for event in told]


def said(item: Any) -> tuple[Any, ...]:
    """The type of an item, and what it says."""
    parts = [*(item.get("summary") or ()), *(item.get("content") or ())]
    texts = [part.get("text") or part.get("refusal") for part in parts]
    cited = [part["annotations"] for part in parts if part.get("annotations")]
    return item["type"], item.get("name"), item.get("arguments"), texts, cited


@pytest.mark.parametrize(
    ("said", "reason", "told"),
    [
        ([], "tool_calls", "{}"),
        ([""], "tool_calls", "{}"),
        (["", '{"a":', "1}"], "tool_calls", '{"a":1}'),
        ([""], "length", ""),
    ],
)
def test_a_chat_call_without_arguments_has_an_empty_object(said: list[str], reason: str, told: str) -> None:
    """An empty text is no JSON, which breaks clients. Where the limit cut it off, some may be missing."""
    stream = chat(
        delta(tool_calls=[{"index": 0, "id": "call_a", "type": "function", "function": {"name": "time"}}]),
        *(delta(tool_calls=[call(0, piece)]) for piece in said),
        delta(reason),
    )
    [choice] = json.loads(OPENAI_CHAT.collect(stream))["choices"]
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "time", "arguments": told}


@pytest.mark.parametrize(("status", "told"), [("completed", "{}"), ("incomplete", "")])
def test_an_item_without_arguments_has_an_empty_object(status: str, told: str) -> None:
    """Likewise in Responses; the other items are as they were."""
    calls = [
        {"type": "function_call", "call_id": f"call_{n}", "name": "time", "arguments": arguments}
        for n, arguments in enumerate(("", '{"zone":"UTC"}'))
    ]
    message = {"type": "message", "content": []}
    answer = {"id": "r", "status": status, "output": [message, *calls]}
    stream = responses((f"response.{status}", {"response": answer}))
    expected = [message, {**calls[0], "arguments": told}, calls[1]]
    assert json.loads(OPENAI_RESPONSES.collect(stream)) == {**answer, "output": expected}
