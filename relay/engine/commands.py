"""What the engine asks for, and what it is told: plain data between the rules and whoever does things.

PURE. Every reply says ``at``, the seconds since the exchange was admitted; the engine has no other
clock. A command names what is wanted, never how.
"""

from typing import Literal

import msgspec

from relay.engine.continuing.continuation import Said
from relay.engine.facts import Fact
from relay.engine.retrying.policy import EarnedMark
from relay.neutral.events import Chunk, HiddenThinking, StreamState, Usage
from relay.neutral.failures import Failure, Phase


# --- commands ------------------------------------------------------------------------------------
class PickAccount(msgspec.Struct, frozen=True):
    """Take an account for a target and make its request ready. Reply: Picked or Unavailable.

    ``target`` counts the mapping's target and its fallbacks from 0; ``tried`` are the accounts that failed
    for it. ``stay_on``: the same account again, and no mark stands in the way. ``may_wait``: when all are
    marked, one that is free within two seconds is waited for. ``continues``: the request asks to continue
    what was said.
    """

    target: int
    tried: frozenset[int] = frozenset()
    stay_on: int | None = None
    may_wait: bool = False
    continues: Said | None = None


class OpenUpstream(msgspec.Struct, frozen=True):
    """Send the request that was made ready. Reply: Opened or Broke. ``until`` is a time as ``at`` is."""

    until: float


class Read(msgspec.Struct, frozen=True):
    """Read what comes next. Reply: Data, Ended, Broke or TimedOut."""

    until: float


class Settle(msgspec.Struct, frozen=True):
    """Take what was read for all that comes, as if the body had ended in order. Reply: Ended."""


class Deliver(msgspec.Struct, frozen=True):
    """Give the client what was read; the first one is the commit. Reply: Done, Unsayable, or Broke.

    Broke: no bytes could be made of it, and none were given away.

    ``is_spliced``: the events are of a later leg of the same answer and must be encoded from events,
    even where client and upstream speak the same dialect.
    """

    chunk: Chunk
    is_spliced: bool = False


class Sleep(msgspec.Struct, frozen=True):
    """Back off. Reply: Done."""

    seconds: float


class CloseUpstream(msgspec.Struct, frozen=True):
    """Be done with the response and the account: the last of an attempt. Reply: Done.

    ``is_complete`` lets the connection be used again: what still comes is read and thrown away.
    """

    is_complete: bool


class LookAround(msgspec.Struct, frozen=True):
    """Who else could be asked for this target? Reply: Around."""

    target: int
    besides: frozenset[int]


class SpendRetry(msgspec.Struct, frozen=True):
    """May upstream be asked once more, by ``until``? A dying one is not to be hammered. Reply: Allowed."""

    until: float


class Heal(msgspec.Struct, frozen=True):
    """Heal the refused request for the next attempt on the same account. Reply: Healed.

    ``parameter`` is what is taken back of its form, where ``how`` says so.
    """

    how: Literal["strip", "drop_block", "parameter"]
    parameter: str = ""


class MarkAccount(msgspec.Struct, frozen=True):
    """Remember against an account what it did. Reply: Done."""

    account: int
    model: str
    mark: EarnedMark


class ContinueUpstream(msgspec.Struct, frozen=True):
    """Make the next leg of a CONTINUATION ready: the same request with upstream's token. Reply: Done.

    The response so far is complete, as with CloseUpstream, but the account is kept for the next leg.
    """

    token: str


class Note(msgspec.Struct, frozen=True):
    """Put a fact on record. Reply: Done."""

    fact: Fact


Command = (
    PickAccount
    | OpenUpstream
    | Read
    | Settle
    | Deliver
    | Sleep
    | CloseUpstream
    | LookAround
    | SpendRetry
    | Heal
    | MarkAccount
    | ContinueUpstream
    | Note
)


