"""An exchange whose answer can be stood in for: a count, where no upstream counts.

PURE. What is the request's own fault is the client's to see; for everything else the stand-in answers.
"""

import msgspec

from relay.engine.attempts import Engine, serve
from relay.engine.commands import Deliver
from relay.engine.retrying.deadlines import TimeLimits
from relay.neutral.events import Chunk, StreamState, Usage
from relay.neutral.failures import Failure, Kind


def serve_or_stand_in(limits: TimeLimits, stand_in: Chunk) -> Engine:
    """One short exchange; ``stand_in`` is delivered where upstream has no answer to give."""
    outcome = yield from serve(limits, 1, is_collected=True)
    failure = outcome.failure
    if failure is None or outcome.interrupted_by or _is_the_requests_own(failure):
        return outcome
    yield Deliver(stand_in)
    return msgspec.structs.replace(
        outcome,
        status=200,
        state=StreamState(),
        usage=Usage(),
        failure=None,
        message="",
        retry_after_seconds=None,
    )


def _is_the_requests_own(failure: Failure) -> bool:
    is_about_others = failure.account_fault or failure.names_missing_thing or failure.kind is Kind.NO_ACCOUNT
    return failure.status == 400 and not is_about_others
