"""What no version of this server knows: it passes through to an upstream of the same dialect, unchanged."""

import json
from typing import Any

import pytest

from tests.served.world import CLAUDE, GEMINI, World

NEW = {"type": "hologram", "depth": [1, 2.5, None, {"größe": "日本語 🙂"}], "nested": {"type": "text"}}

ANTHROPIC = {
    "model": CLAUDE,
    "max_tokens": 64,
    "stream": True,
    "a_new_setting": {"mode": "quiet", "levels": [1, 2]},
    "tools": [{"type": "hologram_tool_20270101", "name": "hologram", "beam": True}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Hello.", "a_new_field": 1}, NEW]},
        {"role": "assistant", "content": [{**NEW, "signature": "x" * 60}, {"type": "text", "text": "Yes."}]},
        {"role": "narrator", "content": "A new role."},
        {"role": "user", "content": "Go on."},
    ],
}
GEMINI_BODY = {
    "aNewSetting": {"mode": "quiet"},
    "generationConfig": {"aNewLevel": "HIGHEST", "thinkingConfig": {"aNewThought": True}},
    "tools": [{"hologramTool": {"beam": True}}],
    "contents": [
        {"role": "user", "parts": [{"text": "Hello.", "aNewField": 1}, {"hologram": NEW}]},
        {"role": "model", "parts": [{"hologram": NEW}]},
        {"role": "user", "parts": [{"text": "Go on."}]},
    ],
}
CHAT = {
    "model": "gpt-6-sol",
    "stream": True,
    "stream_options": {"include_usage": True, "a_new_option": 1},
    "a_new_setting": {"mode": "quiet"},
    "tools": [{"type": "hologram", "hologram": {"beam": True}}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Hello."}, NEW]},
        {"role": "assistant", "content": None, "a_new_field": 1, "hologram": NEW},
        {"role": "user", "content": "Go on."},
    ],
}
RESPONSES = {
    "model": "gpt-6-sol",
    "stream": True,
    "store": False,
    "a_new_setting": {"mode": "quiet"},
    "tools": [{"type": "hologram", "beam": True}],
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Hello."}, NEW]},
        {"type": "hologram_call", "id": "hc_1", "status": "completed", "beam": NEW},
        {"role": "user", "content": "Go on."},
    ],
}
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "anthropic": ("/v1/messages?beta=true", ANTHROPIC),
    "gemini": (f"/v1beta/models/{GEMINI}:streamGenerateContent?alt=sse", GEMINI_BODY),
    "chat": ("/v1/chat/completions", CHAT),
    "responses": ("/v1/responses", RESPONSES),
}


@pytest.fixture
def same_dialect(request: pytest.FixtureRequest, dialect: str) -> World:
    """A world in which every account that offers the model speaks the client's dialect, unwrapped."""
    name = "world" if dialect in ("anthropic", "gemini") else "kinds_world"
    world: World = request.getfixturevalue(name)
    return world


@pytest.mark.parametrize("dialect", REQUESTS)
def test_a_request_of_the_future_arrives_unchanged(same_dialect: World, dialect: str) -> None:
    """The very bytes, odd spacing included: only the upstream knows what they mean."""
    path, body = REQUESTS[dialect]
    content = json.dumps(body, indent=1, ensure_ascii=False).encode()
    headers = {"content-type": "application/json", "anthropic-beta": "hologram-2027-01-01"}
    same_dialect.client.post(path, content=content, headers=headers)
    received = [request for request in same_dialect.simulator.requests if request.method == "POST"]
    assert received[0].body == content
    if dialect == "anthropic":
        assert received[0].headers["anthropic-beta"] == "hologram-2027-01-01"


@pytest.mark.parametrize("dialect", REQUESTS)
def test_collected_answers_ask_for_a_stream_and_change_nothing_else(
    same_dialect: World, dialect: str
) -> None:
    """Without stream the body gains what asks for one; everything else is as it came."""
    path, body = REQUESTS[dialect]
    asked = {key: value for key, value in body.items() if key not in ("stream", "stream_options")}
    same_dialect.client.post(path.replace("streamGenerateContent?alt=sse", "generateContent"), json=asked)
    received = [request for request in same_dialect.simulator.requests if request.method == "POST"]
    sent = received[0].json()
    assert {key: value for key, value in sent.items() if key not in ("stream", "stream_options")} == asked


@pytest.mark.parametrize("dialect", ["chat", "responses", "gemini", "anthropic"])
def test_another_dialect_says_clearly_what_it_cannot_carry(kinds_world: World, dialect: str) -> None:
    """New content has no place in another dialect: a 400 that names it, never a guess."""
    path, body = REQUESTS[dialect]
    other = "on-gemini" if dialect == "anthropic" else "on-claude"
    path = path.replace(GEMINI, other)
    answer = kinds_world.client.post(path, json={**body, "model": other} if "model" in body else body)
    assert answer.status_code == 400
    assert "holog" in answer.text or "role must be one of" in answer.text
    assert kinds_world.simulator.requests == []
