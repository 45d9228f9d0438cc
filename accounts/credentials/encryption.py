"""Secrets at rest: encrypted with Fernet, keys from the environment or a file in the data directory.

Keys: ``PROXY_FERNET_KEYS`` (comma-separated, newest first) or ``fernet.key`` (mode 0600, made on first
use). The first key encrypts, all of them decrypt, so a key is rotated by putting a new one in front.
"""

import contextlib
import json
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

KEY_FILE = "fernet.key"


class CannotDecrypt(Exception):
    """The stored secret was encrypted with a key that is not known any more."""


def key_file() -> Path:
    """Where the key is kept when the environment gives none."""
    return Path(settings.DATA_DIR) / KEY_FILE


def encrypt(value: dict[str, Any]) -> str:
    """``value`` as JSON, encrypted with the newest key."""
    return _fernet().encrypt(json.dumps(value).encode()).decode()


def decrypt(sealed: str) -> dict[str, Any]:
    """What ``encrypt`` was given; an empty string is an empty credential. Raises CannotDecrypt."""
    if not sealed:
        return {}
    try:
        value: dict[str, Any] = json.loads(_fernet().decrypt(sealed.encode()))
    except InvalidToken:
        raise CannotDecrypt(
            "the stored credential cannot be decrypted: its key is missing from PROXY_FERNET_KEYS"
            f" or {KEY_FILE}; enter the credential again"
        ) from None
    return value


def is_sealed_with_newest(sealed: str) -> bool:
    """Whether the newest key alone opens ``sealed``."""
    newest = (settings.ENVIRONMENT.proxy_fernet_keys or _kept_key(key_file())).split(",")[0]
    try:
        _fernet_of(newest).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def _fernet() -> MultiFernet:
    given = settings.ENVIRONMENT.proxy_fernet_keys
    return _fernet_of(given or _kept_key(key_file()))


@cache
def _fernet_of(keys: str) -> MultiFernet:
    return MultiFernet([Fernet(key.strip()) for key in keys.split(",") if key.strip()])


@cache
def _kept_key(path: Path) -> str:
    """The key in ``path``, made on first use; of two processes that make it at once both get the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile(dir=path.parent) as draft:  # made with mode 0600
            draft.write(Fernet.generate_key())
            draft.flush()
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text().strip()
