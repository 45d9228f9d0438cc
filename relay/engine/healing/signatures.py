"""The signature cache: three layers, least recently used goes first, time-to-live checked on read.

PURE. A data structure; ``now`` (epoch seconds) is an argument. Clients lose signatures (their dialect
has no place for them, or they drop them), and upstreams refuse histories without; what an upstream
gave is kept here and put back where it belongs. Nothing is ever forged.
"""

import hashlib
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, Literal, TypeVar

import msgspec

from relay.neutral.conversation import digest

SIGNATURE_TTL = 7200
"""Seconds for which a signature is remembered, from when it was last written or used."""

RENEWED_AFTER = SIGNATURE_TTL / 2
"""Seconds: one that is older when it is used is as good as new. Else a long conversation would lose its own
one after the other, and with each of them what upstream has cached of it."""

MIN_SIGNATURE_LENGTH = 50
"""Characters; anything shorter is no signature and is never stored."""

TURNS_PER_SESSION = 500
"""Signed turns that one session may hold; a longer conversation forgets its oldest."""

HANDLE_PREFIX = "evenkeel-handle-"
"""How our own stand-ins for signatures begin. A handle never goes upstream."""

MISSES_KEPT = 100
"""Of what was looked for in vain: the last, which are the newest turns of a history."""

RENEWALS_KEPT = 2 * TURNS_PER_SESSION
"""Of what was renewed: all of one long history."""

Key = TypeVar("Key", bound=Hashable)


class Remembered(msgspec.Struct, frozen=True, gc=False):
    """A signature, who can read it, and when it was last written, or renewed by use (epoch seconds)."""

    value: str
    family: str
    at: float


class Miss(msgspec.Struct, frozen=True, gc=False):
    """What was looked for, mostly in vain: in which layer, by what (a family: by the signature's digest)."""

    layer: Literal["tool", "family", "session"]
    session: str
    name: str
    kind: str = ""


