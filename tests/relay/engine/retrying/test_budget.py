"""The retry budget of one upstream: a dying one is not hammered, and who finds it spent waits for a turn."""

import pytest

from relay.engine.retrying.budget import RetryBudget

FAR = 600.0


def turns(budget: RetryBudget, now: float, count: int) -> list[float | None]:
    return [budget.turn(now, now + FAR) for _ in range(count)]


def test_a_quiet_upstream_gets_ten_retries_a_second() -> None:
    """The floor: ten go at once, whatever the number of requests; the next ones a tenth of a second apart."""
    budget = RetryBudget()
    assert turns(budget, 5.0, 10) == [0.0] * 10
    assert turns(budget, 5.0, 3) == pytest.approx([0.1, 0.2, 0.3])
    assert turns(budget, 5.0, 100)[-1] == pytest.approx(10.3)
    assert turns(budget, 6.0, 1) == pytest.approx([9.4])


def test_a_busy_upstream_gets_a_fifth_of_its_requests() -> None:
    """The share: each request earns a fifth of a retry, to be spent within a minute."""
    budget = RetryBudget()
    for _ in range(1000):
        budget.note_request(5.0)
    assert turns(budget, 5.5, 1000).count(0.0) == 200


def test_requests_count_for_a_minute() -> None:
    """What is older than the window gives no retries any more."""
    budget = RetryBudget()
    for _ in range(1000):
        budget.note_request(0.0)
    assert turns(budget, 59.0, 300).count(0.0) == 200
    idle = RetryBudget()
    for _ in range(1000):
        idle.note_request(0.0)
    assert turns(idle, 61.0, 300).count(0.0) == 10


def test_over_time_no_more_go_than_are_earned() -> None:
    """Everybody who waits goes at the turn that was told: in each second ten, and a fifth of the requests."""
    budget = RetryBudget(queue=10_000)
    goes_at: list[float] = []
    for second in range(60):
        for _ in range(20):
            budget.note_request(float(second))
            seconds = budget.turn(float(second), second + FAR)
            assert seconds is not None
            goes_at.append(second + seconds)
    for end in range(5, 85, 5):
        assert sum(at < end for at in goes_at) <= 10 + end * (10 + 0.2 * 20)


def test_only_so_many_wait() -> None:
    """Behind a full queue there is no turn, until somebody's time has come or somebody gives it up."""
    budget = RetryBudget(floor_a_second=1, queue=3)
    assert turns(budget, 1.0, 5) == pytest.approx([0.0, 1.0, 2.0, 3.0, None])
    assert turns(budget, 2.0, 2) == pytest.approx([3.0, None])
    budget.give_back()
    assert turns(budget, 2.0, 2) == pytest.approx([3.0, None])


def test_a_turn_that_comes_too_late_is_none() -> None:
    """Nothing is reserved for whom it would not help."""
    budget = RetryBudget(floor_a_second=1)
    assert budget.turn(1.0, 2.0) == 0.0
    assert budget.turn(1.0, 1.5) is None
    assert budget.turn(1.0, 2.5) == 1.0


def test_without_share_and_floor_nothing_is_retried() -> None:
    """An operator may forbid it: nobody waits for what is never earned."""
    budget = RetryBudget(share=0.0, floor_a_second=0)
    budget.note_request(1.0)
    assert turns(budget, 1.0, 1) == [None]
