"""Cursor with a base URL of its own, at every kind of account: bodies of Responses, answers of chat."""

import json
from typing import Any

import pytest

from tests.served.kinds.test_matrix import COLUMNS
from tests.served.world import World, events

PATCH = {"type": "custom", "name": "Patch", "description": "Edits.", "format": {"type": "text"}}
READ = {"type": "function", "name": "read", "parameters": {"type": "object", "properties": {}}}


def ask(world: World, model: str, prompt: str, *, is_stream: bool, **fields: Any) -> dict[str, Any]:
    """The message that a client of chat completions reads out of the answer to a Responses body."""
    given = [{"role": "user", "content": [{"type": "input_text", "text": prompt}]}]
    body = {"model": model, "input": given, "tools": [READ, PATCH], "stream": is_stream, **fields}
    answer = world.client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200, (model, answer.text)
    assert world.row(answer)["outcome"] == "ok"
    if not is_stream:
        message: dict[str, Any] = answer.json()["choices"][0]["message"]
        return message
    told: dict[str, Any] = {"content": "", "tool_calls": {}}
    for _, data in events(answer):
        assert data["object"] == "chat.completion.chunk"
        for choice in data["choices"]:
            told["content"] += choice["delta"].get("content") or ""
            for call in choice["delta"].get("tool_calls", []):
                kept = told["tool_calls"].setdefault(call["index"], {"name": "", "arguments": ""})
                kept["name"] += call["function"].get("name") or ""
                kept["arguments"] += call["function"].get("arguments") or ""
    return told


@pytest.mark.parametrize("model", COLUMNS.values())
def test_a_responses_body_on_chats_path_is_answered_as_chat(kinds_world: World, model: str) -> None:
    """Streamed and collected, the same text."""
    whole = ask(kinds_world, model, "Tell me.", is_stream=False)["content"]
    assert whole
    assert ask(kinds_world, model, "Tell me.", is_stream=True)["content"] == whole


@pytest.mark.parametrize("model", COLUMNS.values())
def test_its_patch_tool_gets_bare_text(kinds_world: World, model: str) -> None:
    """A custom tool's call is a function's for Cursor, whose arguments are the text itself."""
    told = ask(kinds_world, model, "Please call Patch.", is_stream=True)["tool_calls"]
    assert [call["name"] for call in told.values()] == ["Patch"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(told[0]["arguments"])


@pytest.mark.parametrize("model", ["on-openai", "on-open"])
def test_flat_functions_and_empty_turns_reach_a_server_of_chat_in_its_form(
    kinds_world: World, model: str
) -> None:
    """They pass through, put right, and the row names it."""
    messages = [
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": []},
        {"role": "user", "content": "Tell me."},
    ]
    body = {"model": model, "messages": messages, "tools": [READ]}
    answer = kinds_world.client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    sent = kinds_world.upstream_bodies()[-1]
    assert [message["role"] for message in sent["messages"]] == ["user", "user"]
    assert sent["tools"][0]["function"]["name"] == "read"
    assert "empty turns" in str(kinds_world.row(answer)["changes"])


@pytest.mark.parametrize("model", COLUMNS.values())
def test_empty_turns_are_no_refusal_anywhere(kinds_world: World, model: str) -> None:
    """A turn that was broken off, an empty array, a call beside an empty array: the conversation goes on."""
    call = {"id": "call_1", "type": "function", "function": {"name": "read", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Hello."},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": []},
        {"role": "assistant", "content": [], "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": []},
        {"role": "assistant", "content": []},
        {"role": "user", "content": "Tell me."},
    ]
    body = {"model": model, "messages": messages, "tools": [READ]}
    answer = kinds_world.client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
