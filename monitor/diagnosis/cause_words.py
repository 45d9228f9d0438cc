"""A failure in a word or two, for lists: by its cause, or by how it ended before anybody was asked. PURE."""

from collections.abc import Sequence

from monitor.diagnosis.failure_causes import cause_of
from monitor.record.failures.failure_table import Cause, decisive
from monitor.record.phrasing import gettext_noop as _
from monitor.record.records import AttemptRecord, Outcome, RequestRecord

CAUSE_WORDS: dict[Cause, str] = {
    Cause.SIGNATURE: _("thinking signature refused"),
    Cause.QUOTA: _("quota"),
    Cause.CREDENTIALS: _("credential or billing"),
    Cause.FORBIDDEN: _("forbidden"),
    Cause.MISSING_MODEL: _("no such model"),
    Cause.OVERLOAD: _("overload"),
    Cause.SERVER_ERROR: _("upstream's own error"),
    Cause.CLIENT_REQUEST: _("request refused"),
    Cause.TOO_LONG_CONTEXT: _("too long for the context"),
    Cause.OUTPUT_LIMIT: _("more output than allowed"),
    Cause.EMPTY: _("empty answer"),
    Cause.FIRST_DATA_TIMEOUT: _("no data in time"),
    Cause.IDLE_TIMEOUT: _("fell silent"),
    Cause.NETWORK: _("network"),
    Cause.BROKEN_ANSWER: _("broken protocol"),
    Cause.LARGE_ANSWER: _("answer too large"),
    Cause.CUT: _("broken off"),
    Cause.NO_ACCOUNT: _("no account free"),
    Cause.DEADLINE: _("out of time"),
    Cause.DRAINING: _("server going down"),
    Cause.INTERNAL: _("fault of this server"),
    Cause.OTHER: _("failed"),
}
UNASKED_WORDS: dict[int, str] = {
    400: _("request cannot be carried"),
    401: _("key refused"),
    404: _("nobody offers the model"),
    413: _("request too large"),
    429: _("every account resting or busy"),
    503: _("no usable account"),
    504: _("out of time"),
}


def word_for(row: RequestRecord, attempts: Sequence[AttemptRecord]) -> str:
    """The word for a failed exchange, in English: who shows it translates it."""
    failed = [attempt for attempt in attempts if attempt.failure_kind]
    if failed:
        if row.outcome is Outcome.INTERRUPTED:
            return CAUSE_WORDS[cause_of(failed[-1])]
        at = decisive([(attempt.failure_kind or "", attempt.status) for attempt in failed])
        return CAUSE_WORDS[cause_of(failed[at])]
    if row.outcome is Outcome.INTERRUPTED:
        return CAUSE_WORDS[Cause.DRAINING]
    return UNASKED_WORDS.get(row.status or 0, CAUSE_WORDS[Cause.INTERNAL])
