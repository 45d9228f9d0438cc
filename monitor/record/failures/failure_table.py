"""What each failure means: the one table. Who retries, marks, blames, logs or explains a failure reads it.

PURE. The theory:

* A failure of the *account* (401, 402, 403, 429, 404 for its model) goes away with another account.
* A failure of the *service* (503, 529) does not: everybody's account meets the same overload, so the account
  is kept, and what helps is time. "Server-side fluctuation is not a broken account."
* A failure of *one machine or connection* (500, 502, 504, a reset, an empty stream) may be either, so another
  account is tried soon. So is every 5xx that is not listed, and a 499 that no client of ours caused.
* A failure of the *request* (any other 4xx, and a 403 or 404 for a file or thread that it names) stays what
  it is: it is the client's to see. So does a failure of *this server*.
"""

from collections.abc import Sequence
from enum import Enum, StrEnum
from typing import Literal

import msgspec

from monitor.record.failures.failure_kinds import (
    ACCOUNT,
    MISSING_THING,
    OUTPUT_LIMIT,
    PARAMETER,
    SIGNATURE,
    TOO_LONG_CONTEXT,
    Kind,
)
from monitor.record.failures.retry_strategies import (
    AsTold,
    ExponentialBackoff,
    FixedDelay,
    HealOnce,
    LinearBackoff,
    NoRetry,
    RetryStrategy,
)


class Culprit(Enum):
    """Whose fault a failure is."""

    ACCOUNT = "the account's"
    SERVICE = "the service's, for every account alike"
    MACHINE = "one machine's or connection's"
    REQUEST = "the request's own"
    SERVER = "this server's"


MarkKind = Literal["", "soft", "credential", "forbidden", "model", "quota"]
"""What is remembered against the account: nothing; *soft* puts it last, if another account does better; the
others stop it: *credential* the whole account, the rest the one model."""


class Peeked(Enum):
    """What the log calls a failure of the peek (``relay.exchange.record.log_phrases`` has the words)."""

    OTHER = "refused"
    ENDED = "the stream ended"
    EMPTY = "an empty first chunk"
    LATE = "a timeout"
    BROKEN = "a stream error"
    UNREACHED = "no connection"


class Cause(StrEnum):
    """What the pages call it (``monitor.diagnosis.advice`` has the words)."""

    SIGNATURE = "signature"
    QUOTA = "quota"
    CREDENTIALS = "credentials"
    FORBIDDEN = "forbidden"
    MISSING_MODEL = "missing model"
    OVERLOAD = "overload"
    SERVER_ERROR = "server error"
    CLIENT_REQUEST = "client's request"
    TOO_LONG_CONTEXT = "too long context"
    OUTPUT_LIMIT = "output limit"
    EMPTY = "empty"
    FIRST_DATA_TIMEOUT = "first data timeout"
    IDLE_TIMEOUT = "idle timeout"
    NETWORK = "network"
    BROKEN_ANSWER = "broken answer"
    LARGE_ANSWER = "large answer"
    CUT = "cut"
    NO_ACCOUNT = "no account"
    DEADLINE = "deadline"
    DRAINING = "draining"
    INTERNAL = "internal"
    OTHER = "other"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table.

    ``wait`` and ``rotate``: how long the next attempt waits, and whether it goes to another account.
    ``may_continue``: an answer that broke off so may be continued. ``client_status``: what the client is told
    where that is not upstream's own status (None; a failure without one is a 502). ``ended_here``: this
    server ended the exchange, not upstream. ``has_opened``: upstream had answered 200.
    ``is_keys``: the client's key was not taken, or may not do this; the outcome is the failure's own word.
    """

    culprit: Culprit
    wait: RetryStrategy | AsTold | HealOnce = NoRetry()
    rotate: bool = False
    mark: MarkKind = ""
    cause: Cause
    peeked: Peeked = Peeked.OTHER
    may_continue: bool = False
    client_status: int | None = None
    ended_here: bool = False
    has_opened: bool = True
    is_keys: bool = False


OUT = 503
"""What the client is told of an account's own trouble: a 401 or 403 would log it out of *its* account."""

