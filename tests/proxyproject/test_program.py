"""The program ``evenkeel``: what it says, where the demo keeps its data, and what its wheel carries."""

import os
import signal
import socket
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from accounts.models import Account
from proxyproject.data_directory import held
from proxyproject.demo.world import PACE, DemoLogin, has_real_accounts, make_world
from proxyproject.own_command import own_command
from relay.simulator.anthropic.dialect import Anthropic
from relay.simulator.connection.stream_steps import Wait
from relay.simulator.dialect import EventKind, SimulatedEvent
from relay.simulator.faults.faults import Fault
from relay.simulator.faults.spoiled_streams import Stream, stream_answer
from relay.simulator.model.prose import text_segments, token_count
from tests.test_house_rules import ROOT

PACKAGES = ("proxyproject", "accounts", "relay", "monitor")


def evenkeel(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program, from a folder that has a package ``monitor`` of its own."""
    (home / "monitor").mkdir(exist_ok=True)
    (home / "monitor" / "__init__.py").write_text("raise SystemExit('a foreign package was imported')")
    return subprocess.run(
        own_command(*arguments), cwd=home, env={"HOME": str(home)}, capture_output=True, text=True
    )


@pytest.mark.outside
def test_it_says_what_it_can_do(tmp_path: Path) -> None:
    """Without a command it names the first steps; its version is its own and not Django's."""
    for arguments in ((), ("--help",)):
        assert "evenkeel demo" in evenkeel(tmp_path, *arguments).stdout
    assert evenkeel(tmp_path, "--version").stdout == f"Evenkeel {version('evenkeel')}\n"
    assert not (tmp_path / ".antigravity_tools").exists()


@pytest.mark.outside
def test_without_a_browser_the_first_command_makes_the_tables(tmp_path: Path) -> None:
    """Nothing has served yet: accounts and a key can be made all the same, and help makes nothing."""
    assert evenkeel(tmp_path, "create_client_key", "--help").returncode == 0
    assert not list((tmp_path / ".antigravity_tools").glob("*.sqlite3"))
    accounts = tmp_path / "accounts.json"
    accounts.write_text('[{"email": "me@example.com", "kind": "gemini", "credential": {"api_key": "sim-1"}}]')
    for arguments in (("create_client_key", "laptop"), ("import_accounts", str(accounts))):
        done = evenkeel(tmp_path, *arguments)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.outside
def test_it_runs_from_any_folder_and_the_demo_keeps_apart(tmp_path: Path) -> None:
    """Foreign folders and settings modules are not seen, and the demo's data lie in a folder of their own."""
    done = evenkeel(tmp_path, "check")
    assert done.returncode == 0, done.stderr
    data = tmp_path / ".antigravity_tools"
    assert (data / "django_secret.key").exists()
    done = evenkeel(tmp_path, "demo", "--help")
    assert "usage: evenkeel demo" in done.stdout
    assert (data / "demo" / "django_secret.key").exists()


def test_the_demo_leaves_a_used_database_alone(db: None) -> None:
    """Accounts of the demo may be there already; with any other the demo does not touch the database."""
    make_world(
        DemoLogin(password="a-password-1", client_key="sk-0123456789abcdef0123456789"), "http://127.0.0.1:1"
    )
    assert not has_real_accounts()
    account = Account(kind="gemini", email="me@example.com")
    account.credential = {"api_key": "k"}
    account.save()
    assert has_real_accounts()


@pytest.mark.parametrize("lock", ["demo.lock", "server.lock"])
def test_a_second_demo_leaves_the_first_alone(
    lock: str, tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would point the accounts at a simulator of its own; so it says who is there, and changes nothing."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    with held(tmp_path / lock, waits=False), pytest.raises(CommandError, match=r"already .*\(process \d+\)"):
        call_command("demo", port=0)
    assert not Account.objects.exists()
    assert not (tmp_path / "demo_login.json").exists()


@pytest.mark.outside
def test_a_demo_whose_address_is_taken_changes_nothing(
    tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence says so at once, and how to take another."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CommandError, match="--port"):
        call_command("demo", port=taken.getsockname()[1])
    assert not Account.objects.exists()
    assert not (tmp_path / "demo_login.json").exists()


def test_the_demo_is_slow_enough_to_watch() -> None:
    """First data after 0.3 s, then about 30 tokens a second."""
    segments = text_segments("a prompt", PACE)
    tokens_per_second = sum(map(token_count, segments)) / len(segments) / PACE.delay_seconds
    assert 25 <= tokens_per_second <= 40
    events = [
        SimulatedEvent(EventKind.OPEN, b"{}"),
        *(SimulatedEvent(EventKind.TEXT, b"{}") for _ in segments),
        SimulatedEvent(EventKind.END, b"{}"),
    ]
    pace = {"delay_seconds": PACE.delay_seconds, "first_seconds": PACE.first_seconds}
    answer = stream_answer(Stream(events, Anthropic(), "r", {}, **pace), Fault())
    waits = [step.seconds for step in answer.steps if isinstance(step, Wait)]
    assert waits == [0.3, *[PACE.delay_seconds] * (len(segments) - 1)]


@pytest.mark.outside
def test_the_wheel_carries_every_file_of_the_packages(tmp_path: Path) -> None:
    """Templates, static files, catalogues, migrations, tables: what the repository has is in the wheel."""
    sys.path.insert(0, str(ROOT / ".ci"))
    try:
        from installed import wheel  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(ROOT / ".ci"))
    listed = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    with zipfile.ZipFile(wheel(tmp_path)) as archive:
        carried = set(archive.namelist())
    assert [name for name in listed if name and name not in carried] == []
    assert any(name.endswith("entry_points.txt") for name in carried)


@pytest.mark.outside
def test_a_server_starts_without_what_it_never_uses() -> None:
    """Nothing parses C, and command lines, tools for tests and the simulator stay out until asked for.

    They would cost each start its time and memory.
    """
    never = (
        "pycparser",
        "httpx._main",
        "rich",
        "django.test.client",
        "unittest",
        "jinja2",
        "httpx2",
        "click",
        "relay.simulator",
    )
    names = f"[name for name in {never} if sys.modules.get(name)]"
    code = (
        "import django, sys; django.setup(); import proxyproject.serving.server, proxyproject.urls; "
        f"print({names}); import django.test; assert django.test.TestCase; "
        "from django.core import signals; from django.test.signals import setting_changed; "
        "assert setting_changed is signals.setting_changed"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.splitlines()[-1] == "[]"
