"""What happened to an exchange, in a sentence or two, and what to do about it. PURE.

The theory: whoever looks has one question, "wait or act?". If the client has its answer there is nothing to
do, whatever it took. If not, the advice follows from the cause of the last failure that upstream told, as it
is this one that the client was told of. The words for each cause are in ``advice``.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from monitor.diagnosis.advice import AFTER_CUT, AT_ADMISSION, BEFORE_ANSWER, WHAT_IT_DID, at_admission
from monitor.diagnosis.failure_causes import cause_of
from monitor.diagnosis.fell_back import fell_back
from monitor.diagnosis.seams import beginning_of, continued, not_continued, step_behind
from monitor.record.failures.decision_words import Strategy
from monitor.record.failures.failure_table import Cause, decisive
from monitor.record.outcome import is_of_a_conversation
from monitor.record.phrasing import Moment, Phrase, Seconds, gettext_noop
from monitor.record.records import AttemptRecord, Outcome, Phase, RequestRecord


class Severity(StrEnum):
    """How much the reader has to care."""

    GOOD = "good"
    NOTICE = "notice"
    PROBLEM = "problem"


SEVERITY_WORDS = {
    Severity.GOOD: gettext_noop("Fine"),
    Severity.NOTICE: gettext_noop("Good to know"),
    Severity.PROBLEM: gettext_noop("Failed"),
}


class Diagnosis(msgspec.Struct, frozen=True):
    """``summary`` says what happened, ``next_step`` what to do."""

    severity: Severity
    summary: tuple[Phrase, ...]
    next_step: Phrase


SAID_NOTHING = Phrase(
    gettext_noop("Behind the results of its tools the model had nothing to add, and ended its turn.")
)
NOTHING_TO_DO = Phrase(gettext_noop("Nothing to do."))


def diagnose(
    row: RequestRecord, attempts: Sequence[AttemptRecord], *, retry_after_seconds: float | None = None
) -> Diagnosis:
    """The diagnosis of an exchange from its row and its attempts in order.

    ``retry_after_seconds`` is the ``Retry-After`` that the client was told, where it is known.
    """
    failed = [attempt for attempt in attempts if attempt.failure_kind]
    if row.in_flight:
        return _in_flight(row, failed)
    match row.outcome:
        case Outcome.CLIENT_CLOSED:
            return _client_closed(row, failed)
        case Outcome.INTERRUPTED:
            return _interrupted(row, attempts)
        case Outcome.UNAUTHORIZED | Outcome.ZERO_TOKENS | Outcome.ERROR:
            return _failed(row, failed, retry_after_seconds)
        case Outcome.KEY_EXPIRED | Outcome.NOT_ALLOWED | Outcome.RATE_LIMITED | Outcome.OVER_BUDGET:
            error = row.error or "–"
            is_conversations = is_of_a_conversation(row.outcome, error)
            sentence, step = AT_ADMISSION["conversation" if is_conversations else row.outcome]
            told = Phrase(sentence, {"error": error})
            return Diagnosis(Severity.NOTICE, (told,), Phrase(step))
        case Outcome.REFUSED:
            return _refused(row, failed)
        case Outcome.THINKING_ONLY:
            return _answered(
                row,
                attempts,
                Phrase(gettext_noop("The model thought, but said nothing, and stopped normally.")),
                Phrase(
                    gettext_noop(
                        "This is the model's own answer and is not retried. Ask again, or give it more"
                        " tokens to answer with."
                    )
                ),
                Severity.NOTICE,
            )
        case _:
            return _answered(row, attempts, SAID_NOTHING if row.diagnostics.get("said_nothing") else None)


def _in_flight(row: RequestRecord, failed: list[AttemptRecord]) -> Diagnosis:
    now = Phrase(
        gettext_noop("Under way: attempt %(number)d, on %(account)s."),
        {"number": row.attempts, "account": row.account or "–"},
    )
    if not row.attempts:
        now = Phrase(gettext_noop("Admitted; an account is being chosen."))
    elif row.first_data_ms is not None:
        now = Phrase(
            gettext_noop("Streaming: %(account)s sent its first data after %(time)s."),
            {"account": row.account or "–", "time": Seconds(row.first_data_ms)},
        )
    return Diagnosis(
        Severity.GOOD, (*_before(failed), now), Phrase(gettext_noop("Wait: the server is still at it."))
    )


def _answered(
    row: RequestRecord,
    attempts: Sequence[AttemptRecord],
    said: Phrase | None = None,
    next_step: Phrase = NOTHING_TO_DO,
    severity: Severity = Severity.GOOD,
) -> Diagnosis:
    """The client has an answer; ``said`` is what was special about it."""
    began = beginning_of(attempts)
    failed = [attempt for attempt in attempts[:began] if attempt.failure_kind]
    sentences = [*_before(failed), *_queued(row), *fell_back(row)]
    if row.healed:
        message = gettext_noop(
            "Nothing to do, and no data to clear. If this repeats in one conversation, start a new one."
        )
        if {attempt.heal for attempt in failed if attempt.heal} == {"parameter"}:
            message = gettext_noop("Nothing to do: it is remembered for this account and model.")
        next_step = Phrase(message)
    if said is not None:
        sentences.append(said)
    elif row.first_data_ms is not None:
        message = gettext_noop("%(account)s answered; first data after %(time)s.")
        if failed:
            message = gettext_noop("Then %(account)s answered; first data after %(time)s in all.")
        account = attempts[began].account if began < len(attempts) else row.account
        sentences.append(Phrase(message, {"account": account or "–", "time": Seconds(row.first_data_ms)}))
    else:
        sentences.append(Phrase(gettext_noop("The request was answered.")))
    if row.stop_reason == "max_tokens":
        has_said_nothing = bool(row.tokens_out) and row.tokens_out == row.tokens_thinking
        message = gettext_noop("The answer ended at its limit of tokens.")
        if has_said_nothing:
            message = gettext_noop("The model used all its tokens for thinking, and said nothing.")
            severity = Severity.NOTICE
        sentences.append(Phrase(message))
        next_step = Phrase(
            gettext_noop("Nothing, if that was meant; else give the request a higher limit (max_tokens).")
        )
    if row.continued:
        sentences.append(continued(row, attempts))
    if row.cached_tokens_lost:
        message = gettext_noop(
            "A stand-in answered: %(tokens)d tokens cached on another account were sent as new."
        )
        sentences.append(Phrase(message, {"tokens": row.cached_tokens_lost}))
    return Diagnosis(severity, tuple(sentences), next_step)


def _refused(row: RequestRecord, failed: list[AttemptRecord]) -> Diagnosis:
    said = Phrase(
        gettext_noop("The model or its safety filter refused to answer; that is an answer, and not retried.")
    )
    step = Phrase(gettext_noop("Word the request differently. Another account would say the same."))
    return Diagnosis(Severity.NOTICE, (*_before(failed), said), step)


def _before(failed: Sequence[AttemptRecord]) -> tuple[Phrase, ...]:
    """What had failed before the answer came."""
    if not failed:
        return ()
    if healing := next((attempt for attempt in failed if attempt.heal), None):
        message = gettext_noop(
            "Upstream refused a thinking signature; the history was healed once and tried again."
        )
        if healing.heal == "drop_block":
            message = gettext_noop(
                "Upstream refused a thinking signature; it was asked to drop those blocks, and tried again."
            )
        elif healing.heal == "parameter":
            message = gettext_noop(
                "Upstream refused a part of the request's form; it was taken back and the request sent again."
            )
        return (Phrase(message), *_before([attempt for attempt in failed if attempt.heal != healing.heal]))
    first = failed[0]
    sentence = _did(first)
    causes = {cause_of(attempt) for attempt in failed}
    if causes <= {Cause.OVERLOAD}:
        message = gettext_noop(
            "Upstream was overloaded (%(status)d); the account was kept and the request sent again."
        )
        return (Phrase(message, {"status": first.status or 503}),)
    if len(failed) > 1:
        message = gettext_noop("%(count)d attempts failed; the first: %(sentence)s")
        return (Phrase(message, {"count": len(failed), "sentence": sentence}),)
    return (sentence,)


_WAITS = {
    "queued_ms": gettext_noop("Retries waited %(time)s for their turn: many failed on that upstream."),
    "rested_ms": gettext_noop(
        "Retries waited %(time)s while an upstream that fails nearly always was left alone."
    ),
}


def _queued(row: RequestRecord) -> tuple[Phrase, ...]:
    """How long retries waited, besides backing off."""
    waits = [(message, row.diagnostics.get(name)) for name, message in _WAITS.items()]
    return tuple(Phrase(message, {"time": Seconds(ms)}) for message, ms in waits if isinstance(ms, int))


def _did(attempt: AttemptRecord) -> Phrase:
    """What an attempt's account did instead of answering."""
    cause = cause_of(attempt)
    return Phrase(WHAT_IT_DID[cause], {"account": attempt.account or "–", "status": attempt.status or 0})


