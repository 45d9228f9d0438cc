"""What is to be done for the statistics when it is time: by who keeps house, and by a page that is empty."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from monitor.statistics.checking import check
from monitor.statistics.filling import OPEN_HOURS, days_to_fill, fill_day, hours_to_fill, new_days
from monitor.statistics.growing import grow
from monitor.statistics.models import HourStatistic, StatisticChange

OPEN_DAYS: Final = 2
"""The open hours lie in so many days."""


def bring_up_to_date(now: float, *, with_checks: bool) -> Iterator[None]:
    """Count what waits, a step at a time; first ``with_checks`` of the hours that may lack something."""
    if with_checks:
        for hour in list(hours_to_fill(now)):
            check(hour)
            yield
    # What comes meanwhile is for the next time: under load a line may come with each step, without an end.
    last = StatisticChange.objects.order_by("-id").values_list("id", flat=True).first() or 0
    while grow(last):
        yield
    for day in list(days_to_fill(now) if with_checks else new_days(now)):
        fill_day(day)
        yield


def count_first_hour(now: float) -> None:
    """Count the newest hour at once when nothing of it is counted yet: a page shall not be empty."""
    newest = StatisticChange.objects.order_by("-hour").values_list("hour", flat=True).first()
    if newest is None or HourStatistic.objects.filter(hour__gte=newest).exists():
        return
    # The newest hour says that those before it were looked at: of many, who keeps house does that first.
    hours = list(islice(hours_to_fill(now), OPEN_HOURS + 2))
    days = list(islice(new_days(now), OPEN_DAYS + 1))
    if len(hours) > OPEN_HOURS + 1 or len(days) > OPEN_DAYS:
        return
    for hour in hours:
        check(hour)
    grow()
    for day in list(new_days(now)):
        fill_day(day)
