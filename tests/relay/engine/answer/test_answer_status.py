"""Behaviour 6: the status that a client is owed when the attempts are exhausted."""

import pytest

from relay.engine.retrying.policy import answer_status, decisive
from relay.neutral.failures import Failure, Kind
from tests.relay.engine import failures
from tests.relay.engine.failures import of, status


def test_exhausted(subtests: pytest.Subtests) -> None:
    """The last real status; without one 502 or 504 by what came last; credentials 503."""
    for failed, owed in [
        # The last real upstream status ≥ 400.
        ([status(500)], 500),
        ([status(500), status(503)], 503),
        ([status(529), of(Kind.EMPTY)], 529),
        ([of(Kind.EMPTY), status(429), of(Kind.NETWORK)], 429),
        ([status(404)], 404),
        ([failures.MISSING_FILE], 403),  # the client's own, so it is told as it is
        ([Failure(Kind.ERROR_EVENT, "overloaded", status=529), of(Kind.CUT)], 529),
        ([status(500), of(Kind.DEADLINE)], 500),
        # Without one: empty, cut, garbage or no connection 502.
        ([of(Kind.EMPTY)], 502),
        ([of(Kind.EMPTY_STOP)], 502),
        ([of(Kind.CUT)], 502),
        ([of(Kind.GARBAGE)], 502),
        ([of(Kind.READ_ERROR)], 502),
        ([of(Kind.MALFORMED_ANSWER)], 502),
        ([of(Kind.NETWORK)], 502),
        ([of(Kind.CONNECT_TIMEOUT)], 502),
        ([of(Kind.FIRST_DATA_TIMEOUT), of(Kind.EMPTY)], 502),
        ([status(302)], 502),
        # Time: 504.
        ([of(Kind.DEADLINE)], 504),
        ([of(Kind.FIRST_DATA_TIMEOUT)], 504),
        ([of(Kind.IDLE_TIMEOUT)], 504),
        ([of(Kind.EMPTY), of(Kind.DEADLINE)], 504),
        # The account's own troubles: 503.
        ([status(401)], 503),
        ([status(402)], 503),
        ([status(403)], 503),
        ([failures.BAD_KEY], 503),
        ([failures.NO_CREDIT], 503),
        ([failures.NO_QUOTA_LEFT], 503),
        ([of(Kind.CREDENTIALS)], 503),
        ([status(500), status(401)], 503),
        ([status(401), status(500)], 500),
        ([status(401), of(Kind.EMPTY)], 503),
        # Of several accounts that are out, what the pool says at the next request: a limit first.
        ([status(429), failures.NO_QUOTA_LEFT], 429),
        ([status(403), status(429), status(402)], 429),
        ([status(429), status(404)], 429),
        ([status(401), status(404)], 503),
        ([status(429), status(500)], 500),
        # What a gateway says of a client that was not ours is no status for ours.
        ([status(499)], 502),
        ([status(522)], 522),
        # A fault of ours.
        ([of(Kind.INTERNAL)], 500),
    ]:
        with subtests.test(f"{failed, owed!r:.120}"):
            assert answer_status(failed) == owed


@pytest.mark.parametrize("code", [401, 403])
def test_a_401_or_403_from_upstream_never_reaches_the_client(code: int) -> None:
    """It would log the client out of *its* account."""
    for other in (of(Kind.EMPTY), of(Kind.DEADLINE), status(code)):
        assert answer_status([status(code), other]) not in (401, 403)


def test_the_failure_that_decides_the_status_is_the_one_that_is_told() -> None:
    """Status, words and Retry-After come from the same failure."""
    quota, empty = status(429, told=30), of(Kind.EMPTY)
    assert decisive([quota, empty]) is quota
    assert decisive([empty, of(Kind.DEADLINE)]).kind is Kind.DEADLINE
