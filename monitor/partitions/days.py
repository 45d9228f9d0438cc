"""Which partitions there are to be: a day each, or more where history is kept for long. PURE.

A request id begins with its time, so a partition is a range of ids. PostgreSQL looks at every partition that
a question may touch, and locks it with all its indexes; so there are at most about forty, for however long
history is kept.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import ceil
from typing import NamedTuple

from monitor.record.request_id import TIME_DIGITS, first_request_id, number_at

DAY_SECONDS = 86_400
AHEAD_DAYS = 3
"""So far ahead there are partitions: for so long nobody may keep house before rows go to the default one."""
PARTITIONS = 30
"""Of about so many what is kept consists."""
LONGEST_DAYS = 30
"""A partition's length where history is kept for ever."""

RECENT_DAYS = 2

FIRST, LAST = "", "g"
"""Sort before and after every id: hex digits."""

_BOUND = re.compile(r"FOR VALUES FROM \((MINVALUE|'([^']{0,32})')\) TO \((MAXVALUE|'([^']{0,32})')\)")


class Partition(NamedTuple):
    """One of a table: the ids from ``begin`` to before ``end``."""

    name: str
    begin: str
    end: str


def partition_of(name: str, bound: str) -> Partition | None:
    """A partition by what PostgreSQL tells of its bound; None for the default one."""
    found = _BOUND.fullmatch(bound)
    return Partition(name, found[2] or FIRST, found[4] or LAST) if found else None


def days_of_each(retention_days: float) -> int:
    """How many days a new partition holds where history is kept for ``retention_days`` (0: for ever)."""
    return min(ceil(retention_days / PARTITIONS), LONGEST_DAYS) if retention_days else LONGEST_DAYS


def is_no_longer(one: Partition, days: int) -> bool:
    """Whether a partition holds at most so many days; one without a beginning or an end holds more."""
    if one.begin == FIRST or one.end == LAST:
        return False
    return _day_after(one.end) - _day_after(one.begin) <= days


def recent_before(before: str, now: float) -> str:
    """An id some days before that one, or else before ``now`` (epoch seconds): few partitions lie between."""
    at_ms = number_at(before, TIME_DIGITS) if before else int(now * 1000)
    return first_request_id(max(at_ms - RECENT_DAYS * DAY_SECONDS * 1000, 0))


def missing(there: Sequence[Partition], table: str, now: float, retention_days: float) -> Iterator[Partition]:
    """The partitions that ``table`` has none of from the day of ``now`` (epoch seconds, UTC) on, in order."""
    day = int(now // DAY_SECONDS)
    until = day + AHEAD_DAYS
    while day <= until:
        begin = _id_at(day)
        held = next((one for one in there if one.begin <= begin < one.end), None)
        if held is None:
            after = min((one.begin for one in there if one.begin > begin), default=LAST)
            days = days_of_each(retention_days)
            yield Partition(f"{table}_{_date(day)}", begin, min(_id_at(day + days), after))
            day += days
        elif held.end == LAST:
            return
        else:
            day = max(day + 1, _day_after(held.end))


def _id_at(day: int) -> str:
    return first_request_id(day * DAY_SECONDS * 1000)


def _day_after(bound: str) -> int:
    """The first day that begins at an id or behind it."""
    return -(-int(bound[:12].ljust(12, "0"), 16) // (DAY_SECONDS * 1000))


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_SECONDS, UTC).strftime("%Y%m%d")
