"""Fallbacks through the real server: visible in header, row and log, and never to evade a refusal."""

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import pytest

from tests.running_server import ServerWorld, json_value
from tests.served.world import CLAUDE, GEMINI, World, lasting_world, text_of

ANYWAY = {"kinds": ["anthropic", "gemini"]}
SPENT = "status=529, status=529, status=529"


@pytest.fixture(scope="module")
def world(server_world: ServerWorld) -> Iterator[World]:
    """A mapping with every switch on, and one with none."""
    switches = {f"fallback_on_{why}": True for why in ("overload", "context")}
    with lasting_world(server_world) as world:
        world.import_mappings(
            [
                {"pattern": "falls", "target": CLAUDE, "fallbacks": [GEMINI], **ANYWAY, **switches},
                {
                    "pattern": "stays",
                    "target": CLAUDE,
                    "fallbacks": [GEMINI],
                    **ANYWAY,
                    "fallback_on_quota": False,
                },
            ]
        )
        world.wait_for_model("stays")
        yield world
        assert "Traceback" not in world.server.log_text


def fell_back(world: World, answer: httpx.Response) -> str:
    told = json_value(world.row(answer)["diagnostics"]).get("fell_back", "")
    assert isinstance(told, str)
    return told


def test_overload_is_answered_by_the_fallback(world: World) -> None:
    """After three attempts; header, row, attempts and log name the model that answered, and why."""
    answer = world.messages(f"Hello. [fault: {SPENT}, ok]", model="falls")
    assert answer.status_code == 200
    assert text_of(answer)
    assert (answer.headers["x-mapped-model"], answer.headers["x-attempts"]) == (GEMINI, "4")
    row = world.row(answer)
    assert (row["mapped_model"], row["outcome"]) == (GEMINI, "retried")
    assert fell_back(world, answer) == f"{GEMINI}: the model before it was overloaded"
    assert [attempt["upstream_model"] for attempt in world.attempts(answer)] == [CLAUDE] * 3 + [GEMINI]
    assert any(f"Falling back to {GEMINI}: " in line for line in world.log_lines(answer))


def test_thinking_of_the_model_before_is_dropped_and_named(world: World) -> None:
    """The other model cannot read it: it goes up without, and the row says so."""
    question = {"role": "user", "content": "Think about it. [say: thinking=2]"}
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048, "stream": False}
    first = world.messages(model="falls", messages=[question], **thinking)
    content: list[dict[str, Any]] = first.json()["content"]
    assert any(block["type"] == "thinking" for block in content)
    again = {"role": "user", "content": f"And now? [fault: {SPENT}, ok]"}
    history = [question, {"role": "assistant", "content": content}, again]
    answer = world.messages(model="falls", messages=history, **thinking)
    assert (answer.status_code, answer.headers["x-mapped-model"]) == (200, GEMINI)
    assert "thinking" in str(world.row(answer)["changes"])


def test_a_refusal_is_an_answer(world: World) -> None:
    """What the model's filter refuses no other model is asked."""
    answer = world.messages("Hello. [fault: safety*]", model="falls")
    assert answer.headers["x-mapped-model"] == CLAUDE
    assert fell_back(world, answer) == ""
    assert world.row(answer)["outcome"] == "refused"


def test_without_a_switch_the_client_is_told(world: World) -> None:
    """Overload as overload; a spent quota as a 429, in the SDK's exception."""
    answer = world.messages(f"Hello. [fault: {SPENT}]", model="stays")
    assert (answer.status_code, answer.headers["x-mapped-model"]) == (529, CLAUDE)
    client = anthropic.Anthropic(
        base_url=world.server.base_url, api_key=str(world.client.headers["x-api-key"])
    )
    said = [{"role": "user", "content": "Hello. [fault: retry_after=600*]"}]
    with client, pytest.raises(anthropic.RateLimitError):
        client.with_options(max_retries=0).messages.create(model="stays", max_tokens=9, messages=said)  # type: ignore[arg-type]
    assert world.messages(model="falls").headers["x-mapped-model"] == GEMINI, "its switch for quotas is on"
