"""Who may ask: the client keys in memory, found by their sha256 in constant time however many there are."""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from accounts.keys.limits import KeyLimits
from accounts.snapshot import KeyView

_PREFIX: Final = "sk-"
_NO_DIGEST: Final = bytes(hashlib.sha256().digest_size)


class CallerKey(Struct, frozen=True):
    """The client key that a request presented; ``limits`` None: it may do anything."""

    id: int
    name: str
    record_bodies: bool
    limits: KeyLimits | None = None


class KeyRing:
    """The enabled keys. ``used`` is told the id of each key that is found, and when (epoch seconds)."""

    def __init__(
        self, used: Callable[[int, float], None] = lambda _id, _at: None, now: Callable[[], float] = time.time
    ) -> None:
        self._used = used
        self._now = now
        self._callers: dict[bytes, tuple[bytes, CallerKey, float]] = {}
        self._by_id: dict[int, CallerKey] = {}

    def load(self, keys: Iterable[KeyView]) -> None:
        """Takes over what the database says."""
        callers: dict[bytes, tuple[bytes, CallerKey, float]] = {}
        for key in keys:
            caller = CallerKey(key.id, key.name, key.record_bodies, key.limits)
            if key.previous_digest:
                callers.setdefault(key.previous_digest, (key.previous_digest, caller, key.previous_until))
            callers[key.digest] = (key.digest, caller, 0.0)
        self._callers = callers
        self._by_id = {caller.id: caller for _, caller, _ in callers.values()}

    def of_id(self, key_id: int | None) -> CallerKey | None:
        """The enabled key with that id; None where there is none (any more)."""
        return self._by_id.get(key_id) if key_id is not None else None

    def find(self, presented: str) -> CallerKey | None:
        """The caller whose key this is; None for one that is unknown, disabled, or replaced."""
        if not presented.startswith(_PREFIX):
            return None
        digest = hashlib.sha256(presented.encode("utf-8", "surrogatepass")).digest()
        stored, caller, until = self._callers.get(digest, (_NO_DIGEST, None, 0.0))
        if not hmac.compare_digest(stored, digest) or caller is None:
            return None
        now = self._now()
        if until and now >= until:
            return None
        self._used(caller.id, now)
        return caller
