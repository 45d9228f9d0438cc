"""Why the prompt cache was not read, through the real server: on the row, and on the request's page."""

import uuid
from typing import Any

import pytest

from tests.running_server import json_value
from tests.served.speakers import PNG
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
        self.language = "English"
        self.tools = [
            {"name": name, "description": LONG[:300], "input_schema": {"type": "object"}}
            for name in ("read", "write")
        ]
        self.messages: list[dict[str, Any]] = []
        self.marks: dict[str, Any] | None = MARK
        self.more: dict[str, Any] = {}

    def says(self, prompt: str | list[dict[str, Any]]) -> dict[str, Any]:
        """The row of the next turn."""
        self.messages.append({"role": "user", "content": prompt})
        language = {"type": "text", "text": f"{LONG} Answer in {self.language}.", "cache_control": self.marks}
        response = self.world.client.post(
            "/v1/messages",
            headers={"x-claude-code-session-id": self.session},
            json={
                "model": self.model,
                "max_tokens": 4096,
                "cache_control": self.marks,
                "system": [{"type": "text", "text": self.system}, language],
                "tools": self.tools,
                "messages": self.messages,
                **self.more,
            },
        )
        assert response.status_code == 200, response.text
        self.last_id = response.json()["id"]
        self.messages.append({"role": "assistant", "content": response.json()["content"]})
        return self.world.row(response)


PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}


def describes_a_tool_anew(talk: Talk) -> None:
    talk.tools[1]["description"] += " It asks before it writes."


def adds_a_tool(talk: Talk) -> None:
    talk.tools.append({"name": "ask", "description": "Asks.", "input_schema": {"type": "object"}})


def reorders_the_tools(talk: Talk) -> None:
    talk.tools.reverse()


def dates_the_system_prompt(talk: Talk) -> None:
    talk.system += " It is twelve o'clock."


def changes_the_second_block(talk: Talk) -> None:
    talk.language = "Japanese"


def drops_a_picture(talk: Talk) -> None:
    talk.messages[2]["content"] = [one for one in talk.messages[2]["content"] if one["type"] == "text"]


def puts_words_into_its_mouth(talk: Talk) -> None:
    talk.messages[3]["content"] = "I never said so."


def compacts(talk: Talk) -> None:
    talk.messages[:] = [
        {"role": "user", "content": f"This session goes on from another: {LONG * 2}"},
        {"role": "assistant", "content": "Go on."},
    ]


def goes_back_and_on(talk: Talk) -> None:
    del talk.messages[2:]
    talk.messages += [
        {"role": "user", "content": f"Rather: {LONG * 2}"},
        {"role": "assistant", "content": "Yes."},
    ]


STAGED = [
    (reorders_the_tools, "tools", "reordered"),
    (adds_a_tool, "tools", ""),
    (describes_a_tool_anew, "tools", ""),
    (dates_the_system_prompt, "system", ""),
    (changes_the_second_block, "system", ""),
    (drops_a_picture, "turn", "3"),
    (puts_words_into_its_mouth, "turn", "4"),
    (goes_back_and_on, "fork", "3"),
    (compacts, "history", "5 → 3"),
]
"""What the client does, how it is named, and what of it is told."""


@pytest.mark.timeout(600)  # 45 turns each
@pytest.mark.parametrize("model", [CLAUDE, "claude-on-gemini", "claude-on-openai"])
def test_each_staged_change_is_named(kinds_world: World, model: str, subtests: pytest.Subtests) -> None:
    """In the fourth turn, passed through or translated: its cause, what exactly, and tokens; what the turns
    before and behind it read is nothing to speak of.
    """
    for change, cause, detail in STAGED:
        with subtests.test(change.__name__):
            talk = Talk(kinds_world, model)
            before = [talk.says("One."), talk.says([{"type": "text", "text": f"Two. {LONG * 2}"}, PICTURE])]
            before.append(talk.says(f"Three. {LONG * 2}"))
            change(talk)
            row, after = talk.says("Four."), talk.says("Five.")
            assert [one["cache_miss"] for one in (*before, row, after)] == ["", "", "", cause, ""]
            assert row["cache_miss_tokens"] > 100
            told = json_value(row["diagnostics"])["cache_miss"] if detail else ""
            assert detail in told


def test_what_upstream_forgot(world: World) -> None:
    """Nothing has changed, and yet it is not read: upstream's side."""
    talk = Talk(world)
    talk.says("One.")
    talk.says("Two.")
    world.simulator.reset()
    assert [talk.says(prompt)["cache_miss"] for prompt in ("Three.", "Four.")] == ["upstream", ""]


@pytest.mark.timeout(600)  # they are many
@pytest.mark.parametrize("model", [CLAUDE, "claude-on-gemini", "claude-on-openai"])
def test_two_hundred_turns_without_a_miss(kinds_world: World, model: str) -> None:
    """A long conversation as a client leads it, with all that it grows by: none is reported."""
    talk = Talk(kinds_world, model)
    rows = [talk.says(f"Question {number}.") for number in range(200)]
    assert {row["cache_miss"] for row in rows} == {""}
    assert all(row["tokens_cached"] for row in rows[1:])
    assert len({row["account"] for row in rows}) == 1


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
