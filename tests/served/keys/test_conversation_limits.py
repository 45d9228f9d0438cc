"""What one conversation may do within an hour, through the real server and the official SDK."""

import uuid
from collections.abc import Iterator

import anthropic
import httpx
import pytest

from tests.running_server import ServerWorld
from tests.served.keys.test_key_limits import new_key
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
