"""Secrets at rest."""

import stat
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django.fixtures import Settings

from accounts import checks
from accounts.credentials import encryption
from accounts.credentials.encryption import CannotDecrypt, decrypt, encrypt, key_file

SECRET = {"api_key": "planted-secret"}


def give_keys(settings: Settings, *keys: bytes) -> None:
    given = ",".join(key.decode() for key in keys)
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"proxy_fernet_keys": given})


def test_round_trip(settings: Settings, tmp_path: Path) -> None:
    """What was encrypted comes back, and is not readable in between."""
    settings.DATA_DIR = tmp_path
    sealed = encrypt(SECRET)
    assert "planted" not in sealed
    assert decrypt(sealed) == SECRET
    assert decrypt("") == {}


def test_key_file_makes_itself(settings: Settings, tmp_path: Path) -> None:
    """Without keys in the environment one is made on first use, readable by its owner only."""
    settings.DATA_DIR = tmp_path / "new"
    encrypt(SECRET)
    assert stat.S_IMODE(key_file().stat().st_mode) == 0o600
    kept = key_file().read_text()
    encryption._kept_key.cache_clear()
    encrypt(SECRET)
    assert key_file().read_text() == kept


def test_two_processes_agree_on_one_key(settings: Settings, tmp_path: Path) -> None:
    """Whoever loses the race for the key file uses the winner's key."""
    settings.DATA_DIR = tmp_path
    winner = Fernet.generate_key()

    class LosesTheRace(Path):
        _flavour = type(Path())._flavour  # type: ignore[attr-defined]

        def exists(self) -> bool:  # type: ignore[override]
            (tmp_path / "fernet.key").write_bytes(winner)
            return False

    assert encryption._kept_key(LosesTheRace(tmp_path / "fernet.key")) == winner.decode()


def test_key_rotation(settings: Settings) -> None:
    """A new key in front encrypts, the old one behind it still decrypts; without it the secret is lost."""
    old, new = Fernet.generate_key(), Fernet.generate_key()
    give_keys(settings, old)
    sealed = encrypt(SECRET)
    give_keys(settings, new, old)
    assert decrypt(sealed) == SECRET
    newer = encrypt(SECRET)
    give_keys(settings, new)
    assert decrypt(newer) == SECRET
    with pytest.raises(CannotDecrypt, match="PROXY_FERNET_KEYS"):
        decrypt(sealed)


def test_checks(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``manage.py check`` names a key file that others can read, and a key that is none."""
    settings.DATA_DIR = tmp_path
    encrypt(SECRET)
    call_command("check")
    assert "accounts." not in capsys.readouterr().err
    key_file().chmod(0o644)
    call_command("check")
    assert "accounts.W001" in capsys.readouterr().err
    give_keys(settings, Fernet.generate_key(), b"no-key")
    with pytest.raises(SystemCheckError, match="key 2 of 2"):
        call_command("check")


@pytest.mark.parametrize(
    ("engine", "redis_url", "told"),
    [
        ("proxyproject.postgresql", "", ["accounts.W002"]),
        ("proxyproject.postgresql", "redis://x", []),
        ("proxyproject.sqlite", "", []),
    ],
)
def test_check_of_several_processes(
    monkeypatch: pytest.MonkeyPatch, engine: str, redis_url: str, told: list[str]
) -> None:
    """A shared database without Redis is named when the deployment is checked."""
    given = SimpleNamespace(DATABASES={"default": {"ENGINE": engine}}, REDIS_URL=redis_url)
    monkeypatch.setattr(checks, "settings", given)
    assert [message.id for message in checks.check_several_processes(None)] == told
