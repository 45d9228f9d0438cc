"""What the relay hands over to be remembered: plain frozen data, and nothing else crosses.

PURE: no Django, no clock. A record says everything that is known by now; a later record for the same
request (attempt, body) replaces the earlier one, so the relay submits a complete new one — made with
``msgspec.structs.replace`` — and never a difference. ``None`` means "not known" and is never 0.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import msgspec

from monitor.masking.many import NOBODYS, ManySecrets
from monitor.record.attempt_use import AttemptUse
from monitor.record.failures.failure_kinds import Phase as Phase


class Outcome(StrEnum):
    """How an exchange ended, in one word; the order here is the order of ``outcome.outcome_of``."""

    UNAUTHORIZED = "unauthorized"
    KEY_EXPIRED = "key_expired"
    NOT_ALLOWED = "not_allowed"
    RATE_LIMITED = "rate_limited"
    OVER_BUDGET = "over_budget"
    CLIENT_CLOSED = "client_closed"
    INTERRUPTED = "interrupted"
    ZERO_TOKENS = "zero_tokens"
    ERROR = "error"
    REFUSED = "refused"
    THINKING_ONLY = "thinking_only"
    CONTINUED = "continued"
    HEALED = "healed"
    RETRIED = "retried"
    OK = "ok"


class EndedBy(StrEnum):
    """Which side ended the exchange, on successes too (there it is the upstream)."""

    CLIENT = "client"
    UPSTREAM = "upstream"
    PROXY = "proxy"


class BodyKind(StrEnum):
    """Which of an exchange's bodies this is."""

    CLIENT_REQUEST = "client_request"
    UPSTREAM_REQUEST = "upstream_request"
    RESPONSE = "response"
    CHANGED = "changed"


_counting = re.compile(r"^[^?]*(?:/count_tokens|:countTokens)(?:\?|$)")
COUNTING_PATH: Final = _counting.pattern
"""The paths, whatever their query, that only count: their tokens are neither used nor paid. For SQL too."""


class RequestRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One exchange as its row shows it; submitted at admission, when something changed, and at the end.

    The first group is fixed at admission: of later records for the same id it is not stored again.
    Texts are masked for secrets and cut to their column by the writer.
    """

    id: str
    """From ``request_id.new_request_id``: rows are paged by it, so it has to sort by time."""
    started_at: float
    """Seconds since the epoch, at admission."""
    process_id: str
    """The process that serves it: unique also across restarts and hosts (not the bare pid)."""
    dialect: str
    """``anthropic``, ``gemini`` or ``openai``."""
    method: str
    path: str
    """With the query string; a key in it is masked by the writer in any case."""
    client_key: str = ""
    """The key's *name*; empty when the key was refused."""
    client_key_id: int | None = None
    """None where no client's key asked: a refused one, a replay of the operator's."""
    client_model: str = ""
    is_stream: bool = False
    """What the client asked for, not what upstream was asked for."""
    preview: str = ""
    """The beginning of the last user turn."""
    session_hash: str = ""
    conversation: str = ""
    """A hash of client key and conversation, as the client names it; else the session's."""
    agent: str = ""
    """Within it; the main agent's is the conversation's own."""
    parent_agent: str = ""
    """The agent that started this one, which may never have asked anything; empty for a main agent."""
    agent_label: str = ""
    """What the client calls a sub-agent: its name, id or kind."""
    client_name: str = ""
    role: str = ""
    """``main`` or ``sub``: whether a sub-agent asked; empty where the request was not read."""
    request_bytes: int = 0
    """Of the decoded request body."""
    replay_of: str = ""
    """Id of the exchange that this one sends again."""
    is_simulated: bool = False
    """It asked the simulator: no account, nothing to be paid, and no part of any figure."""

    in_flight: bool
    """True until the last record; a row left in flight by a dead process is closed as interrupted."""
    mapped_model: str | None = None
    account: str | None = None
    """Label of the account of the latest attempt."""
    status: int | None = None
    """The HTTP status that the client received."""
    outcome: Outcome | None = None
    """None while in flight."""
    ended_by: EndedBy | None = None
    """None while in flight."""
    ended_in: Phase | None = None
    """While in flight: the phase it has reached."""
    attempts: int = 0
    """As the ``X-Attempts`` header counts them."""
    first_data_ms: int | None = None
    """From admission to the first valid data."""
    duration_ms: int | None = None
    """From admission to the end of the stream."""
    tokens_in: int | None = None
    """Input that came from no cache and went into none."""
    tokens_out: int | None = None
    """Including thinking."""
    tokens_cached: int | None = None
    """Input read from upstream's prompt cache."""
    tokens_cache_write: int | None = None
    tokens_thinking: int | None = None
    """The part of ``tokens_out`` that was thinking."""
    cost: Decimal | None = None
    """In US dollars, of all attempts; left None the writer works it out when the exchange has ended."""
    stop_reason: str | None = None
    response_bytes: int = 0
    """As sent to the client."""
    error: str | None = None
    """What went wrong, as the client was told it or would have been."""
    cached_tokens_lost: int | None = None
    """What leaving the account with the prompt cache has cost."""
    cache_miss: str = ""
    """Why upstream's prompt cache was not read as far as it could have been (``cache_misses.CAUSES``)."""
    cache_miss_tokens: int | None = None
    """What could have been read and was not."""
    cache_miss_cost: Decimal | None = None
    """In US dollars: what it would have cost less; worked out by the writer."""
    healed: bool = False
    continued: bool = False
    seams: tuple[int, ...] = ()
    """Where continuations were spliced in: offsets in characters of the answer's text."""
    changes: tuple[str, ...] = ()
    """What the server changed on the way up, each in a few words."""
    diagnostics: Mapping[str, str | int | float | bool | None] = {}
    """Further facts for whoever looks into it; nothing is filtered by them."""
    used_by_attempt: tuple[AttemptUse, ...] | None = None
    """Each attempt that used anything; None where the last one alone did, whose counts are the row's own."""

    @property
    def only_counts(self) -> bool:
        """Whether it asked how many tokens something has, and used none."""
        return _counting.match(self.path) is not None


