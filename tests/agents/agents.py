"""The agents, each asked the same way: what it said, in which session, and whether it failed."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.served.clients.npm_clients import (
    NEWEST_CLAUDE_CODE,
    PACKAGES,
    claude_code,
    client_path,
    codex,
    gemini_cli,
    opencode,
)
from tests.served.world import KEY


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a run: the text that a user reads, the session, and the error that the user is told."""

    text: str
    session: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    """A program: ``tool`` is one of its own that needs no permission and no program beside it.

    ``ask(home, base_url, prompt, model, session)`` runs it; a session is resumed.
    """

    title: str
    package: str
    version: str
    tool: str
    ask: Callable[[Path, str, str, str, str], Said]

    @property
    def name(self) -> str:
        """Title and version."""
        return f"{self.title} {self.version}"

    def installed(self) -> None:
        """Have it here; raises NotInstalled."""
        client_path(self.package, self.version)


def _objects(text: str) -> list[dict[str, Any]]:
    """The JSON objects among the lines of ``text``."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def _failed(done: subprocess.CompletedProcess[str]) -> Said:
    told = (done.stdout + done.stderr).strip()[-200:]
    return Said("", "", f"exit code {done.returncode}: {told}")


def _claude_code(version: str) -> Callable[[Path, str, str, str, str], Said]:
    def ask(home: Path, base_url: str, prompt: str, model: str, session: str) -> Said:
        more = ("--resume", session) if session else ()
        done = claude_code(home, base_url, KEY, prompt, model, *more, version=version)
        if not done.stdout.startswith("{"):
            return _failed(done)
        told = json.loads(done.stdout)
        text = told.get("result") or ""
        return Said(text, told["session_id"], text or "no text" if told["is_error"] else "")

    return ask


def _gemini_cli(home: Path, base_url: str, prompt: str, model: str, session: str) -> Said:
    more = ("--resume", session) if session else ()
    done = gemini_cli(home, base_url, KEY, prompt, model, *more)
    if not done.stdout.startswith("{"):
        return _failed(done)
    told = json.loads(done.stdout)
    error = json.dumps(told["error"]) if "error" in told else ""
    return Said(told.get("response") or "", told.get("session_id") or "", error)


def _codex(home: Path, base_url: str, prompt: str, model: str, session: str) -> Said:
    more = ("resume", session) if session else ()
    done = codex(home, base_url, KEY, prompt, model, *more)
    told = _objects(done.stdout)
    if not told:
        return _failed(done)
    items = [event["item"] for event in told if event["type"] == "item.completed"]
    said = [item["text"] for item in items if item["type"] == "agent_message"]
    started = [event["thread_id"] for event in told if event["type"] == "thread.started"]
    failed = [event["error"]["message"] for event in told if event["type"] == "turn.failed"]
    return Said(said[-1] if said else "", started[0] if started else "", failed[-1] if failed else "")


def _opencode(home: Path, base_url: str, prompt: str, model: str, session: str) -> Said:
    more = ("--session", session) if session else ()
    done = opencode(home, base_url, KEY, prompt, model, *more)
    told = _objects(done.stdout)
    if not told:
        return _failed(done)
    said = [event["part"]["text"] for event in told if event["type"] == "text"]
    failed = [json.dumps(event["error"]) for event in told if event["type"] == "error"]
    return Said(said[-1] if said else "", told[0]["sessionID"], failed[-1] if failed else "")


_CLAUDE_CODE = "@anthropic-ai/claude-code"
AGENTS = (
    Agent("Claude Code", _CLAUDE_CODE, NEWEST_CLAUDE_CODE, "Glob", _claude_code(NEWEST_CLAUDE_CODE)),
    Agent("Claude Code", _CLAUDE_CODE, PACKAGES[_CLAUDE_CODE], "Glob", _claude_code("")),
    Agent("gemini-cli", "@google/gemini-cli", PACKAGES["@google/gemini-cli"], "glob", _gemini_cli),
    Agent("Codex", "@openai/codex", PACKAGES["@openai/codex"], "exec_command", _codex),
    Agent("OpenCode", "opencode-ai", PACKAGES["opencode-ai"], "read", _opencode),
)
