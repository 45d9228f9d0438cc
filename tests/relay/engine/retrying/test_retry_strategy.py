"""Behaviour 6, the column ``determine_retry_strategy``, row by row."""

import pytest

from monitor.record.failures.failure_table import BY_STATUS
from monitor.record.failures.retry_strategies import (
    ExponentialBackoff,
    FixedDelay,
    LinearBackoff,
    NoRetry,
    RetryStrategy,
)
from relay.engine.retrying.policy import determine_retry_strategy
from relay.neutral.failures import Failure, Kind
from tests.relay.engine import failures
from tests.relay.engine.failures import of, status

AT_ONCE = FixedDelay(0.0)

TABLE: list[tuple[Failure, RetryStrategy]] = [
    (failures.REFUSED_SIGNATURE, FixedDelay(0.2)),
    (failures.OFFERS_DROP_BLOCK, FixedDelay(0.2)),
    (failures.MISSING_SIGNATURE, FixedDelay(0.2)),
    (status(400), NoRetry()),
    (failures.BAD_KEY, FixedDelay(0.1)),
    (failures.NO_CREDIT, FixedDelay(0.1)),
    (failures.NO_QUOTA_LEFT, FixedDelay(0.1)),
    (status(401), FixedDelay(0.1)),
    (status(402), FixedDelay(0.1)),
    (status(403), FixedDelay(0.1)),
    (of(Kind.CREDENTIALS), FixedDelay(0.1)),
    (status(404), FixedDelay(0.3)),
    (status(500), LinearBackoff(0.5)),
    (status(408), LinearBackoff(0.5)),
    (status(502), LinearBackoff(0.5)),
    (status(504), LinearBackoff(0.5)),
    (of(Kind.NETWORK), LinearBackoff(0.5)),
    (of(Kind.CONNECT_TIMEOUT), LinearBackoff(0.5)),
    (status(503), ExponentialBackoff(1.0, 8.0)),
    (status(529), ExponentialBackoff(1.0, 8.0)),
    *[(of(kind), AT_ONCE) for kind in failures.PEEK_FAILURES],
    (of(Kind.CUT), AT_ONCE),
    (of(Kind.IDLE_TIMEOUT), AT_ONCE),
    *[(status(code), NoRetry()) for code in (405, 409, 410, 413, 415, 422, 451, 501, 505, 508)],
    *[(status(code), LinearBackoff(0.5)) for code in (499, 506, 507, 520, 522, 525, 530, 599)],
    *[
        (of(kind), NoRetry())
        for kind in (
            Kind.ANSWER_TOO_LARGE,
            Kind.BAD_REQUEST,
            Kind.DEADLINE,
            Kind.DRAINING,
            Kind.INTERNAL,
            Kind.KEY_EXPIRED,
            Kind.NO_ACCOUNT,
            Kind.NOT_ALLOWED,
            Kind.OVER_BUDGET,
            Kind.RATE_LIMITED,
            Kind.TOO_LARGE,
            Kind.UNAUTHORIZED,
            Kind.UNKNOWN_MODEL,
        )
    ],
]


def test_the_strategy_of_each_row(subtests: pytest.Subtests) -> None:
    """Each failure has its wait, or none when no other attempt would mend it."""
    for failure, strategy in TABLE:
        with subtests.test(f"{failure, strategy!r:.120}"):
            assert determine_retry_strategy(failure, is_healed=False, another_is_free=False) == strategy


def test_the_table_speaks_of_every_kind_and_status_that_has_a_rule() -> None:
    """No rule of the source is left out of the table above (429 has a table of its own)."""
    assert {failure.status for failure, _ in TABLE} | {429} >= set(BY_STATUS)
    assert {failure.kind for failure, _ in TABLE} | {Kind.ERROR_EVENT} == set(Kind)


def test_429(subtests: pytest.Subtests) -> None:
    """At once when another account is free; else delay + 200 ms when a delay ≤ 10 s was told, linear 1 s
    when none was; with a longer one the server gives up."""
    for told, another_is_free, strategy in [
        (None, True, AT_ONCE),
        (3.0, True, AT_ONCE),
        (3600.0, True, AT_ONCE),
        (0.0, False, FixedDelay(0.2)),
        (3.0, False, FixedDelay(3.2)),
        (10.0, False, FixedDelay(10.2)),
        (10.1, False, NoRetry()),
        (3600.0, False, NoRetry()),
        (None, False, LinearBackoff(1.0)),
    ]:
        for kind in [Kind.STATUS, Kind.ERROR_EVENT]:
            with subtests.test(f"{told, another_is_free, strategy, kind!r:.120}"):
                failure = Failure(kind, "slow down", status=429, retry_after_seconds=told)
                assert (
                    determine_retry_strategy(failure, is_healed=False, another_is_free=another_is_free)
                    == strategy
                )


@pytest.mark.parametrize("failure", [failures.REFUSED_SIGNATURE, failures.MISSING_SIGNATURE])
def test_a_healed_request_is_not_healed_again(failure: Failure) -> None:
    """A signature refused after the heal is final."""
    assert determine_retry_strategy(failure, is_healed=True, another_is_free=True) == NoRetry()


def test_an_error_object_inside_a_stream_is_the_error_that_it_names(subtests: pytest.Subtests) -> None:
    """An error object in a 200 stream has the strategy of its status."""
    for code in [401, 402, 403, 404, 408, 500, 502, 503, 504, 529, 400, 413]:
        with subtests.test(f"{code!r:.120}"):
            event = Failure(Kind.ERROR_EVENT, "overloaded", status=code)
            assert determine_retry_strategy(
                event, is_healed=False, another_is_free=True
            ) == determine_retry_strategy(status(code), is_healed=False, another_is_free=True)


def test_an_error_object_that_names_nothing_is_a_peek_failure() -> None:
    """Without a status an error object is a broken stream: nothing to wait for, another account."""
    event = Failure(Kind.ERROR_EVENT, "something")
    assert determine_retry_strategy(event, is_healed=False, another_is_free=True) == AT_ONCE


def _named(value: Failure | RetryStrategy) -> str:
    if isinstance(value, Failure):
        fault = " the account's" if value.account_fault else " signature" if value.is_signature else ""
        return f"{value.kind.value} {value.status or ''}{fault}".strip()
    return type(value).__name__
