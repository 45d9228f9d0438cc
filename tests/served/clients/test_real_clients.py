"""Claude Code, gemini-cli, Codex CLI and OpenCode, headless through the real server, with tools."""

import json
import re
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.served.clients.npm_clients import (
    NotInstalled,
    claude_code,
    client_path,
    codex,
    gemini_cli,
    opencode,
)
from tests.served.keys.test_key_limits import new_key
from tests.served.kinds.every_kind import CODEX_MODEL
from tests.served.operators import log_in, make_operator
from tests.served.world import CLAUDE, GEMINI, KEY, World

pytestmark = pytest.mark.timeout(400)  # the first run installs them


@pytest.fixture
def home() -> Iterator[Path]:
    """A home directory that nobody has used before."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def installed(package: str) -> None:
    """Skip, loudly, where the client cannot be had."""
    try:
        client_path(package)
    except NotInstalled as reason:
        warnings.warn(f"{package} was NOT tried: {reason}", stacklevel=2)
        pytest.skip(f"{package} was NOT tried: {reason}")


def asked_with_tools(world: World) -> list[dict[str, Any]]:
    """The bodies of the turns that upstream was asked for: small requests beside them offer no tools.

    A model of Google's may be asked of a Code Assist account, where the request stands in an envelope.
    """
    bodies = [body.get("request", body) for body in world.upstream_bodies()]
    return [body for body in bodies if body.get("tools")]


@pytest.mark.parametrize("model", [CLAUDE, "claude-on-gemini", "claude-on-older-gemini", "claude-on-openai"])
def test_claude_code_uses_a_tool(kinds_world: World, home: Path, model: str) -> None:
    """It asks, is told to call Glob, sends the result and shows the answer, whoever the upstream is."""
    installed("@anthropic-ai/claude-code")
    done = claude_code(home, kinds_world.server.base_url, KEY, "Please call Glob once.", model)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["is_error"] is False, result
    assert result["num_turns"] == 2
    assert result["result"].startswith("The tool said: ")
    assert len(asked_with_tools(kinds_world)) == 2
    refused = [request.status for request in kinds_world.simulator.requests if request.status != 200]
    assert refused == []


@pytest.mark.parametrize("model", ["claude-on-gemini", "claude-on-older-gemini"])
def test_claude_code_counts_its_searches(kinds_world: World, home: Path, model: str) -> None:
    """Its WebSearch asks the model in a request of its own, and counts the searches that it is told of."""
    installed("@anthropic-ai/claude-code")
    prompt = "Please call WebSearch once."
    told = ("--output-format", "stream-json", "--verbose")
    base_url = kinds_world.server.base_url
    done = claude_code(home, base_url, KEY, prompt, model, *told, tool="WebSearch")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    [result] = [line["tool_use_result"] for line in lines if line.get("tool_use_result")]
    assert [hit["url"] for one in result["results"] if isinstance(one, dict) for hit in one["content"]]
    assert result["searchCount"] == 1
    refused = [request.status for request in kinds_world.simulator.requests if request.status != 200]
    assert refused == []


@pytest.mark.parametrize("model", [GEMINI, "gemini-on-claude"])
def test_gemini_cli_uses_a_tool(kinds_world: World, home: Path, model: str) -> None:
    """The same with Google's client: its call comes back with id and signature as it was received."""
    installed("@google/gemini-cli")
    done = gemini_cli(home, kinds_world.server.base_url, KEY, "Please call glob once.", model)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert answer["response"].startswith("The tool said: ")
    assert answer["stats"]["tools"]["byName"]["glob"]["count"] == 1
    assert all(used["api"]["totalErrors"] == 0 for used in answer["stats"]["models"].values())
    refused = [request.status for request in kinds_world.simulator.requests if request.status != 200]
    assert refused == []


def test_agents_go_on_with_a_session(kinds_world: World, home: Path, subtests: pytest.Subtests) -> None:
    """What another vendor's account said, calls and results too, is a history that it takes again."""
    base_url = kinds_world.server.base_url
    first, second = "Please call Glob once.", "And what did I ask before?"
    with subtests.test("Claude Code on Gemini"):
        installed("@anthropic-ai/claude-code")
        begun = json.loads(claude_code(home, base_url, KEY, first, "claude-on-gemini").stdout)
        resumed = ("--resume", begun["session_id"])
        done = json.loads(claude_code(home, base_url, KEY, second, "claude-on-gemini", *resumed).stdout)
        assert (done["is_error"], done["session_id"]) == (False, begun["session_id"])
        assert first in json.dumps(asked_with_tools(kinds_world)[-1])
    with subtests.test("gemini-cli on Claude"):
        installed("@google/gemini-cli")
        begun = json.loads(gemini_cli(home, base_url, KEY, first.lower(), "gemini-on-claude").stdout)
        resumed = ("--resume", begun["session_id"])
        done = json.loads(gemini_cli(home, base_url, KEY, second, "gemini-on-claude", *resumed).stdout)
        assert done["response"]
        assert first.lower() in json.dumps(asked_with_tools(kinds_world)[-1])
    with subtests.test("Codex on Gemini"):
        installed("@openai/codex")
        command = "Please call exec_command once."
        codex(home, base_url, KEY, command, "on-gemini")
        done = codex(home, base_url, KEY, second, "on-gemini", "resume", "--last")
        assert done.returncode == 0, done.stdout + done.stderr
        assert said_by_codex(done)[1]
        assert command in json.dumps(asked_with_tools(kinds_world)[-1])
    assert {request.status for request in kinds_world.simulator.requests} == {200}


