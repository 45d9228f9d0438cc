"""Behaviour 4: which failure leaves which mark on its account."""

import pytest

from relay.engine.retrying.policy import EarnedMark, hard_mark, soft_mark
from relay.neutral.failures import Failure, Kind
from tests.relay.engine import failures
from tests.relay.engine.failures import of, status


def test_hard_marks(subtests: pytest.Subtests) -> None:
    """Quota, 403 and 404 mark the model on that account; credentials and billing the whole account."""
    for failure, mark in [
        (status(429, told=30), EarnedMark("quota", 429, "", 30)),
        (status(429), EarnedMark("quota", 429, "")),
        (
            Failure(Kind.STATUS, "no more", status=429, reason="QUOTA_EXHAUSTED"),
            EarnedMark("quota", 429, "QUOTA_EXHAUSTED"),
        ),
        (status(403), EarnedMark("forbidden", 403, "")),
        (status(404), EarnedMark("model", 404, "")),
        (status(401), EarnedMark("credential", 401, "upstream said 401")),
        (status(402, told=60), EarnedMark("credential", 402, "upstream said 402", 60)),
        (failures.BAD_KEY, EarnedMark("credential", 400, "API_KEY_INVALID")),
        (failures.NO_CREDIT, EarnedMark("credential", 400, "your credit balance is too low")),
        (failures.NO_QUOTA_LEFT, EarnedMark("credential", 400, "insufficient_quota")),
        (of(Kind.CREDENTIALS), EarnedMark("credential", 401, "a credentials")),
        (
            Failure(Kind.ERROR_EVENT, "slow", status=429, reason="rate_limit_error"),
            EarnedMark("quota", 429, "rate_limit_error"),
        ),
    ]:
        with subtests.test(f"{failure, mark!r:.120}"):
            assert hard_mark(failure) == mark
            assert soft_mark(failure) is None


def test_soft_marks(subtests: pytest.Subtests) -> None:
    """500, 408, 502, 504, network errors, peek failures and cuts."""
    for failure in [
        status(500),
        status(408),
        status(502),
        status(504),
        status(499),
        status(522),
        Failure(Kind.ERROR_EVENT, "api_error", status=500),
        Failure(Kind.ERROR_EVENT, "who knows"),
        of(Kind.NETWORK),
        of(Kind.CONNECT_TIMEOUT),
        *[of(kind) for kind in failures.PEEK_FAILURES],
        of(Kind.CUT),
        of(Kind.IDLE_TIMEOUT),
    ]:
        with subtests.test(f"{failure!r:.120}"):
            assert soft_mark(failure) == EarnedMark("soft", failure.status or 0, failure.kind.value)
            assert hard_mark(failure) is None


def test_no_mark(subtests: pytest.Subtests) -> None:
    """503 and 529 leave no mark, nor does what is the request's fault or ours."""
    for failure in [
        status(503),
        status(529),
        Failure(Kind.ERROR_EVENT, "overloaded_error", status=529),
        status(400),
        status(413),
        failures.REFUSED_SIGNATURE,
        failures.MISSING_SIGNATURE,
        failures.MISSING_FILE,
        failures.MISSING_THREAD,
        *[
            of(kind)
            for kind in (Kind.DEADLINE, Kind.NO_ACCOUNT, Kind.INTERNAL, Kind.DRAINING, Kind.BAD_REQUEST)
        ],
    ]:
        with subtests.test(f"{failure!r:.120}"):
            assert hard_mark(failure) is None
            assert soft_mark(failure) is None
