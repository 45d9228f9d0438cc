"""What the client is told when every attempt failed, or its answer stays broken.

PURE. Status, words and ``Retry-After`` come from the same failure, and nothing of it can be taken for
trouble with the client's own key.
"""

from typing import Final, Literal

import msgspec

from monitor.record.failures.failure_table import Culprit
from relay.engine.retrying import policy
from relay.engine.retrying.retry_turns import RESTING
from relay.neutral.failures import Failure, Kind

FAULT: Final = Failure(Kind.INTERNAL, "the server failed; its log says why", status=500)
"""This server's own."""


def told(failures: list[Failure], refusal: Failure | None, *, is_budget_spent: bool = False) -> Failure:
    """The one failure for the client; ``refusal`` is why nobody could be asked any more, if that was it.

    ``is_budget_spent``: one more attempt was due, and upstream's retry budget had no room for it.
    """
    last, failure = failures[-1], policy.decisive(failures)
    status = policy.answer_status(failures)
    seconds = failure.retry_after_seconds
    if seconds is None and refusal is not None:
        seconds = refusal.retry_after_seconds
    words = failure.message if failure is last else f"{failure.message} ({last.message})"
    if is_budget_spent:
        words = f"{words} (not tried again: the retry budget of its upstream is spent)"
    elif refusal is not None and refusal.reason == RESTING:
        words = f"{words} (not tried again: its upstream fails nearly always, and is left alone)"
    return msgspec.structs.replace(
        failure,
        message=words,
        status=status,
        reason=failure.reason if failure.status in (None, status) else "",
        retry_after_seconds=seconds,
        body=b"",
    )


def interrupted(by: Literal["client", "server", "fault"]) -> tuple[int, Failure | None]:
    """Status and failure where an exchange is ended before it was answered."""
    match by:
        case "client":
            return 503, None
        case "server":
            words = "the server is going down"
            return 503, Failure(Kind.DRAINING, words, status=503, retry_after_seconds=1)
        case "fault":
            return 500, FAULT


def broken(failure: Failure, *, continues: bool) -> Failure:
    """What the client is told of an answer that stays broken.

    ``continues``: the failure is of a request to continue, which is not the client's and not its fault.
    """
    if failure.status is None:
        return failure
    known = told([failure], None)
    if continues and (known.status or 0) < 500 and not _says_nothing_of_a_request(failure):
        return msgspec.structs.replace(known, status=502, reason="")
    return known


def _says_nothing_of_a_request(failure: Failure) -> bool:
    return policy.is_quota(failure) or failure.rule.culprit in (Culprit.SERVICE, Culprit.MACHINE)


def message(attempts: int, told: Failure) -> str:
    """What the client reads and people search for: how often it was tried, and the failure."""
    failed = f"All {attempts} attempts failed." if attempts > 1 else "The only attempt failed."
    return f"{failed} {told.message}"


def with_nearest(failure: Failure, nearest_free_seconds: float | None) -> Failure:
    """A 429 that tells when the first account is free, where that is sooner than what upstream told."""
    delays = (failure.retry_after_seconds, nearest_free_seconds)
    soonest = min((seconds for seconds in delays if seconds is not None), default=None)
    return msgspec.structs.replace(failure, retry_after_seconds=soonest)
