"""Which upstream models were asked lately."""

from datetime import timedelta

from django.utils import timezone

from monitor.statistics.models import HourStatistic

LATELY = timedelta(days=7)


def models_used_lately() -> set[str]:
    """Their names, out of the hourly statistics of a week."""
    rows = HourStatistic.objects.filter(hour__gte=timezone.now() - LATELY, dimension="model")
    return set(rows.values_list("value", flat=True).distinct())
