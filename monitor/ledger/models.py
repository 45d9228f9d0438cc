"""The tables of the ledger; kept when the exchanges are gone."""

# ruff: noqa: D106  Meta says nothing that needs a docstring

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class LedgerHour(models.Model):
    """What one key spent on one account and model in one hour. Written by ``monitor.ledger.writing`` alone.

    The hour is the one in which the exchange was admitted, as the server's time zone cuts hours. Where no
    client asked (a replay of the operator's) ``key_id`` is 0; ``client_key`` is what stood in the row. Money
    is in units of 1e-10 dollars, so that sums are exact on every database.
    """

    hour = models.DateTimeField(_("hour"))
    key_id = models.BigIntegerField()
    client_key = models.CharField(_("client key"), max_length=100)
    account = models.CharField(_("account"), max_length=254)
    model = models.CharField(_("model"), max_length=200)
    requests = models.BigIntegerField(_("requests"))
    unpriced = models.BigIntegerField(_("requests without a price"))
    tokens_in = models.BigIntegerField(_("tokens in"))
    tokens_out = models.BigIntegerField(_("tokens out"))
    tokens_cached = models.BigIntegerField(_("cached tokens"))
    tokens_cache_write = models.BigIntegerField(_("tokens written to the cache"))
    cost_units = models.BigIntegerField(_("cost (1e-10 US$)"))
    # With a default of the database's: the version before does not know this column.
    tokens_estimated = models.BigIntegerField(_("tokens estimated"), db_default=0)

    class Meta:
        verbose_name = _("ledger hour")
        verbose_name_plural = _("ledger hours")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key_id", "hour", "client_key", "account", "model"],
                name="one_ledger_hour_of_its_kind",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["hour"], name="ledger_by_hour")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} {self.client_key} {self.account} {self.model}"


class LedgerCorrection(models.Model):
    """What an hour of the ledger said before its exchanges were priced again, and what from then on.

    Written by ``monitor.ledger.corrections`` alone; one run has one ``made_at``.
    """

    made_at = models.DateTimeField(_("made at"))
    hour = models.DateTimeField(_("hour"))
    key_id = models.BigIntegerField()
    client_key = models.CharField(_("client key"), max_length=100)
    account = models.CharField(_("account"), max_length=254)
    model = models.CharField(_("model"), max_length=200)
    cost_units_before = models.BigIntegerField(_("cost before (1e-10 US$)"))
    cost_units_after = models.BigIntegerField(_("cost after (1e-10 US$)"))
    unpriced_before = models.BigIntegerField(_("requests without a price before"))
    unpriced_after = models.BigIntegerField(_("requests without a price after"))

    class Meta:
        verbose_name = _("correction of the ledger")
        verbose_name_plural = _("corrections of the ledger")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["made_at", "key_id", "hour", "client_key", "account", "model"],
                name="one_correction_of_its_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d %H:%M} {self.hour:%Y-%m-%d %H} {self.client_key} {self.model}"
