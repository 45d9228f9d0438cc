"""A server with accounts at the simulator: what the tests of the whole are played in.

``World`` joins one ``RunningServer`` and one ``SimulatorThread``; every request it sends is a real one.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from relay.simulator.ledger import Received
from relay.simulator.thread import SimulatorThread
from tests.running_server import RunningServer, ServerWorld

KEY = "sk-test-0123456789abcdef"
PATIENCE_SECONDS = 60
"""How long a busy machine may take for what is waited for; how soon it comes is no rule of these tests."""

AT_ONCE = {"RELAY_BACKOFF_SCALE": "0", "RELAY_RETRY_SHARE": "100", "RELAY_BREAKER_ATTEMPTS": "0"}
"""Retries do not wait, and no upstream is left alone."""

CLAUDE, GEMINI = "claude-sonnet-4-6", "gemini-3-flash-preview"
ACCOUNTS = (
    ("gemini", "a@gemini"),
    ("gemini", "b@gemini"),
    ("gemini", "c@gemini"),
    ("anthropic", "a@anthropic"),
    ("anthropic", "b@anthropic"),
    ("anthropic", "c@anthropic"),
)
MAPPINGS = (
    {"pattern": "claude-on-gemini", "target": GEMINI, "kinds": ["gemini"]},
    {"pattern": "gemini-on-claude", "target": CLAUDE, "kinds": ["anthropic"]},
)


class World:
    """One server and the upstream behind it."""

    def __init__(
        self, server: RunningServer, simulator: SimulatorThread, *, is_furnished: bool = False
    ) -> None:
        """The accounts, mappings and key are made here, unless they were before the server's start."""
        self.server = server
        self.simulator = simulator
        if not is_furnished:
            furnish(server.manage, simulator)
        self.client = httpx.Client(base_url=server.base_url, timeout=60, headers={"x-api-key": KEY})
        self._wait_until_the_server_knows()

    def import_accounts(self, accounts: list[dict[str, Any]]) -> None:
        """As an operator does."""
        self.server.manage("import_accounts", "-", stdin=json.dumps(accounts))

    def import_mappings(self, mappings: list[dict[str, Any]]) -> None:
        """As an operator does."""
        self.server.manage("import_mappings", "-", stdin=json.dumps(mappings))

    def _wait_until_the_server_knows(self) -> None:
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while (
            self.client.get("/v1/models").status_code != 200 or self.client.get("/readyz").status_code != 200
        ):
            assert time.monotonic() < ends_at, "a change did not reach the server"
            time.sleep(0.05)

    def wait_for_model(self, name: str) -> None:
        """Return when an imported account or mapping that names ``name`` is known."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while f'"{name}"' not in self.client.get("/v1/models").text:
            assert time.monotonic() < ends_at, f"{name} did not become known"
            time.sleep(0.05)

    # --- requests -------------------------------------------------------------------------------
    def messages(self, prompt: str = "Hello.", **more: Any) -> httpx.Response:
        """POST /v1/messages, streamed unless ``stream=False``; the whole answer."""
        body = {
            "model": CLAUDE,
            "max_tokens": 1024,
            "stream": True,
            "messages": [{"role": "user", "content": prompt}],
            **more,
        }
        return self.client.post("/v1/messages", json=body)

    def gemini(
        self,
        prompt: str = "Hello.",
        *,
        model: str = GEMINI,
        method: str = "streamGenerateContent?alt=sse",
        **more: Any,
    ) -> httpx.Response:
        """POST …:streamGenerateContent?alt=sse (or another method); the whole answer."""
        body = {"contents": [{"role": "user", "parts": [{"text": prompt}]}], **more}
        return self.client.post(f"/v1beta/models/{model}:{method}", json=body)

    def upstream_bodies(self) -> list[dict[str, Any]]:
        """What ``generations`` asked, decoded."""
        return [json.loads(request.body) for request in self.generations()]

    def generations(self) -> list[Received]:
        """The generation requests that reached upstream since the last reset; no questions for quotas."""
        paths = ("/messages", "awPredict", "enerateContent", "/chat/completions", "/responses")
        return [one for one in self.simulator.requests if one.path.partition("?")[0].endswith(paths)]

    def upstream_bodies_at(self, part: str) -> list[dict[str, Any]]:
        """The requests whose path contains ``part``, since the last reset, decoded."""
        return [json.loads(r.body) for r in self.simulator.requests if part in r.path]

    # --- what is on record ------------------------------------------------------------------------
    def row(self, response_or_id: httpx.Response | str) -> dict[str, Any]:
        """The row of an exchange, once it has ended."""
        if isinstance(response_or_id, str):
            request_id = response_or_id
        else:
            request_id = response_or_id.headers["x-request-id"]
        return self.eventually(
            "SELECT * FROM monitor_requestlog WHERE id = %s AND in_flight = false", (request_id,)
        )[0]

    def attempts(self, response: httpx.Response) -> list[dict[str, Any]]:
        """The attempts of an exchange that has ended, in order."""
        row = self.row(response)
        query = "SELECT * FROM monitor_attemptlog WHERE request_id = %s ORDER BY number"
        return self.eventually(query, (row["id"],))

    def eventually(self, query: str, parameters: tuple[object, ...]) -> list[dict[str, Any]]:
        """The rows of ``query``, as soon as there are any: what the server writes, it writes behind."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while not (rows := self.server.rows(query, parameters)):
            assert time.monotonic() < ends_at, f"no row for {query} {parameters}"
            time.sleep(0.02)
        return rows

    def log_lines(self, response: httpx.Response) -> list[str]:
        """The lines of app.log of one exchange; its end must be written."""
        self.row(response)
        request_id = response.headers["x-request-id"]
        marker = uuid.uuid4().hex
        self.client.get(f"/v1/models/{marker}")
        return [line for line in self.server.log_text.splitlines() if request_id in line]

    def fresh(self) -> Iterator["World"]:
        """For a fixture: this world with a fresh simulator; what a test marked is cleared behind it."""
        self.simulator.reset()
        yield self
        self.clear_marks()

    def clear_marks(self) -> None:
        """Every account is usable again, if any attempt met a refusal since the simulator's last reset."""
        if any((request.status or 0) >= 400 for request in self.simulator.requests):
            self.server.manage("clear_cooldowns", "--enable")


