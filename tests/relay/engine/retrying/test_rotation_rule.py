"""Behaviour 6, the column ``should_rotate_account``, and the waits that the strategies mean."""

import pytest

from monitor.record.failures.retry_strategies import (
    ExponentialBackoff,
    FixedDelay,
    LinearBackoff,
    NoRetry,
    RetryStrategy,
    delay_seconds,
)
from relay.engine.retrying import policy
from relay.engine.retrying.policy import decide, should_rotate_account
from tests.relay.engine.failures import status as refused


@pytest.mark.parametrize("status", [401, 402, 403, 404, 408, 429, 499, 500, 502, 504, 507, 520, 530])
def test_another_account_may_help(status: int) -> None:
    """What is the fault of an account, a machine or a connection is tried on another account."""
    assert should_rotate_account(status)


@pytest.mark.parametrize("status", [400, 503, 529, 413, 422, 501, 505, 508, 200])
def test_another_account_would_not_help(status: int) -> None:
    """Server-side fluctuation is not a broken account, and a bad request is nobody's account."""
    assert not should_rotate_account(status)


@pytest.mark.parametrize(
    ("strategy", "waits"),
    [
        (FixedDelay(0.2), [0.2, 0.2, 0.2]),
        (LinearBackoff(0.5), [0.5, 1.0, 1.5]),
        (LinearBackoff(1.0), [1.0, 2.0, 3.0]),
        (ExponentialBackoff(1.0, 8.0), [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]),
        (NoRetry(), [0.0, 0.0]),
    ],
)
def test_the_waits_by_attempt(strategy: RetryStrategy, waits: list[float]) -> None:
    """Attempts count from 0: linear = base × (attempt + 1), exponential = min(base × 2^attempt, cap)."""
    assert [delay_seconds(strategy, attempt) for attempt in range(len(waits))] == waits


def test_the_lessons_function_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``should_rotate_account`` says of a failure is what is decided about it."""
    for rotates in (True, False):
        monkeypatch.setattr(policy, "should_rotate_account", lambda *_, says=rotates: says)
        for code in (500, 503):
            decision = decide(refused(code), 0, is_healed=False, another_is_free=True)
            assert decision.rotate is rotates
