"""Four real clients that npm installs, made ready once and kept in a cache between runs.

Nothing is installed system-wide: packages live in ``EVENKEEL_NPM_CACHE`` (default: the user's cache
directory), and each run of a client gets a home of its own.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

PACKAGES = {
    "@anthropic-ai/claude-code": "2.1.197",
    "@google/gemini-cli": "0.61.0",
    "@openai/codex": "0.171.0",
    "opencode-ai": "1.18.33",
}
"""The versions that docs/clients.md describes."""

NEWEST_CLAUDE_CODE = "2.1.332"
"""Tried beside the one above, which it differs from: docs/agents.md has both."""

INSTALL_SECONDS = 180
RUN_SECONDS = 150


class NotInstalled(Exception):
    """The client cannot be had on this machine; the text says why."""


_failures: dict[str, str] = {}


def client_path(package: str, version: str = "") -> Path:
    """The installed package's folder, installing it first where it is missing; raises NotInstalled.

    Without a version it is the one in PACKAGES. What failed once in a run is not tried again in it.
    """
    version = version or PACKAGES[package]
    wanted = f"{package}@{version}"
    if wanted in _failures:
        raise NotInstalled(_failures[wanted])
    try:
        return _installed(package, version)
    except NotInstalled as reason:
        _failures[wanted] = str(reason)
        raise


def _installed(package: str, version: str) -> Path:
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise NotInstalled("npm and node are not on this machine")
    cache = Path(os.environ.get("EVENKEEL_NPM_CACHE") or Path.home() / ".cache" / "evenkeel-npm")
    root = cache / f"{package.rpartition('/')[2]}-{version}"
    folder = root / "node_modules" / package
    marker = root / "installed"
    if not marker.exists():
        root.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--prefix", str(root), "--no-audit", "--no-fund", "--fetch-retries=0"]
        _run([*install, f"{package}@{version}"], f"npm could not install {package}")
        if (folder / "install.cjs").exists():  # newer npm versions run no package's own install script
            _run(["node", str(folder / "install.cjs")], f"{package} could not be set up", cwd=folder)
        marker.touch()
    return folder


def _run(command: list[str], problem: str, cwd: Path | None = None) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, cwd=cwd)
    except (subprocess.TimeoutExpired, OSError) as error:
        raise NotInstalled(f"{problem}: {type(error).__name__}") from None
    if done.returncode:
        raise NotInstalled(f"{problem}: {done.stderr.strip()[-300:]}")


def claude_code(
    home: Path,
    base_url: str,
    key: str,
    prompt: str,
    model: str,
    *more: str,
    tool: str = "Glob",
    version: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run Claude Code headless in ``home``; ``more`` are further arguments. Raises NotInstalled."""
    program = client_path("@anthropic-ai/claude-code", version) / "bin" / "claude.exe"
    environment = {
        "ANTHROPIC_BASE_URL": base_url,
        "ANTHROPIC_AUTH_TOKEN": key,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    command = [
        str(program),
        "-p",
        prompt,
        "--model",
        model,
        "--output-format",
        "json",
        *more,
        "--allowedTools",
        tool,
    ]
    return _client(home, command, environment)


def gemini_cli(
    home: Path, base_url: str, key: str, prompt: str, model: str, *more: str
) -> subprocess.CompletedProcess[str]:
    """Run gemini-cli headless in ``home``; ``more`` are further arguments. Raises NotInstalled."""
    folder = client_path("@google/gemini-cli")
    programs = json.loads((folder / "package.json").read_text())["bin"]
    settings = home / ".gemini" / "settings.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps({"security": {"auth": {"selectedType": "gemini-api-key"}}}))
    environment = {"GOOGLE_GEMINI_BASE_URL": base_url, "GEMINI_API_KEY": key}
    command = ["node", str(folder / programs["gemini"]), "-p", prompt, "-m", model, "--skip-trust"]
    return _client(home, [*command, *more, "--output-format", "json"], environment)


def codex(
    home: Path, base_url: str, key: str, prompt: str, model: str, *more: str
) -> subprocess.CompletedProcess[str]:
    """Run Codex CLI headless with a home of its own, set up as docs/clients.md says; raises NotInstalled.

    ``more`` is what stands before the prompt (``resume --last``).
    """
    folder = client_path("@openai/codex")
    programs = json.loads((folder / "package.json").read_text())["bin"]
    settings = home / ".codex" / "config.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(
        f"""model = "{model}"
model_provider = "evenkeel"

[model_providers.evenkeel]
name = "Evenkeel"
base_url = "{base_url}/v1"
env_key = "PROXY_KEY"
wire_api = "responses"
"""
    )
    command = ["node", str(folder / programs["codex"]), "exec", "--skip-git-repo-check", "--json"]
    return _client(home, [*command, "--sandbox", "read-only", *more, prompt], {"PROXY_KEY": key})


def opencode(
    home: Path, base_url: str, key: str, prompt: str, model: str, *more: str
) -> subprocess.CompletedProcess[str]:
    """Run OpenCode headless in ``home``, as a provider of chat completions; raises NotInstalled.

    ``more`` are further arguments (``--session ID``). The session has its title from us, or OpenCode would
    have the model make one of the prompt beside the run.
    """
    program = client_path("opencode-ai") / "bin" / "opencode.exe"
    settings = home / ".config" / "opencode" / "opencode.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Evenkeel",
        "options": {"baseURL": f"{base_url}/v1", "apiKey": key},
        "models": {model: {}},
    }
    settings.write_text(json.dumps({"share": "disabled", "provider": {"evenkeel": provider}}))
    environment = {
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    }
    command = [str(program), "run", "--format", "json", "--title", "A test", "--model", f"evenkeel/{model}"]
    return _client(home, [*command, *more, prompt], environment)


def _client(home: Path, command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    project = home / "project"
    project.mkdir(exist_ok=True)
    (project / "a-file-to-find.txt").write_text("found\n")
    world = {"PATH": os.environ["PATH"], "HOME": str(home), "NO_COLOR": "1", "CI": "1", **environment}
    return subprocess.run(
        command,
        cwd=project,
        env=world,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
    )
