"""The tables of conversations; kept until the last exchange of a conversation is gone."""

# ruff: noqa: D106  Meta says nothing that needs a docstring

from functools import reduce
from operator import or_
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from monitor.ledger.booking import USED


class Counted(models.Model):
    """What turns add up to. Money is in units of 1e-10 dollars, as in the ledger."""

    first_id = models.CharField(max_length=32)
    last_id = models.CharField(max_length=32)
    """Of the first and the last exchange: they sort by time."""
    turns = models.BigIntegerField(_("turns"))
    failed = models.BigIntegerField(_("failed"))
    rescued = models.BigIntegerField(_("rescued"))
    healed = models.BigIntegerField(_("healed"))
    retried = models.BigIntegerField(_("retried"))
    by_sub_agents = models.BigIntegerField(_("by sub-agents"))
    tokens_in = models.BigIntegerField(_("tokens in"))
    tokens_out = models.BigIntegerField(_("tokens out"))
    tokens_cached = models.BigIntegerField(_("cached tokens"))
    tokens_cache_write = models.BigIntegerField(_("tokens written to the cache"))
    cached_tokens_lost = models.BigIntegerField(_("cached tokens lost"))
    cost_units = models.BigIntegerField(_("cost (1e-10 US$)"))
    unpriced = models.BigIntegerField(_("turns without a price"))

    class Meta:
        abstract = True


IN_USE = reduce(or_, (Q((f"{name}__gt", 0)) for name in ("turns", *USED)))
"""Parts in which anything is left after corrections: a turn, or what a failed attempt of one used.

An attempt of which all is estimated counts where its model has a price: of estimates only the money is kept.
"""


class Conversation(Counted):
    """One conversation. Written by ``monitor.conversations.writing`` alone, with the rows."""

    id = models.CharField(primary_key=True, max_length=32)
    client_key = models.CharField(_("client key"), max_length=100)
    client_name = models.CharField(_("client"), max_length=40)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes: ClassVar = [
            models.Index(fields=["last_id"], name="conversation_by_time"),
            models.Index(fields=["client_key", "last_id"], name="conversation_by_key"),
            models.Index(fields=["client_name", "last_id"], name="conversation_by_client"),
            models.Index(fields=["last_id"], name="conversation_failed", condition=Q(failed__gt=0)),
            models.Index(fields=["last_id"], name="conversation_rescued", condition=Q(rescued__gt=0)),
            models.Index(fields=["last_id"], name="conversation_several", condition=Q(turns__gt=1)),
            models.Index(fields=["last_id"], name="conversation_with_sub", condition=Q(by_sub_agents__gt=0)),
        ]

    def __str__(self) -> str:
        return self.id


class ConversationPart(Counted):
    """What one agent of a conversation asked of one model on one account."""

    conversation = models.CharField(max_length=32)
    agent = models.CharField(_("agent"), max_length=32)
    model = models.CharField(_("model"), max_length=200)
    account = models.CharField(_("account"), max_length=254)
    parent_agent = models.CharField(_("parent agent"), max_length=32)
    agent_label = models.CharField(_("agent's name"), max_length=64)
    role = models.CharField(_("role"), max_length=8)

    class Meta:
        verbose_name = _("part of a conversation")
        verbose_name_plural = _("parts of conversations")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["conversation", "agent", "model", "account"], name="one_part_of_its_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.conversation} {self.agent} {self.model} {self.account}"