def furnish(manage: Callable[..., str], simulator: SimulatorThread) -> None:
    """Make accounts at the simulator, mappings and a key, as an operator does."""
    accounts = [
        {
            "email": email,
            "kind": kind,
            "base_url": simulator.base_url,
            "credential": {"api_key": f"sim-{email}"},
        }
        for kind, email in ACCOUNTS
    ]
    manage("import_accounts", "-", stdin=json.dumps(accounts))
    manage("import_mappings", "-", stdin=json.dumps(MAPPINGS))
    manage("create_client_key", "tests", "--key", KEY)


@contextmanager
def new_world(start: Any, **env: str) -> Iterator[World]:
    """A world of its own, with ``env`` added to the server's environment; ``start`` is ``running_server``."""
    with SimulatorThread() as simulator:
        server = start(env={**AT_ONCE, **env}, first=lambda management: furnish(management.run, simulator))
        world = World(server, simulator, is_furnished=True)
        try:
            yield world
        finally:
            world.client.close()
            server.stop()


@contextmanager
def lasting_world(server_world: ServerWorld, **env: str) -> Iterator[World]:
    """The same for a fixture that several tests share; its data goes with it."""
    with new_world(server_world.new, **env) as world:
        yield world
    server_world.discard(world.server.data_dir)


def events(response: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    """The SSE events of a whole answer: (name, data)."""
    found = []
    for block in response.text.replace("\r\n", "\n").split("\n\n"):
        lines = dict(
            line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":")
        )
        if "data" in lines and lines["data"] != "[DONE]":
            found.append((lines.get("event", ""), json.loads(lines["data"])))
    return found


def text_of(response: httpx.Response) -> str:
    """The text of a streamed answer of any dialect."""
    said = ""
    for _, data in events(response):
        if data.get("type") == "content_block_delta":
            said += data["delta"].get("text", "")
        if data.get("type") == "response.output_text.delta":
            said += data["delta"]
        for choice in data.get("choices", []):
            said += choice["delta"].get("content") or ""
        for candidate in data.get("candidates", []):
            parts = candidate.get("content", {}).get("parts", [])
            said += "".join(part.get("text", "") for part in parts if not part.get("thought"))
    return said


__all__ = [
    "CLAUDE",
    "GEMINI",
    "KEY",
    "PATIENCE_SECONDS",
    "Path",
    "World",
    "events",
    "furnish",
    "lasting_world",
    "new_world",
    "text_of",
]