def _failed(row: RequestRecord, failed: list[AttemptRecord], retry_after_seconds: float | None) -> Diagnosis:
    if not failed:
        return _not_admitted(row, retry_after_seconds)
    causes = [cause_of(attempt) for attempt in failed]
    cause = causes[decisive([(attempt.failure_kind or "", attempt.status) for attempt in failed])]
    if cause is Cause.SIGNATURE:
        sentence, step = BEFORE_ANSWER[cause]
        if not any(attempt.heal for attempt in failed):
            sentence = gettext_noop(
                "Upstream refused a thinking signature, and there was nothing in the history to heal."
            )
        return Diagnosis(Severity.PROBLEM, (Phrase(sentence),), Phrase(step))
    sentence, step = BEFORE_ANSWER[cause]
    counted = len([attempt for attempt in failed if not attempt.heal])
    last = failed[-1]
    if counted > 1 and set(causes) - {Cause.SIGNATURE} == {cause}:
        summary = [Phrase(sentence, {"count": counted, "status": last.status or 0})]
    elif counted > 1:
        message = gettext_noop("All %(count)d attempts failed; the last: %(sentence)s")
        summary = [Phrase(message, {"count": counted, "sentence": _did(last)})]
    else:
        summary = [_did(last)]
    if counted > 1 and any(attempt.rotate for attempt in failed) and len({a.account for a in failed}) == 1:
        summary.append(Phrase(gettext_noop("No other account was free to be asked.")))
    summary += [*_queued(row), *fell_back(row)]
    if last.strategy == Strategy.BUDGET_SPENT:
        message = gettext_noop("It was not tried again: too many retries were under way (retry budget).")
        summary.append(Phrase(message))
    free = _free_again(row, retry_after_seconds)
    if cause is Cause.QUOTA and free is not None:
        summary.append(Phrase(gettext_noop("The first is free again at %(moment)s."), {"moment": free}))
    return Diagnosis(Severity.PROBLEM, tuple(summary), Phrase(step))


