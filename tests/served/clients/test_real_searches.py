"""Claude Code's WebSearch before Claude and OpenAI accounts, whose searches are told as the vendors do.

Its search is a request of its own, which gets a recorded answer; all others go to the simulator.
"""

import json
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.running_server import ROOT
from tests.served.clients.npm_clients import claude_code
from tests.served.clients.test_real_clients import home as home
from tests.served.clients.test_real_clients import installed
from tests.served.kinds.every_kind import wait_for_names
from tests.served.world import KEY, World

pytestmark = pytest.mark.timeout(400)  # the first run installs it

TRANSCRIPTS = {
    "anthropic": ("anthropic_server_tool.sse", ["https://example.com/weather"], "It rains."),
    "openai": ("openai_responses_web_search.sse", ["https://example.org/tower"], "The tower is 333 m high."),
}
"""By kind: the answer, the pages that the search found, and its words. This one of OpenAI's tells its page in
the answer's annotations alone.
"""
MODELS = {"anthropic": "claude-opus-4-7", "openai": "gpt-6.1-sol"}


class Searching(BaseHTTPRequestHandler):
    """Answers a search with the transcript, and hands on everything else."""

    simulator: str = ""
    transcript: bytes = b""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        tools = json.loads(body).get("tools") or []
        if len(tools) == 1 and str(tools[0].get("type")).startswith("web_search"):
            told, status, kind = self.transcript, 200, "text/event-stream"
        else:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = httpx.post(self.simulator + self.path, content=body, headers=headers, timeout=60)
            told, status, kind = answer.content, answer.status_code, answer.headers["content-type"]
        self.send_response(status)
        self.send_header("content-type", kind)
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def prefix() -> str:
    """What the names of this test's models begin with: the server may still know those of the one before."""
    return f"search-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def searching(kinds_world: World, prefix: str) -> Iterator[World]:
    """The world of every kind with an account of either kind at such a server, each with a name for it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Searching)
    Thread(target=server.serve_forever, daemon=True).start()
    Searching.simulator = kinds_world.simulator.base_url
    kinds_world.import_accounts(
        [
            {
                "email": f"searching@{kind}",
                "kind": kind,
                "base_url": f"http://127.0.0.1:{server.server_port}",
                "models": [model],
                "priority": 9,
                "credential": {"api_key": f"sim-searching@{kind}"},
            }
            for kind, model in MODELS.items()
        ]
    )
    kinds_world.import_mappings(
        [{"pattern": f"{prefix}-{kind}", "target": model, "kinds": [kind]} for kind, model in MODELS.items()]
    )
    wait_for_names(kinds_world, {f"{prefix}-{kind}" for kind in MODELS})
    yield kinds_world
    ours = "Account.objects.filter(email__startswith='searching@')"
    forget = f"from accounts.models import Account; {ours}.delete()"
    kinds_world.server.manage("shell", "-v0", "-c", forget)
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("kind", MODELS)
def test_claude_code_counts_a_vendors_own_search(
    searching: World, home: Path, prefix: str, kind: str
) -> None:
    """It did one search, and has the pages and the words that came of it."""
    installed("@anthropic-ai/claude-code")
    name, pages, words = TRANSCRIPTS[kind]
    Searching.transcript = (ROOT / "tests" / "transcripts" / name).read_bytes()
    told = ("--output-format", "stream-json", "--verbose")
    prompt, model = "Please call WebSearch once.", f"{prefix}-{kind}"
    done = claude_code(home, searching.server.base_url, KEY, prompt, model, *told, tool="WebSearch")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    [result] = [line["tool_use_result"] for line in lines if line.get("tool_use_result")]
    found = [hit["url"] for one in result["results"] if isinstance(one, dict) for hit in one["content"]]
    assert (found, result["searchCount"]) == (pages, 1)
    assert words in json.dumps(result["results"])