def record_of(values: dict[str, Any]) -> RequestRecord:
    """The record of a stored row, from its columns or the first group and some others."""
    return msgspec.convert({**values, "started_at": values["started_at"].timestamp()}, RequestRecord)


class AttemptRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One try upstream; submitted when it starts and when it has ended and been decided upon.

    The times after ``started_offset_ms`` count from the attempt's own start.
    """

    request_id: str
    number: int
    """1 for the first; every try has its own, also one that is not counted (after a heal)."""
    account: str
    account_kind: str
    upstream_model: str
    started_offset_ms: int
    """From the exchange's admission."""
    status: int | None = None
    """Upstream's HTTP status, or the one that an error inside its stream names."""
    phase: Phase | None = None
    """The phase that it ended in, or has reached."""
    failure_kind: str | None = None
    """None: it committed, or is still under way."""
    failure_text: str | None = None
    strategy: str | None = None
    """Decision: the back-off strategy's name."""
    delay_ms: int | None = None
    """Decision: the wait before the next attempt."""
    rotate: bool | None = None
    """Decision: whether another account is to be taken, where one is free; None: no next attempt."""
    heal: str | None = None
    """Decision: the heal that the next attempt goes out with, in a word."""
    connect_ms: int | None = None
    """None where an open connection was used again, or none came about."""
    headers_ms: int | None = None
    first_data_ms: int | None = None
    end_ms: int | None = None
    """None while under way."""
    upstream_request_id: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    tokens_cache_write: int | None = None
    tokens_thinking: int | None = None


class BodyRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One body of an exchange, raw; the writer masks, caps, hashes and compresses it.

    ``content`` is the body in one piece. A response is handed over as ``chunks`` instead: what was sent
    to the client, each piece with its milliseconds since admission. Whoever kept only a part
    (``transcript.Transcript``) gives ``total_bytes`` and ``sha256`` of the whole; else they are taken
    from what is here.
    """

    request_id: str
    kind: BodyKind
    attempt: int = 0
    """The attempt's number for ``UPSTREAM_REQUEST``, else 0."""
    headers: tuple[tuple[str, str], ...] = ()
    """As sent or received, in order; secrets in them are masked by the writer."""
    content: bytes = b""
    chunks: tuple[tuple[int, bytes], ...] = ()
    total_bytes: int | None = None
    sha256: str | None = None
    secrets: tuple[str, ...] = ()
    """The credentials of the exchange: masked whatever they look like, and not stored."""
    others: ManySecrets = NOBODYS
    """Those of the accounts that have no part in it."""


Record = RequestRecord | AttemptRecord | BodyRecord
