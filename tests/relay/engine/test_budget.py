"""The retry budget: a dying upstream is not hammered."""

from relay.engine.budget import RetryBudget


def test_a_quiet_server_may_retry_ten_times_a_second() -> None:
    """The floor: ten retries a second, whatever the number of requests."""
    budget = RetryBudget()
    assert [budget.may_retry(5.0) for _ in range(12)] == [True] * 10 + [False] * 2
    assert budget.may_retry(6.0)


def test_a_busy_server_may_retry_a_fifth_of_its_requests() -> None:
    """The share: 20 % of the requests of the last minute."""
    budget = RetryBudget()
    for _ in range(1000):
        budget.note_request(5.0)
    assert sum(budget.may_retry(5.5) for _ in range(1000)) == 200


def test_requests_count_for_a_minute() -> None:
    """What is older than the window gives no retries any more, and old retries take none."""
    budget = RetryBudget()
    for _ in range(1000):
        budget.note_request(0.0)
    assert sum(budget.may_retry(59.0) for _ in range(300)) == 200
    assert sum(budget.may_retry(61.0) for _ in range(300)) == 10
