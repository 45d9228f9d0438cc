"""Who may ask: the client keys in memory, found by their sha256 in constant time however many there are."""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from accounts.snapshot import KeyView

_PREFIX: Final = "sk-"
_NO_DIGEST: Final = bytes(hashlib.sha256().digest_size)


class CallerKey(Struct, frozen=True):
    """The client key that a request presented."""

    id: int
    name: str
    record_bodies: bool


class KeyRing:
    """The enabled keys. ``used`` is told the id of each key that is found, and when (epoch seconds)."""

    def __init__(
        self, used: Callable[[int, float], None] = lambda _id, _at: None, now: Callable[[], float] = time.time
    ) -> None:
        self._used = used
        self._now = now
        self._callers: dict[bytes, tuple[bytes, CallerKey]] = {}

    def load(self, keys: Iterable[KeyView]) -> None:
        """Takes over what the database says."""
        self._callers = {
            key.digest: (key.digest, CallerKey(key.id, key.name, key.record_bodies)) for key in keys
        }

    def find(self, presented: str) -> CallerKey | None:
        """The caller whose key this is; None for a key that is unknown or disabled."""
        if not presented.startswith(_PREFIX):
            return None
        digest = hashlib.sha256(presented.encode("utf-8", "surrogatepass")).digest()
        stored, caller = self._callers.get(digest, (_NO_DIGEST, None))
        if not hmac.compare_digest(stored, digest) or caller is None:
            return None
        self._used(caller.id, self._now())
        return caller