_SOON = FixedDelay(0.1)
_MACHINES = LinearBackoff(0.5)
_AT_ONCE = FixedDelay(0.0)


def _account(
    mark: MarkKind, cause: Cause, wait: RetryStrategy = _SOON, client_status: int | None = OUT
) -> Rule:
    return Rule(
        culprit=Culprit.ACCOUNT,
        wait=wait,
        rotate=True,
        mark=mark,
        cause=cause,
        may_continue=True,
        client_status=client_status,
    )


def _final(culprit: Culprit, cause: Cause, client_status: int | None = None) -> Rule:
    return Rule(culprit=culprit, cause=cause, client_status=client_status, ended_here=True)


def _broken(cause: Cause, peeked: Peeked, client_status: int | None = None, *, by_us: bool = False) -> Rule:
    """Nothing to wait for: another account may do better at once."""
    return Rule(
        culprit=Culprit.MACHINE,
        wait=_AT_ONCE,
        rotate=True,
        mark="soft",
        cause=cause,
        peeked=peeked,
        may_continue=True,
        client_status=client_status,
        ended_here=by_us,
    )


_KEY = msgspec.structs.replace(_final(Culprit.REQUEST, Cause.CLIENT_REQUEST), is_keys=True)
_MACHINE = Rule(
    culprit=Culprit.MACHINE,
    wait=_MACHINES,
    rotate=True,
    mark="soft",
    cause=Cause.SERVER_ERROR,
    may_continue=True,
)
_SERVICE = Rule(
    culprit=Culprit.SERVICE, wait=ExponentialBackoff(1.0, 8.0), cause=Cause.OVERLOAD, may_continue=True
)
_REQUEST = Rule(culprit=Culprit.REQUEST, cause=Cause.CLIENT_REQUEST, may_continue=True)
_UNABLE = msgspec.structs.replace(_REQUEST, cause=Cause.SERVER_ERROR)  # not implemented: it never will be
_NETWORK = Rule(
    culprit=Culprit.MACHINE,
    wait=_MACHINES,
    rotate=True,
    mark="soft",
    cause=Cause.NETWORK,
    peeked=Peeked.UNREACHED,
    may_continue=True,
    has_opened=False,
)
_CREDENTIALS = _account("credential", Cause.CREDENTIALS)
_SIGNATURE = Rule(culprit=Culprit.REQUEST, wait=HealOnce(FixedDelay(0.2)), cause=Cause.SIGNATURE)
_UNKNOWN = Rule(culprit=Culprit.MACHINE, cause=Cause.OTHER)

BY_STATUS: dict[int, Rule] = {
    401: _CREDENTIALS,
    402: _CREDENTIALS,
    403: _account("forbidden", Cause.FORBIDDEN),
    404: _account("model", Cause.MISSING_MODEL, FixedDelay(0.3), None),
    408: _MACHINE,
    429: msgspec.structs.replace(
        _account("quota", Cause.QUOTA, client_status=None), wait=AsTold(LinearBackoff(1.0))
    ),
    499: msgspec.structs.replace(_MACHINE, client_status=502),  # a gateway's client went: that was not ours
    500: _MACHINE,
    501: _UNABLE,
    502: _MACHINE,
    503: _SERVICE,
    504: _MACHINE,
    505: _UNABLE,
    508: _UNABLE,  # a loop through other servers: each new attempt goes round again
    529: _SERVICE,
}
"""Of upstream's HTTP status, or of the one that an error object inside a stream names."""

