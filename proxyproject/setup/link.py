"""The link by which the first login is made: valid once, for an hour. Only its digest is kept, in a file."""

import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from django.contrib.auth import get_user_model

VALID_SECONDS = 3600.0


class SetupLink:
    """The one link of a data directory; a new one replaces the old."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "setup_link.json"

    def make(self, now: float) -> str:
        """A new link's secret part, valid from ``now`` (epoch seconds)."""
        token = secrets.token_urlsafe(32)
        draft = self._path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"sha256": _digest(token), "until": now + VALID_SECONDS}, file)
        draft.replace(self._path)
        return token

    def is_valid(self, token: str, now: float) -> bool:
        """Whether ``token`` is the link's, and its hour is not over."""
        try:
            kept = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return False
        return hmac.compare_digest(kept["sha256"], _digest(token)) and now < kept["until"]

    def use(self, token: str, now: float) -> bool:
        """True for one caller: the link is gone from then on."""
        if not self.is_valid(token, now):
            return False
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        return True


def needs_login() -> bool:
    """Whether nobody could log in yet."""
    return not get_user_model().objects.exists()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
