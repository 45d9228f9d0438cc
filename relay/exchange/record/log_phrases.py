"""The searchable lines of app.log, written from the engine's facts.

PURE. The wording is a contract (docs/behaviour.md 11 and the troubleshooting lesson): people search for it.
"""

import logging
from typing import assert_never

from monitor.record.failures.decision_words import Strategy
from monitor.record.failures.failure_table import Peeked
from relay.engine.facts import (
    AttemptEnded,
    AttemptOpened,
    AttemptStarted,
    Committed,
    Continued,
    Fact,
    FellBack,
    GaveUp,
    Healing,
    HealingFailed,
    KeptAccount,
    NotContinued,
    Rested,
    Rotated,
)
from relay.engine.retrying import giving_up
from relay.engine.retrying.fallbacks import WHY_WORDS
from relay.engine.retrying.policy import Decision
from relay.neutral.failures import Failure, Kind

Line = tuple[int, str]
"""A level of ``logging`` and a message."""

AUTO_STREAM = "Auto-converting non-stream request to stream for better quota"


def lines(fact: Fact, prefix: str) -> list[Line]:
    """What the log says of ``fact``; ``prefix`` is the ``log_prefix`` of the client's dialect."""
    match fact:
        case AttemptStarted() | AttemptOpened() | Committed():
            return []
        case AttemptEnded():
            return _ended(fact, prefix)
        case Continued(_, _, characters):
            return [(logging.INFO, f"Continuing the answer behind {characters} characters")]
        case NotContinued(_, why):
            return [(logging.WARNING, f"The broken answer is not continued: {why}")]
        case Rotated(_, status, old, new):
            return [(logging.WARNING, f"Rotating account for status {status}: {old} -> {new}")]
        case KeptAccount(_, status):
            return [(logging.WARNING, f"Keeping same account for status {status} (server-side issue)")]
        case Rested(_, seconds):
            line = f"Upstream fails nearly always and is left alone: waiting {seconds:.3g}s"
            return [(logging.WARNING, line)]
        case Healing(_, "parameter", email, message, changes):
            line = f"Account {email} refuses a part of the request's form: {message} {'; '.join(changes)}."
            return [(logging.WARNING, f"{line} Retrying.")]
        case Healing(_, how, email, message, _):
            if prefix:
                line = f"{prefix}Signature error detected on account {email}, retrying without thinking"
                return [(logging.WARNING, line)]
            ending = (
                "Retrying with drop_block."
                if how == "drop_block"
                else "Retrying with all thinking blocks removed."
            )
            return [(logging.WARNING, f"Unexpected thinking signature error: {message} {ending}")]
        case HealingFailed(_, message):
            line = f"Signature healing failed, not retrying: manual intervention needed ({message})"
            return [(logging.ERROR, line)]
        case FellBack(_, model, why):
            return [(logging.WARNING, f"Falling back to {model}: {WHY_WORDS[why]}")]
        case GaveUp(_, attempts, failure):
            return [(logging.ERROR, giving_up.message(attempts, failure))]
        case _:
            assert_never(fact)


def unasked(message: str, status: int) -> str:
    """The line of a request that ended before anything was asked upstream: without it there would be none."""
    return f"No account was asked: {message} (status {status})"


def _ended(fact: AttemptEnded, prefix: str) -> list[Line]:
    failure = fact.failure
    if failure is None:
        return []
    told = _told(fact, failure, prefix)
    return (
        [*told, (logging.WARNING, f"The answer made us stumble at {failure.where}")]
        if failure.where
        else told
    )


def _told(fact: AttemptEnded, failure: Failure, prefix: str) -> list[Line]:
    decision = fact.decision
    retries = decision is not None and decision.retry
    if decision is None:
        return [(logging.WARNING, f"Stream broke after commit: {failure.message}")]
    out: list[Line] = []
    if decision.continues:
        out.append((logging.WARNING, f"Stream broke after commit: {failure.message}, continuing..."))
        return out + _backing_off(fact, failure, decision)
    peeked = _peek_phrase(failure, prefix)
    if peeked:
        out.append((logging.WARNING, peeked + (", retrying..." if retries else "")))
    if retries and decision.strategy is not Strategy.NONE:
        out += _backing_off(fact, failure, decision)
    elif decision.strategy is Strategy.BUDGET_SPENT:
        out.append((logging.WARNING, f"Retry budget spent, not retrying: {failure.message}"))
    elif not peeked:
        out.append((logging.WARNING, f"Upstream refused, not retrying: {failure.message}"))
    return out


def _backing_off(fact: AttemptEnded, failure: Failure, decision: Decision) -> list[Line]:
    status = failure.status if failure.status is not None else failure.kind.value
    facts = f"status={status}, attempt={fact.number}, delay={decision.delay_seconds:.4g}s"
    out = [(logging.INFO, f"Retry with {decision.strategy}: {facts}")]
    if decision.queued_seconds:
        waits = f"{decision.queued_seconds:.3g}s of the delay are for its turn"
        out.append((logging.INFO, f"Retry budget spent, waiting for a turn: {waits}"))
    return out


def _peek_phrase(failure: Failure, prefix: str) -> str:
    # An error object came inside of a stream that had opened, whatever it is about.
    peeked = Peeked.BROKEN if failure.kind is Kind.ERROR_EVENT else failure.rule.peeked
    match peeked:
        case Peeked.ENDED:
            return (
                f"{prefix}Stream ended immediately" if prefix else "Stream ended during peek (Empty Response)"
            )
        case Peeked.EMPTY:
            return f"{prefix}Empty first chunk received"
        case Peeked.LATE:
            if prefix:
                return f"{prefix}Timeout waiting for first chunk"
            return failure.message  # it names the limit that was in force
        case Peeked.BROKEN:
            return f"{prefix}Stream error during peek: {failure.message}"
        case Peeked.UNREACHED:
            return f"{prefix}No connection to upstream: {failure.message}"
        case Peeked.OTHER:
            return ""
        case _:
            assert_never(peeked)
