"""Why the prompt cache was not read, through the real server: on the row, and on the request's page."""

import uuid
from typing import Any

import pytest

from tests.served.world import CLAUDE, World

LONG = "The harbour has a long wall and a small light. " * 300
MARK = {"type": "ephemeral"}


class Talk:
    """A conversation of Claude Code's: it marks its prompts, and names itself."""

    def __init__(self, world: World, model: str = CLAUDE) -> None:
        self.world = world
        self.session = str(uuid.uuid4())
        self.model = model
        self.system = f"{LONG} {self.session}"
        self.tools = [
            {"name": name, "description": LONG[:300], "input_schema": {"type": "object"}}
            for name in ("read", "write")
        ]
        self.messages: list[dict[str, Any]] = []
        self.more: dict[str, Any] = {}

    def says(self, prompt: str) -> dict[str, Any]:
        """The row of the next turn."""
        self.messages.append({"role": "user", "content": prompt})
        response = self.world.client.post(
            "/v1/messages",
            headers={"x-claude-code-session-id": self.session},
            json={
                "model": self.model,
                "max_tokens": 4096,
                "cache_control": MARK,
                "system": [{"type": "text", "text": self.system, "cache_control": MARK}],
                "tools": self.tools,
                "messages": self.messages,
                **self.more,
            },
        )
        assert response.status_code == 200, response.text
        self.messages.append({"role": "assistant", "content": response.json()["content"]})
        return self.world.row(response)


@pytest.mark.parametrize("model", [CLAUDE, "claude-on-gemini"])
def test_a_conversation_without_a_miss(world: World, model: str) -> None:
    """Turn by turn, passed through or translated: nothing is said of its cache."""
    talk = Talk(world, model)
    rows = [talk.says(f"Question {number}.") for number in range(5)]
    assert [row["cache_miss"] for row in rows] == [""] * 5
    assert {row["cache_miss_tokens"] for row in rows} == {None}
    assert all(row["tokens_cached"] for row in rows[1:])


def test_what_the_client_changed(world: World) -> None:
    """The tools in another order, then a date in the system prompt: named, with tokens and money."""
    talk = Talk(world)
    talk.says("One.")
    talk.says("Two.")
    talk.tools.reverse()
    reordered = talk.says("Three.")
    assert (reordered["cache_miss"], reordered["account"]) == ("tools", talk.says("Four.")["account"])
    assert reordered["cache_miss_tokens"] > 3000
    assert reordered["cache_miss_cost"] > 0
    assert reordered["cached_tokens_lost"] is None
    talk.system += " It is twelve o'clock."
    dated = talk.says("Five.")
    assert (dated["cache_miss"], talk.says("Six.")["cache_miss"]) == ("system", "")


def test_an_account_that_was_limited(world: World) -> None:
    """Another one stands in: why, and the same loss as the row has always told."""
    talk = Talk(world)
    before = talk.says("One.")
    row = talk.says("Two. [fault: status=429, ok]")
    assert row["account"] != before["account"]
    assert row["cache_miss"] == "account"
    assert row["cache_miss_tokens"] == row["cached_tokens_lost"] > 3000


def test_a_history_that_was_healed(world: World) -> None:
    """What this server changed is named so; once healed, the next turn is read from the cache again."""
    talk = Talk(world)
    talk.more = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    assert talk.says("One.")["cache_miss"] == ""
    assert talk.says(f"Two. {LONG}")["cache_miss"] == ""
    row = talk.says("Three. [fault: refused_signature, ok]")
    assert row["healed"]
    assert row["cache_miss"] == "server"
    assert talk.says("Four.")["cache_miss"] == ""
    assert "taken out of the history" in str(row["diagnostics"])
