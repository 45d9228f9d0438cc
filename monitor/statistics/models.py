"""The tables of the statistics, an hour or a day a row; kept when their exchanges are gone."""

# ruff: noqa: D106  Meta says nothing that needs a docstring

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class _Statistic(models.Model):
    """What the exchanges of one value of a dimension add up to; filled by ``monitor.statistics.filling``."""

    dimension = models.CharField(_("dimension"), max_length=16)
    value = models.CharField(_("value"), max_length=254)
    requests = models.BigIntegerField(_("requests"))
    failed = models.BigIntegerField(_("failed"))
    rescued = models.BigIntegerField(_("rescued"), default=0)
    healed = models.BigIntegerField(_("healed"))
    retried = models.BigIntegerField(_("retried"))
    tokens_in = models.BigIntegerField(_("tokens in"))
    tokens_out = models.BigIntegerField(_("tokens out"))
    tokens_cached = models.BigIntegerField(_("cached tokens"))
    tokens_cache_write = models.BigIntegerField(_("tokens written to the cache"))
    cached_tokens_lost = models.BigIntegerField(_("cached tokens lost"))
    cost = models.DecimalField(_("cost (US$)"), max_digits=20, decimal_places=10)

    class Meta:
        abstract = True


class HourStatistic(_Statistic):
    """The exchanges admitted in one hour, by one ``value`` of one ``dimension``: a model, an account …

    One dimension at a time: so there are as many rows an hour as there are models, accounts, keys and
    outcomes, not as many as there are of their combinations; those stand in the ledger, where money is. A
    blank value stands for "none": a refused exchange has no account.
    """

    hour = models.DateTimeField(_("hour"))

    class Meta:
        verbose_name = _("hourly statistic")
        verbose_name_plural = _("hourly statistics")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hour", "dimension", "value"], name="one_hour_statistic_of_its_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} {self.dimension} {self.value}"


class StatisticChange(models.Model):
    """What one batch of rows adds to an hour: a line that waits, and is taken away when it is counted.

    ``requests`` is their number, ``shares`` what ``monitor.statistics.waiting`` wrote.
    """

    hour = models.DateTimeField()
    requests = models.BigIntegerField()
    shares = models.TextField()

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} {self.requests:+}"


class RemovedHistory(models.Model):
    """The moment of the newest exchange that retention has removed; there is one row, or none."""

    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.until:%Y-%m-%d %H:%M:%S}"


class DailyStatistic(_Statistic):
    """The hours of one day added up, so that a span of months is read at once.

    The day begins at midnight of ``zone``, the server's time zone when it was added up.
    """

    day = models.DateField(_("day"))
    zone = models.CharField(_("time zone"), max_length=64)

    class Meta:
        verbose_name = _("daily statistic")
        verbose_name_plural = _("daily statistics")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["zone", "dimension", "day", "value"], name="one_daily_statistic_of_its_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.dimension} {self.value}"
