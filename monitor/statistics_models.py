"""The table of the statistics, an hour a row; kept when the exchanges it was made of are gone."""

# ruff: noqa: D106  Meta says nothing that needs a docstring

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class HourlyStatistic(models.Model):
    """What the exchanges admitted in one hour add up to, by what they are told apart by.

    Filled by ``statistics_filling`` alone. A blank text stands for "none": a refused exchange has no account.
    """

    hour = models.DateTimeField(_("hour"))
    model = models.CharField(_("model"), max_length=200)
    account = models.CharField(_("account"), max_length=254)
    client_key = models.CharField(_("client key"), max_length=100)
    outcome = models.CharField(_("outcome"), max_length=16)
    requests = models.BigIntegerField(_("requests"))
    healed = models.BigIntegerField(_("healed"))
    retried = models.BigIntegerField(_("retried"))
    tokens_in = models.BigIntegerField(_("tokens in"))
    tokens_out = models.BigIntegerField(_("tokens out"))
    tokens_cached = models.BigIntegerField(_("cached tokens"))
    tokens_cache_write = models.BigIntegerField(_("tokens written to the cache"))
    cached_tokens_lost = models.BigIntegerField(_("cached tokens lost"))
    cost = models.DecimalField(_("cost (US$)"), max_digits=20, decimal_places=10)

    class Meta:
        verbose_name = _("hourly statistic")
        verbose_name_plural = _("hourly statistics")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hour", "model", "account", "client_key", "outcome"], name="one_statistic_of_its_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} {self.model} {self.account} {self.client_key} {self.outcome}"
