"""What a key's limits come to, worked out once for as long as none of their windows ends."""

from datetime import datetime
from zoneinfo import ZoneInfo

from accounts.keys.limits import Limit
from relay.limits.limit_windows import window_at
from relay.limits.plan import plan_at

ZONE = ZoneInfo("Europe/Berlin")
LIMITS = (
    Limit("requests", "minute", 10),
    Limit("usd", "day", 10),
    Limit("tokens", "month", 10),
    Limit("tokens", "total", 10),
)


def test_a_plan_holds_until_its_first_window_ends() -> None:
    """Not a moment longer, nor before its last one began: a clock may be set back."""
    now = datetime(2026, 3, 29, 1, 59, 30, tzinfo=ZONE).timestamp()
    plan = plan_at(7, LIMITS, now, ZONE)
    assert plan.windows == tuple(window_at(limit.period, now, ZONE) for limit in LIMITS)
    assert plan.spots[0] == (7, "requests", "minute", now // 60 * 60)
    assert plan.of_requests == (0,)
    minute = plan.windows[0]
    for moment, holds in (
        (minute.start, True),
        (minute.end - 0.1, True),
        (minute.end, False),
        (now - 60, False),
    ):
        assert plan.is_for(LIMITS, moment) is holds


def test_a_plan_is_for_its_limits_alone() -> None:
    """Those that an operator has changed have another one; equal ones, read again, have the same."""
    plan = plan_at(7, LIMITS, 1e9, ZONE)
    assert plan.is_for(list(LIMITS), 1e9)
    assert not plan.is_for((*LIMITS[:-1], Limit("tokens", "total", 11)), 1e9)
    assert not plan.is_for(LIMITS[:-1], 1e9)
    assert not plan_at(7, (), 1e9, ZONE).is_for((), 1e9)
