"""Which partitions are to be there: every moment in one, a bounded number of them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.partitions.days import (
    AHEAD_DAYS,
    DAY_SECONDS,
    FIRST,
    LAST,
    Partition,
    days_of_each,
    is_no_longer,
    missing,
    partition_of,
)
from monitor.record.request_id import first_request_id, new_request_id

NOON = 1_790_000_000 // DAY_SECONDS * DAY_SECONDS + 43_200.0  # of 21 September 2026


def names(there: list[Partition], now: float = NOON, retention_days: float = 30) -> list[str]:
    """What follows the table's name in those that are missing."""
    return [one.name.removeprefix("t_") for one in missing(there, "t", now, retention_days)]


def test_each_day_from_today_on_has_one() -> None:
    """A new store has today's and those of the next days, of UTC; each begins where another ends."""
    made = list(missing([], "t", NOON, 30))
    assert names([]) == ["20260921", "20260922", "20260923", "20260924"]
    assert made[0].begin == first_request_id(int(NOON - 43_200) * 1000)
    assert all(one.end == other.begin for one, other in pairwise(made))
    assert names(made) == []
    assert names(made, NOON + DAY_SECONDS) == ["20260925"]


def test_midnight_divides() -> None:
    """The last id of a day is in its partition, the first of the next in the other."""
    today, tomorrow, *_ = missing([], "t", NOON, 30)
    midnight_ms = int(NOON + 43_200) * 1000
    last, first = new_request_id(midnight_ms - 1, b"\xff" * 10), new_request_id(midnight_ms, bytes(10))
    assert today.begin <= last < today.end == tomorrow.begin <= first < tomorrow.end


def test_what_was_there_before_is_gone_round() -> None:
    """A first partition without a beginning holds its days; a gap before another is filled up to there."""
    made = list(missing([], "t", NOON, 30))
    before = Partition("t_before", FIRST, made[2].begin)
    assert names([before]) == ["20260923", "20260924"]
    assert names([made[0], made[3]]) == ["20260922", "20260923"]
    assert [one.end for one in missing([made[3]], "t", NOON, 365)][-1] == made[3].begin
    assert names([Partition("t_all", FIRST, LAST)]) == []


@pytest.mark.parametrize(
    ("retention_days", "days"), [(0, 30), (0.5, 1), (1, 1), (30, 1), (31, 2), (90, 3), (365, 13), (5000, 30)]
)
def test_who_keeps_more_has_longer_ones(retention_days: float, days: int) -> None:
    """About thirty partitions hold what is kept; where that is for ever, each has a month."""
    assert days_of_each(retention_days) == days


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from([0, 1, 30, 100, 400]))))
def test_no_two_ever_overlap_and_no_moment_is_left_out(visits: list[tuple[int, float]]) -> None:
    """However late housekeeping comes, and however retention changes: today is in exactly one partition."""
    there: list[Partition] = []
    now = NOON
    for days, retention_days in visits:
        now += days * DAY_SECONDS
        there += missing(there, "t", now, retention_days)
        for day in range(AHEAD_DAYS + 1):
            moment = first_request_id(int((now + day * DAY_SECONDS) * 1000))
            assert sum(one.begin <= moment < one.end for one in there) == 1
    assert len({one.name for one in there}) == len(there)


def test_bounds_are_read_as_postgresql_tells_them() -> None:
    """The default partition has none."""
    told = "FOR VALUES FROM ('019a00000000') TO ('019b00000000')"
    assert partition_of("a", told) == Partition("a", "019a00000000", "019b00000000")
    assert partition_of("a", "FOR VALUES FROM (MINVALUE) TO ('01')") == Partition("a", FIRST, "01")
    assert partition_of("a", "FOR VALUES FROM ('01') TO (MAXVALUE)") == Partition("a", "01", LAST)
    assert partition_of("a", "DEFAULT") is None


def test_a_partition_of_more_days_is_told_from_those_that_are_made_now() -> None:
    """What was made while more was kept is no reason to keep that much; nor is an older version's."""
    of_a_day, *_ = missing([], "t", NOON, 30)
    of_thirty, *_ = missing([], "t", NOON, 0)
    assert is_no_longer(of_a_day, days_of_each(7))
    assert not is_no_longer(of_thirty, days_of_each(7))
    assert is_no_longer(of_thirty, days_of_each(0))
    assert not is_no_longer(Partition("t_old", FIRST, of_a_day.begin), 30)
    assert not is_no_longer(Partition("t_last", of_a_day.begin, LAST), 30)
