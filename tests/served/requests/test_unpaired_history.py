"""A history in which calls and results do not pair, as agents send it: refused once, healed, answered."""

import json
from typing import Any

import httpx

from tests.served.world import CLAUDE, GEMINI, World, text_of

SIGNED = "skip_thought_signature_validator"


def resumed_gemini_cli(begin: str = "Look.") -> list[dict[str, Any]]:
    """What gemini-cli 0.61.0 sends when it resumes a session: each response twice."""
    call = {"functionCall": {"id": "c1", "name": "glob", "args": {}}, "thoughtSignature": SIGNED}
    response = {"functionResponse": {"id": "c1", "name": "glob", "response": {"output": "none"}}}
    return [
        {"role": "user", "parts": [{"text": begin}]},
        {"role": "model", "parts": [call]},
        {"role": "user", "parts": [response, response]},
        {"role": "model", "parts": [{"text": "There is nothing."}]},
        {"role": "user", "parts": [{"text": "And now?"}]},
    ]


def test_a_resumed_gemini_cli_is_answered(world: World) -> None:
    """Google's 400 is healed on the same account, and the next turn is right at once."""
    for attempts in (2, 1):
        body = {"contents": resumed_gemini_cli(), "tools": [{"functionDeclarations": [{"name": "glob"}]}]}
        answer = world.client.post(f"/v1beta/models/{GEMINI}:streamGenerateContent?alt=sse", json=body)
        assert (answer.status_code, answer.headers["x-attempts"]) == (200, str(attempts))
        assert text_of(answer)
        sent = world.upstream_bodies()[-1]["contents"][2]["parts"]
        assert len(sent) == 1
    assert "unpaired calls and results healed" in json.dumps(world.row(answer)["changes"])


def test_another_conversation_is_not_touched_for_it(world: World) -> None:
    """What is broken is the history, not the account: another conversation is sent as it is."""
    for begin, attempts in (("Mine.", 2), ("Mine.", 1), ("Yours.", 2)):
        body = {
            "contents": resumed_gemini_cli(begin),
            "tools": [{"functionDeclarations": [{"name": "glob"}]}],
        }
        answer = world.client.post(f"/v1beta/models/{GEMINI}:streamGenerateContent?alt=sse", json=body)
        assert (answer.status_code, answer.headers["x-attempts"]) == (200, str(attempts))


def test_an_interrupted_claude_code_is_answered(world: World) -> None:
    """A call without its result, and a result without its call."""
    for content in (
        [{"type": "text", "text": "Stop. And now?"}],
        [
            {"type": "tool_result", "tool_use_id": "toolu_gone", "content": "It was there."},
            {"type": "text", "text": "And now?"},
        ],
    ):
        call = {"type": "tool_use", "id": "toolu_1", "name": "glob", "input": {}}
        answer = ask_claude(world, [call], content)
        assert answer.status_code == 200, answer.text
        assert text_of(answer)
        blocks = world.upstream_bodies()[-1]["messages"][2]["content"]
        assert blocks[0]["tool_use_id"] == "toolu_1"
        assert {block["type"] for block in blocks[1:]} == {"text"}


def ask_claude(world: World, said: list[Any], content: list[Any]) -> httpx.Response:
    """The whole answer to a turn behind ``said``."""
    messages = [
        {"role": "user", "content": "Look."},
        {"role": "assistant", "content": said},
        {"role": "user", "content": content},
    ]
    tool = {"name": "glob", "input_schema": {"type": "object"}}
    return world.messages("", model=CLAUDE, messages=messages, tools=[tool])