BY_WORD: dict[str, Rule] = {
    Kind.NETWORK: _NETWORK,
    Kind.CONNECT_TIMEOUT: _NETWORK,
    Kind.CREDENTIALS: msgspec.structs.replace(_CREDENTIALS, ended_here=True, has_opened=False),
    Kind.FIRST_DATA_TIMEOUT: _broken(Cause.FIRST_DATA_TIMEOUT, Peeked.LATE, 504, by_us=True),
    Kind.EMPTY: _broken(Cause.EMPTY, Peeked.ENDED),
    Kind.EMPTY_STOP: _broken(Cause.EMPTY, Peeked.EMPTY),
    Kind.READ_ERROR: _broken(Cause.CUT, Peeked.BROKEN),
    Kind.GARBAGE: _broken(Cause.BROKEN_ANSWER, Peeked.BROKEN),
    Kind.ERROR_EVENT: _broken(Cause.SERVER_ERROR, Peeked.BROKEN),  # one that names no status
    Kind.MALFORMED_ANSWER: msgspec.structs.replace(
        _broken(Cause.BROKEN_ANSWER, Peeked.BROKEN), may_continue=False
    ),
    Kind.ANSWER_TOO_LARGE: _final(Culprit.SERVER, Cause.LARGE_ANSWER, 502),  # the next would be as large
    # Of a collected answer, whose whole is the peek, or of one that may be continued:
    Kind.CUT: _broken(Cause.CUT, Peeked.BROKEN),
    Kind.IDLE_TIMEOUT: _broken(Cause.IDLE_TIMEOUT, Peeked.BROKEN, 504, by_us=True),
    Kind.MISSING_SIGNATURE: _SIGNATURE,
    Kind.NO_ACCOUNT: _final(Culprit.SERVER, Cause.NO_ACCOUNT),
    Kind.BAD_REQUEST: _final(Culprit.REQUEST, Cause.CLIENT_REQUEST),
    Kind.UNAUTHORIZED: _KEY,
    Kind.KEY_EXPIRED: _KEY,
    Kind.NOT_ALLOWED: _KEY,
    Kind.RATE_LIMITED: _KEY,
    Kind.OVER_BUDGET: _KEY,
    Kind.UNKNOWN_MODEL: _final(Culprit.REQUEST, Cause.CLIENT_REQUEST),
    Kind.TOO_LARGE: _final(Culprit.REQUEST, Cause.CLIENT_REQUEST),
    Kind.DEADLINE: _final(Culprit.SERVER, Cause.DEADLINE, 504),
    Kind.DRAINING: _final(Culprit.SERVER, Cause.DRAINING),
    Kind.INTERNAL: _final(Culprit.SERVER, Cause.INTERNAL, 500),
    ACCOUNT: _CREDENTIALS,
    SIGNATURE: _SIGNATURE,
    PARAMETER: msgspec.structs.replace(_REQUEST, wait=HealOnce(FixedDelay(0.0))),
    MISSING_THING: _REQUEST,
    TOO_LONG_CONTEXT: msgspec.structs.replace(_REQUEST, cause=Cause.TOO_LONG_CONTEXT),
    OUTPUT_LIMIT: msgspec.structs.replace(_REQUEST, cause=Cause.OUTPUT_LIMIT),
}
"""Of everything else, by the word that a failure is on record under."""


def rule_for(word: str, status: int | None) -> Rule:
    """The row for a failure: ``word`` is what it is on record under, ``status`` the one that upstream told.

    History outlives the code that wrote it: a word that is not known has a row too.
    """
    if status is None or word not in (Kind.STATUS, Kind.ERROR_EVENT):
        return BY_WORD.get(word, _UNKNOWN)
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status >= 500:
        return _MACHINE
    return _REQUEST if status >= 400 else _UNKNOWN


_ORDER: dict[str, int] = {"quota": 0, "credential": 1, "forbidden": 1, "model": 2}


def decisive(failures: Sequence[tuple[str, int | None]]) -> int:
    """Which of an exchange's failures (word and status) the client is told of, by its place.

    The last that upstream told by a status, or that is an account's own; without one the last. Of several
    accounts that are out it is the one that the pool names at the next request: a limit before a refusal,
    that before a missing model. So one state of the pool has one status.
    """
    rules = [rule_for(word, status) for word, status in failures]
    real = [
        place
        for place, (rule, (_, status)) in enumerate(zip(rules, failures, strict=True))
        if (status or 0) >= 400 or rule.client_status == OUT
    ]
    if not real:
        return len(failures) - 1
    if rules[real[-1]].mark not in _ORDER:
        return real[-1]
    out = [place for place in real if rules[place].mark in _ORDER]
    return min(out, key=lambda place: (_ORDER[rules[place].mark], -place))