def _not_admitted(row: RequestRecord, retry_after_seconds: float | None) -> Diagnosis:
    """Nobody was asked."""
    sentence, step = at_admission(row)
    groups = str(row.diagnostics.get("groups") or "–")
    summary = [Phrase(sentence, {"model": row.client_model or "–", "groups": groups})]
    free = _free_again(row, retry_after_seconds)
    if row.status == 429 and free is not None:
        summary.append(Phrase(gettext_noop("The first is free again at %(moment)s."), {"moment": free}))
    return Diagnosis(Severity.PROBLEM, tuple(summary), Phrase(step))


def _free_again(row: RequestRecord, retry_after_seconds: float | None) -> Moment | None:
    if retry_after_seconds is None:
        return None
    return Moment(row.started_at + (row.duration_ms or 0) / 1000 + retry_after_seconds)


def _interrupted(row: RequestRecord, attempts: Sequence[AttemptRecord]) -> Diagnosis:
    """The answer had begun and broke, or the server stopped while an attempt was well under way."""
    if not attempts or not attempts[-1].failure_kind:
        message = gettext_noop("The server stopped before the request was finished.")
        step = gettext_noop("Send it again. If the server was not restarted on purpose, its log says why.")
        return Diagnosis(Severity.PROBLEM, (Phrase(message),), Phrase(step))
    sentence, step = AFTER_CUT.get(cause_of(attempts[-1]), AFTER_CUT[Cause.CUT])
    if row.first_data_ms is None:
        return Diagnosis(Severity.PROBLEM, (_did(attempts[-1]),), Phrase(step))
    time = Seconds(row.duration_ms or 0)
    summary = Phrase(sentence, {"account": row.account or "–", "time": time})
    told = Phrase(gettext_noop("The client was told with an error event, not with a made-up ending."))
    return Diagnosis(Severity.PROBLEM, (summary, *not_continued(row), told), Phrase(step_behind(row, step)))


def _client_closed(row: RequestRecord, failed: list[AttemptRecord]) -> Diagnosis:
    time = Seconds(row.duration_ms or 0)
    if row.first_data_ms is not None:
        message = gettext_noop(
            "The client closed the connection in the middle of the answer, after %(time)s."
        )
        step = gettext_noop("Nothing to do if somebody pressed stop; upstream was cancelled at once.")
    elif row.ended_in is Phase.ADMISSION:
        message = gettext_noop("The client went after %(time)s, before an account was asked.")
        step = gettext_noop(
            "If this repeats, all accounts are busy: add one or raise their limits in flight."
        )
    else:
        message = gettext_noop("The client went after %(time)s, before the first data came.")
        step = gettext_noop("If it gave up by itself, raise its timeout; upstream was cancelled at once.")
    return Diagnosis(Severity.NOTICE, (*_before(failed), Phrase(message, {"time": time})), Phrase(step))
