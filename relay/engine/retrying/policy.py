"""Back off and rotate: one decision about a failure, out of the one table.

PURE. What each failure means is a row of the table in ``monitor/record/failures/failure_table.py``. Here it
is read for the case at hand: which attempt it was, who else is free, what was healed already.
"""

from typing import Final, Literal

import msgspec

from monitor.record.failures import failure_table
from monitor.record.failures.decision_words import Strategy
from monitor.record.failures.failure_table import Cause, MarkKind, rule_for
from monitor.record.failures.retry_strategies import (
    TOLD_DELAY_LIMIT_SECONDS,
    AsTold,
    ExponentialBackoff,
    FixedDelay,
    HealOnce,
    LinearBackoff,
    NoRetry,
    RetryStrategy,
    delay_seconds,
)
from relay.neutral.failures import Failure, Kind

MAX_RETRY_ATTEMPTS = 3
"""Attempts in all, whatever the pool's size; a heal and a token refresh are not counted."""

_AT_ONCE = FixedDelay(0.0)
_BESIDE_BOUND_THINKING = LinearBackoff(0.5)
"""The wait on the same account, where another one would have been asked at once."""


def should_rotate_account(status: int | None, word: str = Kind.STATUS) -> bool:
    """Does another account help against this upstream status? (The lesson's ``should_rotate_account``.)

    ``word`` is what a failure without an upstream status is on record under.
    """
    return rule_for(word, status).rotate


def determine_retry_strategy(failure: Failure, *, is_healed: bool, another_is_free: bool) -> RetryStrategy:
    """How to wait before the next attempt, or NoRetry. (The lesson's ``determine_retry_strategy``.)"""
    match failure.rule.wait:
        case HealOnce(delay):
            return NoRetry() if is_healed else delay
        case AsTold(untold):
            told = failure.retry_after_seconds
            if another_is_free:
                return _AT_ONCE
            if told is None:
                return untold
            return FixedDelay(told + 0.2) if told <= TOLD_DELAY_LIMIT_SECONDS else NoRetry()
        case wait:
            return wait


def is_quota(failure: Failure) -> bool:
    """A limit that time or another account cures; one about the account's money is the account's fault."""
    return isinstance(failure.rule.wait, AsTold)


def needs_healing(failure: Failure) -> bool:
    """Was the request refused for something that can be healed: a thinking signature, a part of its form?"""
    return isinstance(failure.rule.wait, HealOnce)


def refuses_signature(failure: Failure) -> bool:
    """Was it refused for a thinking signature in its history?"""
    return failure.rule.cause is Cause.SIGNATURE


def is_final(failure: Failure) -> bool:
    """Is it the request's own fault, which no other attempt would mend?"""
    return isinstance(failure.rule.wait, NoRetry | HealOnce) and failure.kind is not Kind.DEADLINE


Heals = Literal["", "strip", "drop_block", "parameter"]
"""How a refused request is healed: of its thinking, or of a part of its form."""


class Decision(msgspec.Struct, frozen=True):
    """What is done about a failure. ``strategy`` is as the log and the row name it.

    ``continues``: the answer had begun, and the next attempt continues it. ``queued_seconds`` of the delay
    are for its turn among the retries of the same upstream.
    """

    retry: bool
    strategy: Strategy = Strategy.NONE
    delay_seconds: float = 0.0
    rotate: bool = False
    heal: Heals = ""
    continues: bool = False
    queued_seconds: float = 0.0


FALL_BACK: Final = Decision(retry=True, strategy=Strategy.FIXED_DELAY, rotate=True)
"""Another upstream model is asked at once."""

_NAMES: dict[type, Strategy] = {
    NoRetry: Strategy.NONE,
    FixedDelay: Strategy.FIXED_DELAY,
    LinearBackoff: Strategy.LINEAR_BACKOFF,
    ExponentialBackoff: Strategy.EXPONENTIAL_BACKOFF,
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
    wait = determine_retry_strategy(failure, is_healed=is_healed, another_is_free=another_is_free)
    if isinstance(wait, NoRetry) or (not heals and attempt + 1 >= MAX_RETRY_ATTEMPTS):
        return Decision(retry=False)
    rotate = should_rotate_account(failure.status, failure.recorded_as)
    rotate = rotate and (another_is_free or not is_quota(failure))
    if rotate and all_are_marked and not another_is_free:
        return Decision(retry=False)
    if has_bound_thinking and rotate and not hard_mark(failure):
        rotate = False
        if wait == _AT_ONCE:
            wait = _BESIDE_BOUND_THINKING
    heal: Heals = ""
    if heals:
        heal = "parameter" if failure.refused_parameter else "strip"
        heal = "drop_block" if failure.offers_drop_block else heal
    return Decision(
        retry=True,
        strategy=_NAMES[type(wait)],
        delay_seconds=delay_seconds(wait, attempt) * scale,
        rotate=rotate,
        heal=heal,
    )


def counted_anew(attempt: int, *, is_elsewhere: bool) -> int:
    """The number of the attempt that failed, for ``decide``; ``is_elsewhere``: a fallback is asked next.

    Where the attempts end with the last account of a model, its fallback has attempts of its own.
    """
    return -1 if is_elsewhere and attempt + 1 >= MAX_RETRY_ATTEMPTS else attempt


def asks_the_budget(decision: Decision, failure: Failure) -> bool:
    """Is this a retry that the budget has to allow? A heal happens once; a quota goes to somebody else."""
    return decision.retry and not decision.heal and not is_quota(failure)


class EarnedMark(msgspec.Struct, frozen=True):
    """What is remembered against an account: ``soft`` marks put it last, all others stop it.

    ``status`` and ``reason`` are upstream's, but 400 stands for any fault of the account itself that is no
    401 or 402; ``told_seconds`` is how long upstream said to wait.
    """

    kind: MarkKind
    status: int
    reason: str
    told_seconds: float | None = None


def hard_mark(failure: Failure) -> EarnedMark | None:
    """The hard mark that a failure earns its account, if any."""
    kind, status = failure.rule.mark, failure.status or 0
    if kind in ("", "soft"):
        return None
    reason = failure.reason
    if kind == "credential":
        reason = reason or failure.message
        if failure.kind is Kind.CREDENTIALS:
            status = 401
        elif status not in (401, 402):
            status = 400
    return EarnedMark(kind, status, reason, failure.retry_after_seconds)


def soft_mark(failure: Failure) -> EarnedMark | None:
    """The soft mark that a failure earns its account once *another* account answered the same request."""
    if failure.rule.mark != "soft":
        return None
    return EarnedMark("soft", failure.status or 0, failure.kind.value)


def decisive(failures: list[Failure]) -> Failure:
    """Which of an exchange's failures the client is told of."""
    return failures[failure_table.decisive([(one.recorded_as, one.status) for one in failures])]


def answer_status(failures: list[Failure]) -> int:
    """The HTTP status that a client is owed when all attempts failed so.

    The table's, else the last real upstream status; without one 502.
    """
    failure = decisive(failures)
    told = failure.status if failure.status is not None and failure.status >= 400 else 502
    return failure.rule.client_status or told
