"""Half a character in a request, from every client to every kind of account: no upstream is sent one.

Clients that cut texts by UTF-16 units send such on every turn from then on: a 400 would end the conversation.
"""

import json
from typing import Any

import msgspec
import pytest

from tests.served.kinds.test_matrix import COLUMNS
from tests.served.world import World

HALF = "\ud83d"
SCHEMA = {"type": "object", "properties": {"q": {"type": "string", "description": f"A {HALF}"}}}
GIVEN = {"q": f"a{HALF}", f"k{HALF}": ["\ude00"]}


def anthropic(name: str) -> tuple[str, dict[str, Any]]:
    call = {"type": "tool_use", "id": "toolu_1", "name": name, "input": GIVEN}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": f"done {HALF}"}
    return "/v1/messages", {
        "max_tokens": 64,
        "system": f"Be kind. {HALF}",
        "metadata": {"user_id": f"u{HALF}"},
        "tools": [{"name": name, "description": f"d{HALF}", "input_schema": SCHEMA}],
        "messages": [
            {"role": "user", "content": f"Hi {HALF}"},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result, {"type": "text", "text": f"{HALF} Go on."}]},
        ],
    }


def gemini(name: str) -> tuple[str, dict[str, Any]]:
    call = {
        "functionCall": {"name": name, "args": GIVEN},
        "thoughtSignature": "skip_thought_signature_validator",
    }
    result = {"functionResponse": {"name": name, "response": {"output": f"done {HALF}"}}}
    declared = {"name": name, "description": f"d{HALF}", "parameters": SCHEMA}
    return "/v1beta/models/MODEL:generateContent", {
        "systemInstruction": {"parts": [{"text": f"Be kind. {HALF}"}]},
        "tools": [{"functionDeclarations": [declared]}],
        "contents": [
            {"role": "user", "parts": [{"text": f"Hi {HALF}"}]},
            {"role": "model", "parts": [call]},
            {"role": "user", "parts": [result]},
        ],
    }


def chat(name: str) -> tuple[str, dict[str, Any]]:
    function = {"name": name, "arguments": json.dumps(GIVEN)}
    return "/v1/chat/completions", {
        "user": f"u{HALF}",
        "tools": [{"type": "function", "function": {"name": name, "parameters": SCHEMA}}],
        "messages": [
            {"role": "system", "content": f"Be kind. {HALF}"},
            {"role": "user", "content": [{"type": "text", "text": f"Hi {HALF}"}]},
            {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": function}]},
            {"role": "tool", "tool_call_id": "c1", "content": f"done {HALF}"},
        ],
    }


def responses(name: str) -> tuple[str, dict[str, Any]]:
    return "/v1/responses", {
        "instructions": f"Be kind. {HALF}",
        "metadata": {f"k{HALF}": f"v{HALF}"},
        "store": False,
        "tools": [{"type": "function", "name": name, "parameters": SCHEMA}],
        "input": [
            {"role": "user", "content": f"Hi {HALF}"},
            {"type": "function_call", "call_id": "c1", "name": name, "arguments": json.dumps(GIVEN)},
            {"type": "function_call_output", "call_id": "c1", "output": f"done {HALF}"},
        ],
    }


CLIENTS = {"claude": anthropic, "gemini": gemini, "chat": chat, "responses": responses}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", COLUMNS.values())
def test_no_upstream_gets_half_a_character(kinds_world: World, client: str, model: str) -> None:
    """Text, arguments, names, schemas and metadata, translated and passed through: U+FFFD stands there."""
    passes = client in model or (client in ("chat", "responses") and "open" in model)
    name = (
        "look" if passes or client == "gemini" else f"look{HALF}"
    )  # upstream has rules for names of its own
    path, body = CLIENTS[client](name)
    body |= {"model": model} if client != "gemini" else {}
    raw = json.dumps(body).encode()
    answer = kinds_world.client.post(
        path.replace("MODEL", model), content=raw, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 200, answer.text
    sent = kinds_world.generations()[-1].body
    told = msgspec.json.encode(msgspec.json.decode(sent)).decode()  # a strict reader takes it
    assert told.count("\ufffd") >= 5
    assert r"\ud83d" not in told
    row = kinds_world.row(answer)
    assert row["outcome"] == "ok"
    assert "U+FFFD" in str(row["changes"])


def test_what_else_is_no_json_is_still_refused(kinds_world: World) -> None:
    """A clear 400: half a character excuses nothing beside it."""
    raw = rb'{"model": "on-claude", "max_tokens": NaN, "messages": [{"role": "user", "content": "\ud83d"}]}'
    answer = kinds_world.client.post("/v1/messages", content=raw)
    assert answer.status_code == 400
    assert "not valid JSON" in answer.json()["error"]["message"]


def test_embeddings_take_it_too(kinds_world: World) -> None:
    """Texts to embed come out of cut documents more than any."""
    raw = rb'{"model": "embed-on-studio", "input": ["cut \ud83d"], "dimensions": 4}'
    answer = kinds_world.client.post("/v1/embeddings", content=raw)
    assert answer.status_code == 200, answer.text
    [asked] = kinds_world.upstream_bodies_at("mbed")
    assert "cut \ufffd" in str(asked)