class _Layer(Generic[Key]):
    """A bounded map with time-to-live."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[Key, Remembered] = OrderedDict()

    def put(self, key: Key, entry: Remembered) -> None:
        self._entries[key] = entry
        self._entries.move_to_end(key)
        while len(self._entries) > self._limit:
            self._entries.popitem(last=False)

    def get(self, key: Key, now: float) -> Remembered | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if now - entry.at > SIGNATURE_TTL:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry

    def copied(self, keys: Callable[[Key], bool]) -> "_Layer[Key]":
        copy = _Layer[Key](self._limit)
        copy._entries.update((key, entry) for key, entry in self._entries.items() if keys(key))
        return copy

    def forget(self, value: str) -> None:
        for key in [key for key, entry in self._entries.items() if entry.value == value]:
            del self._entries[key]


class SignatureCache:
    """The three layers: by tool call, by signature (its family), by session and assistant turn."""

    def __init__(self, tool_limit: int = 500, family_limit: int = 200, session_limit: int = 1000) -> None:
        """Limits: tool calls, signatures, sessions."""
        self._tools: _Layer[tuple[str, str]] = _Layer(tool_limit)
        self._families: _Layer[str] = _Layer(family_limit)
        self._sessions: OrderedDict[str, _Layer[tuple[str, str]]] = OrderedDict()
        self._session_limit = session_limit
        self.missed: deque[Miss] = deque(maxlen=MISSES_KEPT)
        """What was looked for in vain; whoever wants to know clears it before."""
        self.renewed: deque[tuple[Miss, Remembered]] = deque(maxlen=RENEWALS_KEPT)
        """What was renewed by use, for whoever keeps it; who takes it clears it."""

    def cache_tool_signature(self, session: str, call_id: str, entry: Remembered) -> bool:
        """Remember the signature of a tool call; False when it is none."""
        if len(entry.value) < MIN_SIGNATURE_LENGTH or not call_id:
            return False
        self._tools.put((session, call_id), entry)
        return True

    def cache_family(self, entry: Remembered) -> bool:
        """Remember which family can read a signature; False when it is none."""
        if len(entry.value) < MIN_SIGNATURE_LENGTH:
            return False
        self._families.put(_fingerprint(entry.value), entry)
        return True

    def cache_session_signature(self, session: str, turn: str, kind: str, entry: Remembered) -> bool:
        """Remember the signature of a block of ``kind`` in an assistant turn; False when it is none."""
        if len(entry.value) < MIN_SIGNATURE_LENGTH:
            return False
        turns = self._sessions.setdefault(session, _Layer(TURNS_PER_SESSION))
        self._sessions.move_to_end(session)
        while len(self._sessions) > self._session_limit:
            self._sessions.popitem(last=False)
        turns.put((turn, kind), entry)
        return True

    def tool_signature(self, session: str, call_id: str, now: float) -> Remembered | None:
        """What upstream gave for that call."""
        if not call_id:
            return None
        return self._found(self._tools, (session, call_id), Miss("tool", session, call_id), now)

    def family_of(self, signature: str, now: float) -> str:
        """Who can read ``signature``; "" when it is unknown here."""
        looked_for = Miss("family", "", digest(signature))
        entry = self._found(self._families, _fingerprint(signature), looked_for, now)
        return entry.family if entry else ""

    def session_signature(self, session: str, turn: str, kind: str, now: float) -> Remembered | None:
        """What upstream gave for a block of ``kind`` in that very turn."""
        turns = self._sessions.get(session)
        if turns is not None:
            self._sessions.move_to_end(session)
        return self._found(turns, (turn, kind), Miss("session", session, turn, kind), now)

    def _found(
        self, layer: "_Layer[Key] | None", key: Key, looked_for: Miss, now: float
    ) -> Remembered | None:
        """What ``layer`` holds, renewed where it has grown old; a miss is noted."""
        entry = layer.get(key, now) if layer is not None else None
        if layer is None or entry is None:
            self.missed.append(looked_for)
            return None
        if now - entry.at > RENEWED_AFTER:
            entry = msgspec.structs.replace(entry, at=now)
            layer.put(key, entry)
            self.renewed.append((looked_for, entry))
        return entry

    def of_session(self, session: str) -> "SessionSignatures":
        """A copy of all that a request of ``session`` may look for, which another thread may read."""
        copy = SessionSignatures()
        copy._tools = self._tools.copied(lambda key: key[0] == session)
        copy._families = self._families.copied(lambda key: True)
        if session in self._sessions:
            copy._sessions[session] = self._sessions[session].copied(lambda key: True)
        return copy

    def look_again(self, looks: Iterable[tuple[Any, Miss]], now: float) -> None:
        """Look for what was looked for in a copy: what is used stays longest, and is renewed here."""
        for key, looked_for in looks:
            layer: _Layer[Any] | None = self._tools if looked_for.layer == "tool" else self._families
            if looked_for.layer == "session":
                layer = self._sessions.get(looked_for.session)
                if layer is not None:
                    self._sessions.move_to_end(looked_for.session)
            self._found(layer, key, looked_for, now)

    def forget(self, session: str, signature: str) -> None:
        """Upstream refused this signature: nothing may put it back."""
        self._tools.forget(signature)
        if session in self._sessions:
            self._sessions[session].forget(signature)


class SessionSignatures(SignatureCache):
    """What one request may look for, apart from what others learn meanwhile; ``looks`` is what it did."""

    def __init__(self) -> None:
        """Nothing is known."""
        super().__init__()
        self.looks: list[tuple[Any, Miss]] = []

    def _found(self, layer: Any, key: Any, looked_for: Miss, now: float) -> Remembered | None:
        self.looks.append((key, looked_for))
        return super()._found(layer, key, looked_for, now)


def _fingerprint(signature: str) -> str:
    return hashlib.sha256(signature.encode()).hexdigest()


def handle_for(exchange_id: str, index: int) -> str:
    """Our opaque stand-in for the signature of block ``index``: recognisable, at least 50 characters."""
    return f"{HANDLE_PREFIX}{exchange_id}-{index}".ljust(MIN_SIGNATURE_LENGTH + 14, "0")


def is_handle(signature: str) -> bool:
    """Is this a stand-in of ours, and no signature?"""
    return signature.startswith(HANDLE_PREFIX)
