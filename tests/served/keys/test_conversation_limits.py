"""What one conversation may do within an hour, through the real server and the official SDK."""

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import anthropic
import httpx
import pytest

from tests.running_server import ServerWorld
from tests.served.keys.test_key_limits import new_key
from tests.served.keys.test_key_usage import page as key_page
from tests.served.operators import log_in, make_operator
from tests.served.world import CLAUDE, KEY, World, lasting_world


@pytest.fixture(scope="module")
def world(server_world: ServerWorld) -> Iterator[World]:
    """A server whose keys stop runaways."""
    with lasting_world(server_world) as world:
        yield world
        assert "Traceback" not in world.server.log_text


def turn(world: World, key: str, session: str, model: str = CLAUDE, **headers: str) -> httpx.Response:
    """One turn of Claude Code's, ended on record."""
    body = {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": "Go on."}]}
    told = {"x-api-key": key, "x-claude-code-session-id": session, **headers}
    response = world.client.post("/v1/messages", json=body, headers=told)
    world.row(response)
    return response


def test_a_runaway_is_warned_and_then_stopped(world: World) -> None:
    """By turns: the fifth is warned, the sixth refused in its dialect; another conversation goes on."""
    key = new_key(world, "runaway", "--conversation-turns-per-hour", "5")
    session = str(uuid.uuid4())
    answers = [turn(world, key, session) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert [("x-conversation-warning" in answer.headers) for answer in answers[:5]] == [False] * 4 + [True]
    assert "80 %" in answers[4].headers["x-conversation-warning"]
    assert "conversation_limit" in str(world.row(answers[4])["diagnostics"])
    refused = answers[5]
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert "5 turns for one conversation within an hour" in refused.json()["error"]["message"]
    assert 3000 < int(refused.headers["retry-after"]) <= 3600
    assert refused.headers["x-should-retry"] == "false"
    assert world.row(refused)["outcome"] == "over_budget"
    assert turn(world, key, str(uuid.uuid4())).status_code == 200
    with pytest.raises(anthropic.RateLimitError, match="It may go on at"):
        anthropic.Anthropic(api_key=key, base_url=world.server.base_url).messages.create(
            model=CLAUDE,
            max_tokens=100,
            messages=[{"role": "user", "content": "Go on."}],
            extra_headers={"x-claude-code-session-id": session},
        )


def test_the_holder_sees_what_a_conversation_has_had(world: World) -> None:
    """By the client's own name for it, or of the last hour; so do the key's page and the conversation's. Who
    holds another key and sends the same name sees its own conversation alone.
    """
    options = ("--conversation-turns-per-hour", "4", "--conversation-usd-per-hour", "5")
    mine, others = new_key(world, "seen", *options), new_key(world, "unseen", *options)
    session = str(uuid.uuid4())
    rows = [world.row(turn(world, key, session)) for key in (mine, mine, mine, others)]
    assert turn(world, mine, str(uuid.uuid4())).status_code == 200

    def told(key: str, **asked: str) -> list[dict[str, Any]]:
        answer = world.client.get("/v1/usage", headers={"x-api-key": key}, params=asked)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["conversations"])

    [own] = told(mine, conversation=session)
    assert (own["conversation"], own["limited_by"], own["name"]) == (rows[0]["conversation"], "key", "seen")
    turns, money = own["limits"]
    assert turns == {
        "measure": "turns", "period": "hour", "limit": 4, "used": 3, "left": 1, "free_at": None,
    }  # fmt: skip
    assert Decimal(money["used"]) == sum(Decimal(str(row["cost"])) for row in rows[:3]) > 0
    assert told(mine, conversation=rows[0]["conversation"]) == [own]
    assert [one["limits"][0]["used"] for one in told(mine)] == [1, 3]
    [theirs] = told(others)
    assert theirs == told(others, conversation=session)[0]
    assert (theirs["conversation"], theirs["limits"][0]["used"]) == (rows[3]["conversation"], 1)
    foreign = told(others, conversation=rows[0]["conversation"])
    assert {limit["used"] for limit in foreign[0]["limits"]} == {0, "0.0000000000"}
    assert foreign[0]["conversation"] == rows[0]["conversation"]
    assert turn(world, mine, session).status_code == 200
    spent = told(mine, conversation=session)[0]["limits"][0]
    assert (spent["left"], spent["free_at"] is None) == (0, False)
    page = key_page(world, mine).text
    assert f"<code>{own['conversation'][:12]}</code>" in page
    assert "4 turns (100 %)" in page
    assert theirs["conversation"][:12] not in page
    make_operator(world)
    with httpx.Client(base_url=world.server.base_url, timeout=60, follow_redirects=True) as browser:
        log_in(browser)
        page = browser.get(f"/monitor/conversations/{own['conversation']}/").text
    assert "limit of the client key seen" in page
    assert "<b>4 turns of 4 turns within the last hour (100 %)</b>" in page


def test_a_name_that_is_none(world: World) -> None:
    """Too long or with a NUL: a clear refusal in the caller's dialect; a strange one is nobody's."""
    key = new_key(world, "odd", "--conversation-turns-per-hour", "4")
    for name in ("x" * 10_000, "a\0b"):
        answer = world.client.get("/v1/usage", headers={"x-api-key": key}, params={"conversation": name})
        assert answer.status_code == 400
        assert "at most 512 characters" in answer.json()["error"]["message"]
    for name in ("' OR 1=1 --", "\N{GRINNING FACE}", "f" * 32):
        answer = world.client.get("/v1/usage", headers={"x-api-key": key}, params={"conversation": name})
        assert [one["limits"][0]["used"] for one in answer.json()["conversations"]] == [0]


def test_sub_agents_and_money(world: World) -> None:
    """No third sub-agent, while the two that work go on; and no turn when the money is spent."""
    key = new_key(world, "agents", "--conversation-agents-per-hour", "2")
    session = str(uuid.uuid4())
    said = [
        turn(world, key, session, **{"x-claude-code-agent-id": agent}).status_code
        for agent in ("one", "two", "three", "one")
    ]
    assert [*said, turn(world, key, session).status_code] == [200, 200, 429, 200, 200]
    poor = new_key(world, "poor", "--conversation-usd-per-hour", "0.0001")
    answers = [turn(world, poor, session) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert "$0.00" in answers[1].json()["error"]["message"]


def test_a_mapping_stops_a_runaway_of_any_key(world: World) -> None:
    """By its own turns, whoever asks; the start page and the key's own view tell of limits too."""
    world.import_mappings(
        [
            {"pattern": "watched-model", "target": CLAUDE, "conversation_turns_per_hour": 2},
            {"pattern": "known-by-now", "target": CLAUDE},
        ]
    )
    world.wait_for_model("known-by-now")
    session = str(uuid.uuid4())
    assert turn(world, KEY, session).status_code == 200
    answers = [turn(world, KEY, session, "watched-model") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "The mapping 'watched-model' allows 2 turns" in answers[2].json()["error"]["message"]
    assert answers[2].headers["x-should-retry"] == "false"
    assert turn(world, KEY, session).status_code == 200
    make_operator(world)
    with httpx.Client(base_url=world.server.base_url, timeout=60, follow_redirects=True) as browser:
        log_in(browser)
        page = browser.get("/admin/").text
    conversation = world.row(answers[0])["conversation"]
    assert f"The conversation {conversation[:12]} is refused" in page
    assert "watched-model" in page
    limited = new_key(world, "viewed", "--conversation-turns-per-hour", "5")
    usage = httpx.get(f"{world.server.base_url}/v1/usage", headers={"x-api-key": limited}).json()
    assert usage["conversation_limits"] == [{"measure": "turns", "period": "hour", "limit": 5}]
