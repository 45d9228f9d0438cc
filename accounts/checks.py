"""What ``manage.py check`` says of this room: keys that cannot work, secrets that others can read."""

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from accounts.credentials.encryption import key_file


@register()
def check_fernet_keys(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """The keys in the environment are Fernet keys."""
    given = settings.ENVIRONMENT.proxy_fernet_keys
    keys = [key.strip() for key in given.split(",") if key.strip()]
    bad = [number for number, key in enumerate(keys, 1) if not _is_fernet_key(key)]
    return [
        Error(
            f"PROXY_FERNET_KEYS: key {number} of {len(keys)} is no Fernet key.",
            hint="A Fernet key is 32 random bytes in URL-safe base64, comma-separated from the next.",
            id="accounts.E001",
        )
        for number in bad
    ]


@register()
def check_key_file(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Nobody but the owner can read the key that decrypts the credentials."""
    path = key_file()
    if not path.exists() or not path.stat().st_mode & 0o077:
        return []
    return [
        Warning(
            f"{path.name} in the data directory can be read by other users of this machine.",
            hint=f"chmod 600 {path}",
            id="accounts.W001",
        )
    ]


@register(deploy=True)
def check_several_processes(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Where a shared database points to several processes, they can talk to each other."""
    shared = "sqlite" not in str(settings.DATABASES["default"]["ENGINE"])
    if not shared or settings.REDIS_URL:
        return []
    return [
        Warning(
            "DATABASE_URL is set, but REDIS_URL is not.",
            hint="Several processes tell each other of cooldowns and signatures over Redis.",
            id="accounts.W002",
        )
    ]


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True
