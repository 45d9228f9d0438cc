"""A value of a wrong type, wherever it stands in a request: a 400 or an answer, never a failure of ours."""

import copy
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.running_server import ServerWorld
from tests.served.world import CLAUDE, GEMINI, World, lasting_world

SEED = 14
TOOL = {
    "type": "function",
    "name": "f",
    "description": "d",
    "parameters": {
        "type": "object",
        "properties": {"a": {"type": "string", "enum": ["x"]}},
        "required": ["a"],
    },
    "strict": True,
}
RESPONSES = {
    "model": "claude-on-gemini",
    "instructions": "be",
    "input": [
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "hi"},
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
            ],
        },
        {
            "type": "reasoning",
            "id": "rs",
            "summary": [{"type": "summary_text", "text": "t"}],
            "encrypted_content": "x",
        },
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "o"},
    ],
    "tools": [TOOL, {"type": "custom", "name": "g", "format": {"type": "text"}}],
    "tool_choice": {"type": "function", "name": "f"},
    "reasoning": {"effort": "low", "summary": "auto"},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
    "max_output_tokens": 50,
    "metadata": {"a": "b"},
    "include": ["x"],
    "stream": False,
    "temperature": 0.5,
}
MESSAGES = {
    "model": CLAUDE,
    "max_tokens": 50,
    "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "hi"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "t", "signature": "s"},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": "x"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "content": [{"type": "text", "text": "r"}],
                    "is_error": False,
                }
            ],
        },
    ],
    "tools": [
        {
            "name": "f",
            "description": "d",
            "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}},
        }
    ],
    "tool_choice": {"type": "tool", "name": "f"},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "stop_sequences": ["x"],
    "metadata": {"user_id": "u"},
    "stream": False,
}
CHAT = {
    "model": "claude-on-gemini",
    "messages": [
        {"role": "system", "content": "s"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "hi"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "o"},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
    "stop": ["x"],
    "max_tokens": 50,
    "reasoning_effort": "low",
    "stream_options": {"include_usage": True},
    "stream": False,
    "n": 1,
}
GEMINI_BODY = {
    "contents": [
        {
            "role": "user",
            "parts": [{"text": "hi"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}],
        },
        {
            "role": "model",
            "parts": [
                {"text": "t", "thought": True, "thoughtSignature": "s"},
                {"functionCall": {"name": "f", "args": {"a": "x"}}},
            ],
        },
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"o": 1}}}]},
    ],
    "systemInstruction": {"parts": [{"text": "s"}]},
    "tools": [
        {
            "functionDeclarations": [
                {"name": "f", "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}}
            ]
        }
    ],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
    "generationConfig": {
        "maxOutputTokens": 50,
        "thinkingConfig": {"thinkingBudget": 100, "includeThoughts": True},
        "stopSequences": ["x"],
        "responseSchema": {"type": "OBJECT"},
        "responseMimeType": "application/json",
    },
    "safetySettings": [{"category": "c", "threshold": "t"}],
}
VALUES = ([], ["function"], {}, 7, -1e308, None, True, "", "x", [[[]]], [None], [{}])
ALWAYS = ([["x"]], {"type": ["x"]})
"""What cannot be looked up in a set, and an object that holds such a thing."""

ASKED = (
    ("/v1/responses", RESPONSES, ("claude-on-gemini", CLAUDE)),
    ("/v1/messages", MESSAGES, (CLAUDE, "claude-on-gemini")),
    ("/v1/chat/completions", CHAT, ("claude-on-gemini", CLAUDE)),
    ("/v1beta/models/{}:generateContent", GEMINI_BODY, (GEMINI, "gemini-on-claude")),
)


@pytest.fixture(scope="module")
def plain(server_world: ServerWorld) -> Iterator[World]:
    """A world whose log stays free of tracebacks."""
    with lasting_world(server_world, RELAY_BACKOFF_SCALE="0") as world:
        yield world
        assert "Traceback" not in world.server.log_text


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside ``value``."""
    held = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in held:
        yield (*path, key)
        yield from places(inner, (*path, key))


def changed(body: Any, place: tuple[Any, ...], value: object) -> Any:
    """``body`` with ``value`` at ``place``."""
    made = copy.deepcopy(body)
    inner = made
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return made


def test_no_type_at_any_place_is_a_500(plain: World) -> None:
    """In every dialect, to its own upstream and to another, each value in turn is something else."""
    chance = random.Random(SEED)
    cases = []
    for path, body, models in ASKED:
        for model in models:
            for place in places(body):
                for value in (*ALWAYS, chance.choice(VALUES)):
                    sent = changed(body, place, value)
                    if place != ("model",) and "{}" not in path:
                        sent["model"] = model
                    cases.append((path.format(model), sent, place, value))

    def ask(case: tuple[str, Any, Any, Any]) -> int:
        return plain.client.post(case[0], content=json.dumps(case[1])).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(ask, cases))
    failed = [(case[0], *case[2:], s) for case, s in zip(cases, statuses, strict=True) if s >= 500]
    assert failed == []
    assert len(cases) > 1_000
    assert statuses.count(400) > 500