def test_a_resumed_gemini_cli_is_answered_by_gemini(kinds_world: World, home: Path) -> None:
    """It sends each tool's result twice, which Google refuses: the history is healed, and the user sees none
    of it.
    """
    installed("@google/gemini-cli")
    base_url = kinds_world.server.base_url
    begun = json.loads(gemini_cli(home, base_url, KEY, "Please call glob once.", GEMINI).stdout)
    resumed = ("--resume", begun["session_id"])
    done = gemini_cli(home, base_url, KEY, "And what did I ask before?", GEMINI, *resumed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["response"]
    assert "Please call glob once." in json.dumps(asked_with_tools(kinds_world)[-1])


def said_by_codex(done: subprocess.CompletedProcess[str]) -> tuple[list[str], str]:
    """The kinds of the items that Codex tells of, without its own warnings, and its last message."""
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    messages = [item["text"] for item in items if item["type"] == "agent_message"]
    return [item["type"] for item in items if item["type"] != "error"], messages[-1]


@pytest.mark.parametrize("model", ["on-openai", "on-claude", "on-gemini", "on-open"])
def test_codex_runs_a_command(kinds_world: World, home: Path, model: str) -> None:
    """It offers functions and a namespace of them, is told to run a command, and sends what came of it."""
    installed("@openai/codex")
    done = codex(home, kinds_world.server.base_url, KEY, "Please call exec_command once.", model)
    assert done.returncode == 0, done.stdout + done.stderr
    kinds, answer = said_by_codex(done)
    assert "command_execution" in kinds
    assert answer.startswith("The tool said: ")
    assert {request.status for request in kinds_world.simulator.requests} == {200}


def test_codex_runs_its_custom_tool_on_claude(kinds_world: World, home: Path) -> None:
    """For a model it knows, its tools come in the input, and the main one takes plain text."""
    installed("@openai/codex")
    done = codex(home, kinds_world.server.base_url, KEY, "Please call exec once.", CODEX_MODEL)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = said_by_codex(done)[1]
    assert answer.startswith("The tool said: Script failed")  # the simulator writes no JavaScript
    assert len(asked_with_tools(kinds_world)) == 2
    assert {request.status for request in kinds_world.simulator.requests} == {200}


@pytest.mark.stores
def test_a_run_with_a_sub_agent_is_one_conversation(kinds_world: World, home: Path) -> None:
    """Claude Code's main agent and the sub-agent that it starts: one conversation, a tree of two, and the
    conversation's money is the ledger's.
    """
    installed("@anthropic-ai/claude-code")
    base_url, prompt = kinds_world.server.base_url, "Please call Agent once."
    key, before = new_key(kinds_world, "one-sub-agent"), newest(kinds_world)
    done = claude_code(home, base_url, key, prompt, CLAUDE, tool="Agent")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = turns(kinds_world, before)
    assert [row["role"] for row in rows] == ["main", "sub", "main"]
    assert {row["client_name"] for row in rows} == {"Claude Code"}
    [conversation] = {row["conversation"] for row in rows}
    assert [row["agent"] == conversation for row in rows] == [True, False, True]
    assert rows[1]["parent_agent"] == conversation
    assert rows[1]["agent_label"]
    ledger_agrees(kinds_world, key, conversation, rows)


@pytest.mark.parametrize("prompt", ["Please call Agent 2 times.", "Please call Agent twice in parallel."])
@pytest.mark.stores
def test_two_sub_agents_are_branches_of_one_conversation(kinds_world: World, home: Path, prompt: str) -> None:
    """One behind the other, or at once: each is an agent of its own under the main one, as is the money."""
    installed("@anthropic-ai/claude-code")
    base_url = kinds_world.server.base_url
    key, before = new_key(kinds_world, f"sub-agents-{len(prompt)}"), newest(kinds_world)
    done = claude_code(home, base_url, key, prompt, CLAUDE, tool="Agent")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = turns(kinds_world, before)
    [conversation] = {row["conversation"] for row in rows}
    subs = [row for row in rows if row["role"] == "sub"]
    assert len({row["agent"] for row in subs}) == 2
    assert {row["parent_agent"] for row in subs} == {conversation}
    assert {row["agent"] for row in rows if row["role"] == "main"} == {conversation}
    ledger_agrees(kinds_world, key, conversation, rows)
    page_shows(kinds_world, conversation, rows)


@pytest.mark.stores
def test_opencode_is_one_conversation(kinds_world: World, home: Path) -> None:
    """A run with a tool, and the run that goes on with its session."""
    installed("opencode-ai")
    base_url = kinds_world.server.base_url
    key, before = new_key(kinds_world, "opencode-alone"), newest(kinds_world)
    done = opencode(home, base_url, key, "Please call read once.", "on-openai-old")
    assert done.returncode == 0, done.stdout + done.stderr
    session = json.loads(done.stdout.splitlines()[0])["sessionID"]
    again = opencode(home, base_url, key, "And what did I ask before?", "on-openai-old", "--session", session)
    assert again.returncode == 0, again.stdout + again.stderr
    rows = turns(kinds_world, before)
    assert len(rows) == 3
    assert {(row["client_name"], row["role"]) for row in rows} == {("OpenCode", "main")}
    [conversation] = {row["conversation"] for row in rows}
    ledger_agrees(kinds_world, key, conversation, rows)
    page_shows(kinds_world, conversation, rows)


def ledger_agrees(world: World, key: str, conversation: str, rows: list[dict[str, Any]]) -> None:
    """The conversation's page counts those very turns and their money, which is all that the ledger has of
    the key that only asked there.
    """
    [told] = world.eventually("SELECT * FROM monitor_conversation WHERE id = %s", (conversation,))
    assert told["turns"] == len(rows)
    assert told["by_sub_agents"] == sum(row["role"] == "sub" for row in rows)
    assert told["cost_units"] == sum(round(Decimal(str(row["cost"])) * 10**10) for row in rows)
    assert {row["cache_miss"] for row in rows} == {""}  # nothing was lost, so nothing is guessed
    booked = world.client.get("/v1/usage", headers={"x-api-key": key}).json()["total"]
    assert booked["requests"] == len(rows)
    assert round(Decimal(booked["cost_usd"]) * 10**10) == told["cost_units"] > 0


def page_shows(world: World, conversation: str, rows: list[dict[str, Any]]) -> None:
    """An operator sees the main agent, its sub-agents below it, and each turn."""
    make_operator(world)
    with httpx.Client(base_url=world.server.base_url, timeout=60) as browser:
        log_in(browser)
        page = browser.get(f"/monitor/conversations/{conversation}/").text
    agents = {row["agent"] for row in rows}
    linked = re.findall(r'<td class="[^"]*\b(depth-\d)">.*?\?agent=(\w+)"', page)
    assert sorted(linked) == sorted((f"depth-{int(one != conversation)}", one) for one in agents)
    assert linked[0][1] == conversation
    assert [row["id"] for row in rows if f"/monitor/history/{row['id']}/" not in page] == []


@pytest.mark.stores
def test_codex_is_one_conversation(kinds_world: World, home: Path) -> None:
    """What Codex asks in one run, and in the run that resumes it, is one conversation of its main agent."""
    installed("@openai/codex")
    base_url = kinds_world.server.base_url
    key, before = new_key(kinds_world, "codex-alone"), newest(kinds_world)
    codex(home, base_url, key, "Please call exec_command once.", CODEX_MODEL)
    codex(home, base_url, key, "And what did I ask before?", CODEX_MODEL, "resume", "--last")
    rows = turns(kinds_world, before)
    assert len(rows) >= 2
    assert {(row["client_name"], row["role"]) for row in rows} == {("Codex", "main")}
    [conversation] = {row["conversation"] for row in rows}
    ledger_agrees(kinds_world, key, conversation, rows)
    page_shows(kinds_world, conversation, rows)


def newest(world: World) -> str:
    """The id of a request made now; what came before it is on record too, as the writer keeps the order."""
    return str(world.row(world.messages())["id"])


def turns(world: World, after: str) -> list[dict[str, Any]]:
    """The answered requests of conversations behind an id, in order, once nothing is in flight."""
    return world.eventually(
        "SELECT * FROM monitor_requestlog WHERE id > %s AND id < %s AND conversation > '' AND status = 200"
        " AND NOT EXISTS (SELECT 1 FROM monitor_requestlog WHERE in_flight) ORDER BY id",
        (after, newest(world)),
    )