# --- replies -------------------------------------------------------------------------------------
class Picked(msgspec.Struct, frozen=True):
    """The account, and what its request is like.

    ``thinks_unseen``: the model may think long without a byte. ``has_bound_thinking``: the history
    holds thinking that only this account can read. ``is_same_dialect``: bytes pass through.
    ``continues`` and ``tool_safe`` are the mapping's switches, and ``wants`` what the request wants that is
    no plain text. ``unseen`` counts the characters at the end of what was said that a request to continue
    could not show. ``hides_thinking``: what the client is not told of thinking.
    ``may_say_nothing``: the request gives results of tools, behind which a model may end its turn at once.
    """

    at: float
    account: int
    email: str
    kind: str
    model: str
    is_same_dialect: bool
    thinks_unseen: bool = False
    has_bound_thinking: bool = False
    continues: bool = False
    tool_safe: bool = False
    wants: str = ""
    unseen: int = 0
    hides_thinking: HiddenThinking = ""
    may_say_nothing: bool = False


class Unavailable(msgspec.Struct, frozen=True):
    """Nobody could be picked (NO_ACCOUNT), or the request cannot be made for this upstream.

    ``failure.reason`` "full" says that accounts are merely busy: no reason to take a fallback.
    """

    at: float
    failure: Failure


class Opened(msgspec.Struct, frozen=True):
    """Upstream answered 200 and its headers."""

    at: float
    upstream_request_id: str = ""


class Data(msgspec.Struct, frozen=True):
    """What one read gave."""

    at: float
    chunk: Chunk


class Ended(msgspec.Struct, frozen=True):
    """Upstream closed in order; ``chunk`` is what was left."""

    at: float
    chunk: Chunk


class Broke(msgspec.Struct, frozen=True):
    """The attempt broke: an HTTP error, a broken connection."""

    at: float
    failure: Failure


class TimedOut(msgspec.Struct, frozen=True):
    """Nothing came until the time that was named. A read that timed out is never repeated."""

    at: float


class Around(msgspec.Struct, frozen=True):
    """``another_is_free``: for this target, besides those named; ``all_are_marked``: hard, every one.

    ``nearest_free_seconds`` is when the first of the marked ones is free again. ``is_elsewhere``: the
    exchange has turned to a fallback, and it is there that another one is free.
    """

    at: float
    another_is_free: bool
    all_are_marked: bool
    nearest_free_seconds: float | None = None
    is_elsewhere: bool = False


class Allowed(msgspec.Struct, frozen=True):
    """``is_allowed``: in ``seconds`` it is the retry's turn; else there is none, and the failure stands."""

    at: float
    is_allowed: bool
    seconds: float = 0.0


class Healed(msgspec.Struct, frozen=True):
    """``changes`` say what was done; empty when there was nothing to heal."""

    at: float
    changes: tuple[str, ...]


class Unsayable(msgspec.Struct, frozen=True):
    """The answer holds what the client's dialect has no words for; a streaming client was told so."""

    at: float
    failure: Failure


class Done(msgspec.Struct, frozen=True):
    """It is done."""

    at: float


Reply = (
    Picked
    | Unavailable
    | Opened
    | Data
    | Ended
    | Broke
    | TimedOut
    | Around
    | Allowed
    | Healed
    | Unsayable
    | Done
)


class Interrupted(Exception):
    """Thrown into the engine: the exchange must end now, by ``by``."""

    def __init__(self, by: Literal["client", "server", "fault"]) -> None:
        """``by``: the client went, the server stops, or what was asked for failed by a fault of ours."""
        super().__init__(by)
        self.by = by


class ExchangeEnd(msgspec.Struct, frozen=True):
    """How the exchange ended, as the engine saw it.

    ``status`` is the HTTP status that the client is owed (200 when an answer began). ``failure`` is None
    for a complete answer; ``is_told`` says that upstream's own error event already told the client of it.
    ``interrupted_by`` is set when somebody else ended it. ``message`` is the failure in words.
    """

    status: int
    attempts: int
    state: StreamState
    usage: Usage
    is_committed: bool = False
    failure: Failure | None = None
    interrupted_by: Literal["", "client", "server"] = ""
    phase: Phase = Phase.ADMISSION
    is_told: bool = False
    is_healed: bool = False
    message: str = ""
    retry_after_seconds: float | None = None
