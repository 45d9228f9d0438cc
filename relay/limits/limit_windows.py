"""From when to when a limit counts: a minute, a day, a week, a month, or all time. PURE.

Days begin at midnight of the server's time zone, weeks on Monday, months on the first. A day with a change of
the clocks has 23 or 25 hours; where midnight does not exist, the day begins at the first moment behind it.
"""

from datetime import date, datetime, time, timedelta, tzinfo
from math import inf

from msgspec import Struct

from accounts.keys.limits import Period

MINUTE_SECONDS = 60.0


class LimitWindow(Struct, frozen=True):
    """From ``start`` up to ``end``, in epoch seconds; all time ends never."""

    start: float
    end: float

    def holds(self, now: float) -> bool:
        """Is ``now`` in it?"""
        return self.start <= now < self.end


def window_at(period: Period, now: float, zone: tzinfo) -> LimitWindow:
    """The window of that kind that ``now`` (epoch seconds) is in."""
    if period == "minute":
        start = now // MINUTE_SECONDS * MINUTE_SECONDS
        return LimitWindow(start, start + MINUTE_SECONDS)
    if period == "total":
        return LimitWindow(0.0, inf)
    today = datetime.fromtimestamp(now, zone).date()
    first, last = _days(period, today)
    return LimitWindow(_midnight(first, zone), _midnight(last, zone))


def _days(period: Period, today: date) -> tuple[date, date]:
    """The first day of the period, and the first one behind it."""
    if period == "week":
        first = today - timedelta(days=today.weekday())
        return first, first + timedelta(days=7)
    if period == "month":
        first = today.replace(day=1)
        return first, (first + timedelta(days=32)).replace(day=1)
    return today, today + timedelta(days=1)


def _midnight(day: date, zone: tzinfo) -> float:
    return datetime.combine(day, time(), zone).timestamp()
