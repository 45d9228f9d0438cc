"""What a person can do at once about a failed exchange: the acts that a diagnosis offers. PURE.

An act is a name; ``monitor.pages.act_links`` makes a link or a button of it, for who may do it.
"""

from collections.abc import Sequence
from enum import StrEnum

from monitor.diagnosis.failure_causes import cause_of
from monitor.diagnosis.seams import was_to_be_continued
from monitor.record.failures.failure_table import Cause, decisive
from monitor.record.outcome import is_of_a_conversation
from monitor.record.records import AttemptRecord, Outcome, RequestRecord


class Act(StrEnum):
    """One thing to do, or one page to go to."""

    SEND_AGAIN = "send_again"
    CONTINUE = "continue"
    CLEAR_COOLDOWN = "clear_cooldown"
    ACCOUNT = "account"
    ACCOUNTS = "accounts"
    MAPPING = "mapping"
    KEY = "key"
    KEYS = "keys"
    CURL = "curl"


AT_FAILURE: dict[Cause, tuple[Act, ...]] = {
    Cause.QUOTA: (Act.CLEAR_COOLDOWN, Act.SEND_AGAIN, Act.ACCOUNT),
    Cause.CREDENTIALS: (Act.ACCOUNT,),
    Cause.FORBIDDEN: (Act.ACCOUNT,),
    Cause.MISSING_MODEL: (Act.MAPPING,),
    Cause.TOO_LONG_CONTEXT: (Act.MAPPING,),
    Cause.OUTPUT_LIMIT: (Act.MAPPING,),
    Cause.NETWORK: (Act.SEND_AGAIN, Act.ACCOUNT),
    Cause.NO_ACCOUNT: (Act.CLEAR_COOLDOWN, Act.SEND_AGAIN, Act.ACCOUNTS),
    Cause.OVERLOAD: (Act.SEND_AGAIN,),
    Cause.SERVER_ERROR: (Act.SEND_AGAIN,),
    Cause.EMPTY: (Act.MAPPING, Act.SEND_AGAIN),  # to press retry many times does not help
    Cause.FIRST_DATA_TIMEOUT: (Act.SEND_AGAIN,),
    Cause.IDLE_TIMEOUT: (Act.SEND_AGAIN,),
    Cause.BROKEN_ANSWER: (Act.SEND_AGAIN,),
    Cause.CUT: (Act.SEND_AGAIN,),
    Cause.DEADLINE: (Act.SEND_AGAIN,),
    Cause.DRAINING: (Act.SEND_AGAIN,),
    Cause.INTERNAL: (Act.SEND_AGAIN,),
    Cause.OTHER: (Act.SEND_AGAIN,),
    # The same request would fare the same, whoever sends it; another one may not:
    Cause.SIGNATURE: (),
    Cause.CLIENT_REQUEST: (Act.CURL,),
    Cause.LARGE_ANSWER: (),
}
CONTINUED_CAUSES = frozenset((Cause.CUT, Cause.SERVER_ERROR, Cause.QUOTA, Cause.IDLE_TIMEOUT, Cause.NETWORK))
"""Where an answer that has begun may be continued by another attempt, if its mapping says so."""

AT_ADMISSION: dict[int, tuple[Act, ...]] = {
    400: (Act.CURL,),
    401: (Act.KEYS,),
    404: (Act.MAPPING,),
    429: (Act.CLEAR_COOLDOWN, Act.SEND_AGAIN, Act.ACCOUNTS),
    503: (Act.ACCOUNTS,),
    504: (Act.SEND_AGAIN,),
}
_OF_THE_KEY = (Outcome.KEY_EXPIRED, Outcome.NOT_ALLOWED, Outcome.RATE_LIMITED, Outcome.OVER_BUDGET)


def acts_for(row: RequestRecord, attempts: Sequence[AttemptRecord]) -> tuple[Act, ...]:
    """What is offered, the most useful first; nothing where the client has its answer or is still waiting."""
    failed = [attempt for attempt in attempts if attempt.failure_kind]
    if row.outcome in _OF_THE_KEY:
        return (Act.KEY, Act.MAPPING) if is_of_a_conversation(row.outcome, row.error) else (Act.KEY,)
    if row.outcome is Outcome.REFUSED:
        return (Act.CURL,)
    if row.outcome is Outcome.INTERRUPTED:
        cause = cause_of(failed[-1]) if failed else Cause.DRAINING
        if row.first_data_ms is None or cause not in CONTINUED_CAUSES or was_to_be_continued(row):
            return (Act.SEND_AGAIN,)
        return (Act.SEND_AGAIN, Act.CONTINUE, Act.MAPPING)
    if row.outcome not in (Outcome.ERROR, Outcome.ZERO_TOKENS, Outcome.UNAUTHORIZED):
        return ()
    if not failed:
        return AT_ADMISSION.get(row.status or 0, ())
    return AT_FAILURE[cause_of(failed[decisive([(one.failure_kind or "", one.status) for one in failed])])]
