"""Back off and rotate: one table, one decision.

PURE. Which failure is worth another attempt, after what wait, and on whose account. The theory:

* A failure of the *account* (401, 402, 403, 429, 404 for its model) goes away with another account.
* A failure of the *service* (503, 529) does not: everybody's account meets the same overload, so the
  account is kept, and what helps is time. "Server-side fluctuation is not a broken account."
* A failure of *one machine or connection* (500, 502, 504, a reset, an empty stream) may be either, so
  another account is tried soon.
* A failure of the *request* (any other 4xx, and a 403 or 404 for a file or thread that it names) stays
  what it is: it is the client's to see.
"""

from typing import Final, Literal, assert_never

import msgspec

from relay.neutral.failures import Failure, Kind

MAX_RETRY_ATTEMPTS = 3
"""Attempts in all, whatever the pool's size; a heal and a token refresh are not counted."""

TOLD_DELAY_LIMIT_SECONDS = 10.0
"""The longest told delay of a 429 that is waited out on the same account."""


class NoRetry(msgspec.Struct, frozen=True):
    """The answer goes to the client."""


class FixedDelay(msgspec.Struct, frozen=True):
    """The same wait every time."""

    seconds: float


class LinearBackoff(msgspec.Struct, frozen=True):
    """base × (attempt + 1), attempts counted from 0."""

    base_seconds: float


class ExponentialBackoff(msgspec.Struct, frozen=True):
    """min(base × 2^attempt, cap), attempts counted from 0."""

    base_seconds: float
    cap_seconds: float


RetryStrategy = NoRetry | FixedDelay | LinearBackoff | ExponentialBackoff


class Rule(msgspec.Struct, frozen=True):
    """One row of the table."""

    strategy: RetryStrategy
    rotate: bool


_ACCOUNT = Rule(FixedDelay(0.1), rotate=True)
_MACHINE = Rule(LinearBackoff(0.5), rotate=True)
_SERVICE = Rule(ExponentialBackoff(1.0, 8.0), rotate=False)
_AT_ONCE = Rule(FixedDelay(0.0), rotate=True)
_FINAL = Rule(NoRetry(), rotate=False)

BY_STATUS: dict[int, Rule] = {
    401: _ACCOUNT,
    402: _ACCOUNT,
    403: _ACCOUNT,
    404: Rule(FixedDelay(0.3), rotate=True),
    408: _MACHINE,
    429: Rule(LinearBackoff(1.0), rotate=True),
    500: _MACHINE,
    502: _MACHINE,
    503: _SERVICE,
    504: _MACHINE,
    529: _SERVICE,
}
BY_KIND: dict[Kind, Rule] = {
    Kind.NETWORK: _MACHINE,
    Kind.CONNECT_TIMEOUT: _MACHINE,
    Kind.CREDENTIALS: _ACCOUNT,
    # Peek failures: there is nothing to wait for, another account may do better at once.
    Kind.FIRST_DATA_TIMEOUT: _AT_ONCE,
    Kind.EMPTY: _AT_ONCE,
    Kind.EMPTY_STOP: _AT_ONCE,
    Kind.READ_ERROR: _AT_ONCE,
    Kind.GARBAGE: _AT_ONCE,
    Kind.ERROR_EVENT: _AT_ONCE,  # one that names no status
    Kind.MALFORMED_ANSWER: _AT_ONCE,
    # Of a collected answer, whose whole is the peek:
    Kind.CUT: _AT_ONCE,
    Kind.IDLE_TIMEOUT: _AT_ONCE,
}
HEAL_DELAY = FixedDelay(0.2)


def _rule(failure: Failure) -> Rule:
    if failure.names_missing_thing:
        return _FINAL
    if failure.account_fault:
        return _ACCOUNT
    if _names_status(failure):
        return BY_STATUS.get(failure.status or 0, _FINAL)
    return BY_KIND.get(failure.kind, _FINAL)


def _names_status(failure: Failure) -> bool:
    """Did upstream say a status, by HTTP or in an error object inside a stream?"""
    return failure.status is not None and failure.kind in (Kind.STATUS, Kind.ERROR_EVENT)


def _is_quota(failure: Failure) -> bool:
    """A 429 that time or another account cures; one about the account's money is the account's fault."""
    return failure.status == 429 and not failure.account_fault


def should_rotate_account(status: int) -> bool:
    """Does another account help against this upstream status? (The lesson's ``should_rotate_account``.)"""
    return BY_STATUS.get(status, _FINAL).rotate


def determine_retry_strategy(failure: Failure, *, is_healed: bool, another_is_free: bool) -> RetryStrategy:
    """How to wait before the next attempt, or NoRetry. (The lesson's ``determine_retry_strategy``.)"""
    if needs_healing(failure):
        return NoRetry() if is_healed else HEAL_DELAY
    strategy = _rule(failure).strategy
    if _is_quota(failure):
        told = failure.retry_after_seconds
        if another_is_free:
            return FixedDelay(0.0)
        if told is not None:
            return FixedDelay(told + 0.2) if told <= TOLD_DELAY_LIMIT_SECONDS else NoRetry()
    return strategy


def delay_seconds(strategy: RetryStrategy, attempt: int) -> float:
    """The wait before the attempt that follows ``attempt`` (counted from 0)."""
    match strategy:
        case FixedDelay(seconds):
            return seconds
        case LinearBackoff(base):
            return base * (attempt + 1)
        case ExponentialBackoff(base, cap):
            return min(base * 2.0**attempt, cap)
        case NoRetry():
            return 0.0
        case _:
            assert_never(strategy)


def needs_healing(failure: Failure) -> bool:
    """Was the request refused for a thinking signature in its history?"""
    return failure.kind is Kind.MISSING_SIGNATURE or (failure.is_signature and failure.status == 400)


