"""Are all exchanges of an hour counted? Where they are not, it is worked out anew.

Of what grows nobody sees that something is missing. Rows that an older version has written beside this one
were noted by nobody, and one that keeps house counts them by itself, whatever waits. So the number of
exchanges is compared: when a process begins to keep house, and once an hour.
"""

import logging
from datetime import UTC, datetime

from django.db.models import QuerySet, Sum

from monitor.models import RequestLog
from monitor.statistics.filling import ended_in, fill_hour
from monitor.statistics.models import HourStatistic, StatisticChange
from monitor.statistics.one_moment import one_moment
from monitor.statistics.whole_hours import is_whole

logger = logging.getLogger(__name__)


def check(hour: int) -> bool:
    """Work the hour out anew if another number of its exchanges is counted than there are; whether it was.

    When fewer are there than are counted retention may have removed some: then only of a whole hour.
    """
    missing = uncounted(hour)
    if not missing or (missing < 0 and not is_whole(hour)):
        return False
    logger.info("The statistics of %s are worked out anew", datetime.fromtimestamp(hour, UTC))
    fill_hour(hour)
    return True


def uncounted(hour: int) -> int:
    """How many more exchanges there are than are counted, or wait to be."""
    beginning = datetime.fromtimestamp(hour, UTC)
    counted = HourStatistic.objects.filter(hour=beginning, dimension="outcome")
    with one_moment():
        there = RequestLog.objects.filter(ended_in(hour)).count()
        return there - _requests(counted) - _requests(StatisticChange.objects.filter(hour=beginning))


def _requests(found: "QuerySet[HourStatistic] | QuerySet[StatisticChange]") -> int:
    number: int | None = found.aggregate(total=Sum("requests"))["total"]
    return int(number or 0)
