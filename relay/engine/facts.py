"""What happened, as data: log lines and rows are both written from these, so they cannot differ.

PURE. ``at`` is in seconds since the exchange was admitted.
"""

from typing import Literal, Protocol

import msgspec

from relay.engine.retrying.fallbacks import Why
from relay.engine.retrying.policy import Decision
from relay.neutral.events import StreamState, Usage
from relay.neutral.failures import Failure, Phase


class Heard(Protocol):
    """What an attempt has said and used by now; both grow while it is under way."""

    @property
    def heard(self) -> StreamState:
        """What it said itself."""
        ...

    @property
    def usage(self) -> Usage:
        """What upstream told of its cost."""
        ...


class AttemptStarted(msgspec.Struct, frozen=True):
    """An attempt is on its way to an account. ``answer`` can be asked until it has ended."""

    at: float
    number: int
    account: int
    email: str
    kind: str
    model: str
    answer: Heard | None = None


class AttemptOpened(msgspec.Struct, frozen=True):
    """Upstream answered 200."""

    at: float
    number: int
    upstream_request_id: str


class Committed(msgspec.Struct, frozen=True):
    """The first valid data is there; ``answer_id`` is upstream's id of its answer, where it told one."""

    at: float
    number: int
    answer_id: str = ""


class AttemptEnded(msgspec.Struct, frozen=True):
    """An attempt is over: with ``failure`` and what was decided about it, or well.

    ``heard`` is what it said itself: its price may rest on that.
    """

    at: float
    number: int
    email: str
    phase: Phase
    usage: Usage
    failure: Failure | None = None
    decision: Decision | None = None
    heard: StreamState | None = None

    @property
    def upstream_status(self) -> int | None:
        """What upstream told by HTTP or in an error object, else the 200 of the stream that it opened."""
        if self.failure is not None and self.failure.status is not None:
            return self.failure.status
        return 200 if self.has_opened else None

    @property
    def has_opened(self) -> bool:
        """Did upstream begin to answer?"""
        return self.phase not in (Phase.ADMISSION, Phase.CONNECT, Phase.HEADERS)


class Continued(msgspec.Struct, frozen=True):
    """A broken answer is continued: the first words of a later leg, behind ``characters`` of text."""

    at: float
    number: int
    characters: int


class NotContinued(msgspec.Struct, frozen=True):
    """A broken answer was to be continued, and is not: ``why``."""

    at: float
    why: str


class FellBack(msgspec.Struct, frozen=True):
    """Another upstream model is asked, ``model``; ``why`` is a word of ``fallbacks.WHY_WORDS``."""

    at: float
    model: str
    why: Why


class Rotated(msgspec.Struct, frozen=True):
    """The next attempt goes to another account."""

    at: float
    status: str
    old: str
    new: str


class KeptAccount(msgspec.Struct, frozen=True):
    """The next attempt stays, for another account would fare no better."""

    at: float
    status: str


class Rested(msgspec.Struct, frozen=True):
    """Upstream is left alone, for it fails nearly always; the retry waits for so many ``seconds``."""

    at: float
    seconds: float


class Healing(msgspec.Struct, frozen=True):
    """The refused request is healed and tried again."""

    at: float
    how: Literal["strip", "drop_block", "parameter"]
    email: str
    message: str
    changes: tuple[str, ...]


class HealingFailed(msgspec.Struct, frozen=True):
    """The healed request was refused for a signature again."""

    at: float
    message: str


class GaveUp(msgspec.Struct, frozen=True):
    """No attempt is left."""

    at: float
    attempts: int
    failure: Failure


Fact = (
    AttemptStarted
    | AttemptOpened
    | Committed
    | AttemptEnded
    | Continued
    | NotContinued
    | FellBack
    | Rotated
    | KeptAccount
    | Rested
    | Healing
    | HealingFailed
    | GaveUp
)