def is_final(failure: Failure) -> bool:
    """Is it the request's own fault, which no other attempt would mend?"""
    return isinstance(_rule(failure).strategy, NoRetry) and failure.kind is not Kind.DEADLINE


BUDGET_SPENT: Final = "retry budget spent"
"""The strategy of a retry that was due, and that the server's retry budget had no room for."""


class Decision(msgspec.Struct, frozen=True):
    """What is done about a failure. ``strategy`` is as the log and the row name it.

    ``continues``: the answer had begun, and the next attempt goes on with it.
    """

    retry: bool
    strategy: Literal[
        "none", "fixed delay", "linear backoff", "exponential backoff", "retry budget spent"
    ] = "none"
    delay_seconds: float = 0.0
    rotate: bool = False
    heal: Literal["", "strip", "drop_block"] = ""
    continues: bool = False


_NAMES: dict[type, Literal["none", "fixed delay", "linear backoff", "exponential backoff"]] = {
    NoRetry: "none",
    FixedDelay: "fixed delay",
    LinearBackoff: "linear backoff",
    ExponentialBackoff: "exponential backoff",
}


def decide(
    failure: Failure,
    attempt: int,
    *,
    is_healed: bool,
    another_is_free: bool,
    all_are_marked: bool = False,
    has_bound_thinking: bool = False,
    scale: float = 1.0,
) -> Decision:
    """One decision about one failure of attempt ``attempt`` (counted from 0).

    ``scale`` multiplies the wait. With ``has_bound_thinking`` only what hard-marks an account rotates:
    another account would drop the thinking in silence, so everything else backs off where it is.
    ``all_are_marked``: every account is hard-marked by now, so there is nobody to rotate to.
    """
    heals = needs_healing(failure)
    strategy = determine_retry_strategy(failure, is_healed=is_healed, another_is_free=another_is_free)
    if isinstance(strategy, NoRetry) or (not heals and attempt + 1 >= MAX_RETRY_ATTEMPTS):
        return Decision(retry=False)
    rotate = not heals and _rule(failure).rotate and (another_is_free or not _is_quota(failure))
    if rotate and all_are_marked and not another_is_free:
        return Decision(retry=False)
    if has_bound_thinking and rotate and not hard_mark(failure):
        rotate = False
        if strategy == _AT_ONCE.strategy:
            strategy = _MACHINE.strategy
    heal: Literal["", "strip", "drop_block"] = ""
    if heals:
        heal = "drop_block" if failure.offers_drop_block else "strip"
    return Decision(
        retry=True,
        strategy=_NAMES[type(strategy)],
        delay_seconds=delay_seconds(strategy, attempt) * scale,
        rotate=rotate,
        heal=heal,
    )


def asks_the_budget(decision: Decision, failure: Failure) -> bool:
    """Is this a retry that the budget has to allow? A heal happens once; a quota goes to somebody else."""
    return decision.retry and not decision.heal and failure.status != 429


class Mark(msgspec.Struct, frozen=True):
    """What is remembered against an account: ``hard`` marks stop it, ``soft`` ones put it last.

    ``status`` and ``reason`` are upstream's, but 400 stands for any fault of the account itself that is no
    401 or 402; ``whole_account`` marks every model of it; ``told_seconds`` is how long upstream said to wait.
    """

    hardness: Literal["hard", "soft"]
    status: int
    reason: str
    whole_account: bool = False
    told_seconds: float | None = None


def hard_mark(failure: Failure) -> Mark | None:
    """The hard mark that a failure earns its account, if any."""
    if failure.names_missing_thing:
        return None
    status = 401 if failure.kind is Kind.CREDENTIALS else failure.status or 0
    if failure.account_fault or status in (401, 402):
        status = status if status in (401, 402) else 400
        return Mark("hard", status, failure.reason or failure.message, True, failure.retry_after_seconds)
    if status in (403, 404, 429) and _names_status(failure):
        return Mark("hard", status, failure.reason, False, failure.retry_after_seconds)
    return None


_SOFT_STATUSES = frozenset({500, 408, 502, 504})


def soft_mark(failure: Failure) -> Mark | None:
    """The soft mark that a failure earns its account once *another* account answered the same request."""
    if failure.account_fault or failure.kind is Kind.CREDENTIALS:
        return None
    soft = failure.status in _SOFT_STATUSES if _names_status(failure) else failure.kind in BY_KIND
    return Mark("soft", failure.status or 0, failure.kind.value) if soft else None


def decisive(failures: list[Failure]) -> Failure:
    """Which of an exchange's failures the client is told of: the last real one of upstream, else the last."""
    real = (f for f in reversed(failures) if _is_about_credentials(f) or (f.status or 0) >= 400)
    return next(real, failures[-1])


def answer_status(failures: list[Failure]) -> int:
    """The HTTP status that a client is owed when all attempts failed so.

    The last real upstream status; without one 502 for what came broken or not at all, 504 for time.
    The account's own troubles are 503: a 401 or 403 would log the client out of *its* account.
    """
    failure = decisive(failures)
    if _is_about_credentials(failure):
        return 503
    if failure.status is not None and failure.status >= 400:
        return failure.status
    if failure.kind in (Kind.DEADLINE, Kind.FIRST_DATA_TIMEOUT, Kind.IDLE_TIMEOUT):
        return 504
    return 500 if failure.kind is Kind.INTERNAL else 502


def _is_about_credentials(failure: Failure) -> bool:
    if failure.names_missing_thing:
        return False
    return failure.account_fault or failure.kind is Kind.CREDENTIALS or failure.status in (401, 402, 403)
