"""Same dialect on both sides: bytes travel unchanged, both ways."""

import json
import re

import httpx

from tests.served.world import CLAUDE, GEMINI, World

UNKNOWN = {"type": "hologram", "made_of": ["light", 1.0, None], "note": "ü"}


def test_a_claude_bodys_bytes_reach_upstream_as_they_came(world: World) -> None:
    """Unknown fields, spacing and key order included; feature headers travel, the client's key does not.

    (The simulator is as strict as the real upstream and refuses the unknown field: that is not our word.)
    """
    body = {
        "max_tokens": 64,
        "model": CLAUDE,
        "stream": True,
        "metadata": {"user_id": "somebody"},
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello."}]}],
        "a_field_of_tomorrow": UNKNOWN,
    }
    raw = json.dumps(body, indent=3).encode()
    headers = {"anthropic-version": "2023-06-01", "anthropic-beta": "feature-of-tomorrow", "x-secret": "mine"}
    response = world.client.post("/v1/messages?beta=true", content=raw, headers=headers)
    assert "a_field_of_tomorrow" in response.json()["error"]["message"]
    received = world.simulator.requests[-1]
    assert received.body == raw
    assert received.headers["anthropic-beta"] == "feature-of-tomorrow"
    assert "x-secret" not in received.headers
    assert world.client.headers["x-api-key"] not in str(received.headers)


def test_an_answers_bytes_reach_the_client_as_they_came(world: World) -> None:
    """What the client reads is what upstream sent, to the byte."""
    body = {"contents": [{"role": "user", "parts": [{"text": "Hello. [fault: crlf]"}]}]}
    path = f"/v1beta/models/{GEMINI}:streamGenerateContent?alt=sse"
    direct = httpx.post(world.simulator.base_url + path, json=body, headers={"x-goog-api-key": "sim-direct"})
    through = world.client.post(path, json=body)
    assert _without_ids(through.content) == _without_ids(direct.content)


def _without_ids(content: bytes) -> bytes:
    """A stream without what differs from answer to answer: its id and its signature."""
    assert len(content) > 1000
    return re.sub(rb'"(?:responseId|thoughtSignature)":\s*"[^"]*"', b"", content)
