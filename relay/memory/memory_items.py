"""One thing to remember of a conversation, what it is found by, and for how long. PURE."""

import hashlib
from typing import Final, Literal

import msgspec

from relay.engine.healing.signatures import SIGNATURE_TTL

HEALED_TTL: Final = 30 * 24 * 3600
"""Seconds for which heals are kept: as long as anybody continues a conversation."""

Layer = Literal[
    "tool",
    "family",
    "session",
    "forget",
    "block",
    "prompt",
    "drop",
    "pairs",
    "thread",
    "refused",
    "home",
    "cached",
]

SIGNED: Final = ("tool", "family", "session")
"""The layers of signatures, each item of which is looked for by itself."""

HEALS: Final = ("block", "prompt", "drop", "pairs")
"""The layers that are read as a whole when a process meets a session."""

TOLD: Final = frozenset({*HEALS, "forget", "refused"})
"""What is rare and changes what other processes believe: they are told of it at once."""


class MemoryItem(msgspec.Struct, frozen=True, array_like=True):
    """One thing to remember. ``name`` is the call id, the turn's key, or the digest of a block or turn;
    of a ``thread`` it is the id of an answer that upstream holds for the session. Of what is ``refused``
    it is what, and for which model, in two lines; ``session`` is the account's key. Of a ``home`` it is the
    model; ``kind`` is the account that answers the session, ``value`` how many tokens its prompt cache holds.

    Of what is ``cached`` the session is the agent, and ``value`` what is kept of its requests (``caching``).

    A ``forget`` takes back the signature in ``value``: upstream refused it, nothing may put it back.
    """

    layer: Layer
    session: str
    name: str
    at: float
    kind: str = ""
    value: str = ""
    family: str = ""

    @property
    def wanted(self) -> "Wanted":
        """What it is looked for by; a thread's session is what is looked for."""
        return Wanted(self.layer, "" if self.layer == "thread" else self.session, self.name, self.kind)

    @property
    def lives_seconds(self) -> int:
        """For how long it is of use."""
        return SIGNATURE_TTL if self.layer in (*SIGNED, "cached") else HEALED_TTL


class Wanted(msgspec.Struct, frozen=True):
    """What an item is looked for by."""

    layer: str
    session: str
    name: str
    kind: str = ""

    @property
    def key(self) -> str:
        """One text for it, the same in every process."""
        told = f"{self.layer}\n{self.session}\n{self.name}\n{self.kind}"
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def place(self) -> str:
        """What decides on which node of a cluster it lies: what belongs together lies together.

        Bounded: a session is a hash, and a name may be whatever a client sends.
        """
        return self.session or self.key
