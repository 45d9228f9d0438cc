"""Claude Code and gemini-cli, run headless through the real server with a turn that uses a tool."""

import json
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.served.npm_clients import NotInstalled, claude_code, client_path, gemini_cli
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
    """The bodies of the turns that upstream was asked for: small requests beside them offer no tools."""
    return [body for body in world.upstream_bodies() if body.get("tools")]


@pytest.mark.parametrize("model", [CLAUDE, "claude-on-gemini", "claude-on-openai"])
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
