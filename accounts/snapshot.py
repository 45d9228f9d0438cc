"""What the database says, as plain frozen data: the only form in which accounts, mappings and keys are used.

Read as a whole and replaced as a whole, so that no request ever sees half a change.
"""

from datetime import datetime

from msgspec import Struct

from accounts.facts.model_facts import Override
from accounts.groups.strategies import Strategy
from accounts.keys.limits import KeyLimits
from accounts.mapping import Mapping
from accounts.marks import MarkCause
from accounts.pool.quota_windows import Window


class AccountView(Struct, frozen=True, kw_only=True):
    """An account as the relay sees it. ``sealed`` is its credential, still encrypted."""

    id: int
    email: str
    kind: str
    base_url: str
    models: tuple[str, ...] = ()
    priority: int = 0
    weight: int = 1
    groups: frozenset[str] = frozenset()
    max_in_flight: int = 0
    project: str = ""
    location: str = ""
    enabled: bool = True
    disabled_reason: str = ""
    marks_cleared_at: float = 0.0
    sealed: str = ""

    def __repr__(self) -> str:
        return f"AccountView({self.id}, {self.kind}, {self.email})"


class KeptMark(Struct, frozen=True):
    """A hard mark that survives a restart. Times are epoch seconds; ``model`` blank is the whole account."""

    account_id: int
    model: str
    reason: str
    status: int
    cause: MarkCause
    until: float
    set_at: float


class KeyView(Struct, frozen=True):
    """A client key: the sha256 of its value, and whom it names.

    ``previous_digest`` is that of the value before the latest rotation, valid until ``previous_until``.
    ``limits`` is None for a key that may do anything.
    """

    id: int
    name: str
    digest: bytes
    record_bodies: bool
    limits: KeyLimits | None = None
    previous_digest: bytes = b""
    previous_until: float = 0.0


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything this room knows, at one revision."""

    revision: int = 0
    marks_revision: int = 0
    accounts: tuple[AccountView, ...] = ()
    mappings: tuple[Mapping, ...] = ()
    keys: tuple[KeyView, ...] = ()
    marks: tuple[KeptMark, ...] = ()
    strategies: dict[str, Strategy] = {}
    windows: dict[int, tuple[Window, ...]] = {}
    overrides: tuple[Override, ...] = ()


def epoch(moment: datetime | None) -> float:
    """Epoch seconds of a database time; 0.0 for none."""
    return moment.timestamp() if moment else 0.0
