"""Days as the server's time zone cuts them, and which of them are known as a whole. Blocking."""

from datetime import date, datetime, time

from django.db.models import QuerySet
from django.utils import timezone

from monitor.statistics.models import DailyStatistic


def known_days() -> QuerySet[DailyStatistic]:
    """The days as the server's zone cuts them."""
    return DailyStatistic.objects.filter(zone=zone())


def newest_known_day() -> date | None:
    """They are added up from the oldest on: each that is not younger is known too, if it had exchanges."""
    return known_days().order_by("-day").values_list("day", flat=True).first()


def midnight(day: date) -> datetime:
    """When ``day`` begins in the server's zone."""
    return datetime.combine(day, time(), timezone.get_default_timezone())


def day_of(moment: datetime) -> date:
    """The day in which it lies."""
    return timezone.localtime(moment, timezone.get_default_timezone()).date()


def zone() -> str:
    """The name of the server's zone."""
    return timezone.get_default_timezone_name()
