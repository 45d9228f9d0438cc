"""Which upstream models were asked lately."""

from datetime import timedelta

from django.utils import timezone

from monitor.statistics.models import HourlyStatistic

LATELY = timedelta(days=7)


def models_used_lately() -> set[str]:
    """Their names, out of the hourly statistics of a week."""
    rows = HourlyStatistic.objects.filter(hour__gte=timezone.now() - LATELY)
    return set(rows.values_list("model", flat=True).distinct())
