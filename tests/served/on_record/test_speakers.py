"""Who speaks, through the real server: on the row, in the history's filters and in an export."""

from typing import Any

import httpx

from tests.running_server import json_value
from tests.served.operators import log_in, make_operator
from tests.served.world import CLAUDE, GEMINI, KEY, World

SESSION = {"x-claude-code-session-id": "8b9f1c1e-1", "user-agent": "claude-cli/2.1.150 (external, cli)"}


def asked(world: World, system: str = "", **headers: str) -> dict[str, Any]:
    """The row of a request with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = httpx.post(
        f"{world.server.base_url}/v1/messages",
        json={"model": CLAUDE, "max_tokens": 64, "messages": [{"role": "user", "content": "Hello."}]}
        | ({"system": system} if system else {}),
        headers={"x-api-key": KEY, **SESSION, **named},
    )
    assert answer.status_code == 200
    return world.row(answer)


def test_a_conversation_with_sub_agents_is_on_record(world: World) -> None:
    """Rows of one session are one conversation, told apart by agent, with a sub-agent's name."""
    main = asked(world)
    first = asked(world, x_claude_code_agent_id="explorer")
    deeper = asked(world, x_claude_code_agent_id="a2", x_claude_code_parent_agent_id="explorer")
    assert {row["conversation"] for row in (main, first, deeper)} == {main["agent"]}
    assert [row["role"] for row in (main, first, deeper)] == ["main", "sub", "sub"]
    assert [row["agent_label"] for row in (main, first, deeper)] == ["", "explorer", "a2"]
    assert [row["parent_agent"] for row in (main, first, deeper)] == ["", main["agent"], first["agent"]]
    assert {row["client_name"] for row in (main, first, deeper)} == {"Claude Code"}


def test_a_named_session_outlives_its_system_prompt(world: World) -> None:
    """The date in it changes at midnight, and the account stays; a sub-agent has a session of its own."""
    before, after = (asked(world, f"Today is the {day}. of May.") for day in (3, 4))
    sub = asked(world, "Today is the 3. of May.", x_claude_code_agent_id="explorer")
    assert before["session_hash"] == after["session_hash"] != sub["session_hash"]
    assert before["account"] == after["account"]
    nobody = {"x_claude_code_session_id": "", "user_agent": "curl/8"}
    unnamed = {asked(world, f"Today is the {day}.", **nobody)["session_hash"] for day in (3, 4)}
    assert len(unnamed) == 2


def test_forged_ids_do_no_harm(world: World) -> None:
    """Far too long, of strange signs, one's own parent, parents in a circle, a parent that never asked: each
    request is served, and the conversation's page has each agent once.
    """
    session = {"x_claude_code_session_id": "forged-ids"}
    agents = {"a": "b", "b": "a", "c": "c", "d": "never seen", "e": "forged-ids"}
    rows = [
        asked(world, **session, x_claude_code_agent_id=agent, x_claude_code_parent_agent_id=parent)
        for agent, parent in agents.items()
    ]
    rows.append(asked(world, **session))
    [conversation] = {row["conversation"] for row in rows}
    assert len({row["agent"] for row in rows}) == len(rows)
    for value in ("x" * 5_000, "%00", "'; DROP TABLE monitor_conversation; --", "<b>"):
        strange = asked(world, x_claude_code_session_id=value, x_claude_code_agent_id=value)
        assert strange["conversation"] not in ("", conversation)
        assert len(strange["agent_label"]) <= 64
    body = {"model": CLAUDE, "max_tokens": 64, "messages": [{"role": "user", "content": "Hello."}]}
    long = "x" * 10_000
    for more in ({"metadata": {"user_id": long}}, {"metadata": {"user_id": f'{{"session_id":"{long}"}}'}}):
        assert world.row(world.client.post("/v1/messages", json=body | more))["conversation"] != ""
    make_operator(world)
    with httpx.Client(base_url=world.server.base_url, timeout=60, follow_redirects=True) as browser:
        log_in(browser)
        page = browser.get(f"/monitor/conversations/{conversation}/")
    assert page.status_code == 200
    assert [page.text.count(f"?agent={row['agent']}") for row in rows] == [1] * len(rows)


def test_a_secret_in_an_agents_name_is_masked(world: World) -> None:
    """What a client writes there is on record without a key that it holds."""
    secret = "sk-ant-api03-" + "AbCdEfGhIjKlMnOpQrSt"
    assert secret not in str(asked(world, x_claude_code_agent_id=secret))


def test_a_mapping_for_sub_agents(world: World) -> None:
    """Sub-agents get another model than the main agent that names the same; the row says why."""
    cheaper = {"pattern": CLAUDE, "target": GEMINI, "role": "sub"}
    world.import_mappings([cheaper, {"pattern": "known-by-now", "target": GEMINI}])
    world.wait_for_model("known-by-now")
    main, sub = asked(world), asked(world, x_claude_code_agent_id="explorer")
    assert (main["mapped_model"], sub["mapped_model"]) == (CLAUDE, GEMINI)
    assert "mapping_for" not in json_value(main["diagnostics"])
    assert json_value(sub["diagnostics"])["mapping_for"] == f"sub-agents: {CLAUDE}"
