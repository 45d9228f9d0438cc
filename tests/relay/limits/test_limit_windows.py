"""From when to when a limit counts: days with a change of the clocks, ends of months, clocks set back."""

from datetime import datetime, timedelta
from math import inf
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.keys.limits import Period
from relay.limits.limit_windows import LimitWindow, window_at


def at(zone: str, text: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


HOURS: list[tuple[str, str, Period, str, float]] = [
    # zone, now there, period, its first moment there, its length in hours
    ("UTC", "2026-11-29T12:00", "day", "2026-11-29T00:00", 24),
    ("Europe/Berlin", "2026-03-29T12:00", "day", "2026-03-29T00:00", 23),
    ("Europe/Berlin", "2026-10-25T12:00", "day", "2026-10-25T00:00", 25),
    ("Europe/Berlin", "2026-10-25T12:00", "week", "2026-10-19T00:00", 169),
    ("Europe/Berlin", "2026-03-29T12:00", "month", "2026-03-01T00:00", 31 * 24 - 1),
    ("America/Sao_Paulo", "2018-11-04T12:00", "day", "2018-11-04T01:00", 23),  # there was no midnight
    ("America/Havana", "2026-11-01T12:00", "day", "2026-11-01T00:00", 25),  # midnight came twice
    ("Australia/Lord_Howe", "2026-04-05T12:00", "day", "2026-04-05T00:00", 24.5),
    ("Asia/Kolkata", "2026-02-28T23:59:59", "month", "2026-02-01T00:00", 28 * 24),
    ("UTC", "2028-02-29T10:00", "month", "2028-02-01T00:00", 29 * 24),
    ("UTC", "2026-12-31T23:59:59", "month", "2026-12-01T00:00", 31 * 24),
    ("UTC", "2026-12-31T23:59:59", "week", "2026-12-28T00:00", 7 * 24),
    ("Asia/Tokyo", "2026-11-30T00:00", "week", "2026-11-30T00:00", 7 * 24),  # a Monday's first moment
]


@pytest.mark.parametrize(("zone", "now", "period", "start", "hours"), HOURS)
def test_days_weeks_and_months_are_the_zones(
    zone: str, now: str, period: Period, start: str, hours: float
) -> None:
    """They begin at its midnight, and are as long as they are there."""
    window = window_at(period, at(zone, now), ZoneInfo(zone))
    assert window.start == at(zone, start)
    assert (window.end - window.start) / 3600 == hours


def test_minutes_and_all_time() -> None:
    """A minute is the clock's; all time has no end."""
    assert window_at("minute", 119.9, ZoneInfo("UTC")) == LimitWindow(60.0, 120.0)
    assert window_at("total", 119.9, ZoneInfo("Asia/Tokyo")) == LimitWindow(0.0, inf)


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia")


@given(
    st.datetimes(datetime(2010, 1, 1), datetime(2040, 1, 1)),
    st.sampled_from(ZONES),
    st.sampled_from(("minute", "day", "week", "month")),
)
def test_windows_follow_each_other_without_gap(now: datetime, name: str, period: Period) -> None:
    """Every moment is in exactly one, and the next begins where one ends."""
    zone = ZoneInfo(name)
    moment = now.replace(tzinfo=ZoneInfo("UTC")).timestamp()
    window = window_at(period, moment, zone)
    assert window.holds(moment)
    assert window_at(period, window.end, zone).start == window.end
    assert window_at(period, window.end - 0.001, zone) == window
    assert window.end - window.start <= timedelta(days=32).total_seconds()
