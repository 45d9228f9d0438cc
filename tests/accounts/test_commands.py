"""The commands whose names scripts rely on."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.management.commands import clear_cooldowns
from accounts.models import Account, AccountMark, ClientKey, ProcessHeartbeat, digest
from accounts.revisions import Revision

pytestmark = pytest.mark.django_db


def test_create_client_key(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints the key and nothing else: sk- and at least 128 random bit. Only its sha256 is stored."""
    call_command("create_client_key", "laptop")
    out, err = capsys.readouterr()
    assert re.fullmatch(r"sk-[A-Za-z0-9_-]{43}\n", out)
    assert err == ""
    row = ClientKey.objects.get()
    assert (row.name, row.sha256, row.enabled) == ("laptop", digest(out.strip()), True)
    assert row.shown_as == f"sk-…{out.strip()[-4:]}"
    assert out.strip() not in str(ClientKey.objects.values().get())


def test_keys_differ(capsys: pytest.CaptureFixture[str]) -> None:
    """Every key is another one."""
    for name in "abc":
        call_command("create_client_key", name)
    assert len(set(capsys.readouterr().out.split())) == 3


def test_create_client_key_with_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    """The same name with the same value again prints the key and changes nothing."""
    for _ in range(2):
        call_command("create_client_key", "laptop", "--key", "sk-own-value")
        assert capsys.readouterr().out == "sk-own-value\n"
        revision = Revision.current()
    assert ClientKey.objects.count() == 1
    call_command("create_client_key", "laptop", key="sk-own-value")
    assert Revision.current() == revision


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("laptop", "", "cannot be shown again"),
        ("laptop", "sk-other-value", "with another value"),
        ("other", "sk-own-value", "Sha256 already exists"),
        ("new", "own-value-without", "begins with sk-"),
        ("new", "sk-x", "at least 8"),
        ("new", "sk-with space", "without spaces"),
        ("new", "sk-käse-käse", "begins with sk-"),
        ("", "sk-fine-value", "blank"),
        ("x" * 101, "sk-fine-value", "at most 100"),
    ],
)
def test_refused_client_keys(name: str, value: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be a new key is refused with the reason, without the value and with nothing on stdout."""
    call_command("create_client_key", "laptop", key="sk-own-value")
    capsys.readouterr()
    with pytest.raises(CommandError, match=says) as caught:
        call_command("create_client_key", name, key=value)
    assert not value or value not in str(caught.value)
    assert capsys.readouterr().out == ""
    assert ClientKey.objects.count() == 1


def accounts() -> tuple[Account, Account]:
    """One disabled automatically and marked, one disabled by the operator."""
    one = Account.objects.create(email="a@x.test", kind="gemini")
    two = Account.objects.create(email="b@x.test", kind="gemini")
    one.disable("invalid_grant", automatically=True)
    two.disable()
    soon = timezone.now() + timedelta(hours=1)
    AccountMark.objects.create(account=one, status=402, cause="credential", until=soon, set_at=timezone.now())
    return one, two


def test_clear_cooldowns(capsys: pytest.CaptureFixture[str]) -> None:
    """Every cooldown ends; what was disabled stays so."""
    one, two = accounts()
    before = Revision.current()
    call_command("clear_cooldowns")
    assert capsys.readouterr().out == "2 accounts have no cooldown any more.\n"
    assert AccountMark.objects.count() == 0
    assert Revision.current() > before
    for account in (one, two):
        account.refresh_from_db()
        assert account.marks_cleared_at is not None
        assert not account.enabled


def test_clear_cooldowns_and_enable() -> None:
    """With --enable what was disabled automatically is enabled, what the operator disabled is not."""
    one, two = accounts()
    call_command("clear_cooldowns", "--enable")
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.enabled, one.disabled_reason, one.disabled_automatically) == (True, "", False)
    assert not two.enabled


class Waiting:
    """Time for the command: each look at the heartbeats takes as long as it says."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.then = lambda: None

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        if self.seconds > 1:
            self.then()


def heartbeat(name: str, revision: int, age: float = 0) -> None:
    seen = timezone.now() - timedelta(seconds=age)
    ProcessHeartbeat.objects.create(process_id=name, started_at=seen, seen_at=seen, revision=revision)


def test_waits_for_running_processes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It returns when every running process has taken the change; one not seen for 15 s does not run."""
    waiting = Waiting()
    monkeypatch.setattr(clear_cooldowns, "time", waiting)
    heartbeat("runs", 0)
    heartbeat("dead", 0, age=16)
    waiting.then = lambda: ProcessHeartbeat.objects.filter(process_id="runs").update(revision=999) and None
    accounts()
    call_command("clear_cooldowns")
    assert 1 < waiting.seconds < 2
    assert capsys.readouterr().err == ""


def test_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A process that never confirms costs 10 s and a clear message."""
    waiting = Waiting()
    monkeypatch.setattr(clear_cooldowns, "time", waiting)
    heartbeat("hangs", 0)
    accounts()
    call_command("clear_cooldowns")
    assert waiting.seconds == pytest.approx(10, abs=0.2)
    assert "1 of 1 running processes have not confirmed" in capsys.readouterr().err


def test_returns_at_once_when_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a running process there is nothing to wait for."""
    waiting = Waiting()
    monkeypatch.setattr(clear_cooldowns, "time", waiting)
    accounts()
    call_command("clear_cooldowns")
    assert waiting.seconds == 0


def test_create_client_key_with_limits(capsys: pytest.CaptureFixture[str]) -> None:
    """Each limit is an option; what cannot be is told in words, and nothing is made."""
    call_command(
        "create_client_key", "ci", "--owner", "Ann", "--expires-at", "2030-01-02T03:04",
        "--allow-model", "a-*", "--allow-model", "b", "--refuse-model", "a-pro", "--kind", "gemini",
        "--network", "10.0.0.0/8", "--highest-effort", "low",
        "--requests-per-minute", "3", "--tokens-per-minute", "4", "--requests-at-a-time", "5",
        "--usd-per-week", "$1.5", "--tokens-per-day", "6",
    )  # fmt: skip
    key = ClientKey.objects.get()
    assert (key.owner, key.allowed_models, key.refused_models) == ("Ann", ["a-*", "b"], ["a-pro"])
    assert (key.kinds, key.networks, key.highest_effort) == (["gemini"], ["10.0.0.0/8"], "low")
    assert (key.requests_per_minute, key.tokens_per_minute, key.max_in_flight) == (3, 4, 5)
    assert (key.usd_per_week, key.tokens_per_day, key.usd_per_day) == (Decimal("1.5"), 6, None)
    assert key.expires_at is not None
    assert timezone.localtime(key.expires_at).isoformat().startswith("2030-01-02T03:04")
    for option, value, says in (
        ("--network", "10.0.0.1/8", "addresses or networks"),
        ("--kind", "bard", "account kinds"),
        ("--highest-effort", "boundless", "not a valid choice"),
        ("--requests-per-minute", "0", "greater than or equal to 1"),
        ("--usd-per-day", "much", "no amount of dollars"),
        ("--expires-at", "soon", "no date or time"),
        ("--expires-at", "9999-12-31T23:59:59", "Give a year from 2 to 9998"),
    ):
        with pytest.raises(CommandError, match=says):
            call_command("create_client_key", "other", option, value)
    assert ClientKey.objects.count() == 1
    assert capsys.readouterr().out.count("sk-") == 1


def test_rotate_client_key(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints the new value; the old one stays for as long as was said, or ends at once."""
    call_command("create_client_key", "laptop", "--key", "sk-first-value")
    call_command("rotate_client_key", "laptop", "--overlap-hours", "1.5")
    new = capsys.readouterr().out.split()[1]
    key = ClientKey.objects.get()
    assert (key.sha256, key.previous_sha256) == (digest(new), digest("sk-first-value"))
    assert key.previous_until is not None
    assert timedelta(minutes=89) < key.previous_until - timezone.now() <= timedelta(minutes=90)
    call_command("rotate_client_key", "laptop", "--overlap-hours", "0", "--key", "sk-third-value")
    key.refresh_from_db()
    assert (key.sha256, key.previous_sha256, key.previous_until) == (digest("sk-third-value"), "", None)
    for arguments, says in (
        (("nobody",), "no key named"),
        (("laptop", "--key", "short"), "begins with sk-"),
        (("laptop", "--overlap-hours", "-1"), "from 0 to 2160"),
    ):
        with pytest.raises(CommandError, match=says):
            call_command("rotate_client_key", *arguments)
