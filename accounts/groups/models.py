"""The table of groups: a name that accounts carry, and in which order they are asked."""

# ruff: noqa: D106  Django's inner Meta says nothing that needs a docstring

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.revisions import Watched, WatchedManager
from accounts.validation import validate_group


class AccountGroup(Watched):
    """A group with its strategy. One that has no row here spreads; who is in it, the accounts say."""

    class Strategy(models.TextChoices):
        """In which order its accounts are asked (``accounts.groups.strategies``)."""

        SPREAD = "spread", _("spread: who has least to do")
        DRAIN = "drain", _("drain: one after the other")
        RESERVE = "reserve", _("reserve: one is kept for the end")

    objects = WatchedManager["AccountGroup"]()

    name = models.CharField(
        _("name"),
        max_length=100,
        unique=True,
        validators=[validate_group],
        help_text=_("As accounts, mappings and client keys write it among their groups."),
    )
    strategy = models.CharField(
        _("strategy"),
        max_length=10,
        choices=Strategy,
        default=Strategy.SPREAD,
        help_text=_(
            "Drain asks the account that was added first until it can take no more. Reserve keeps the account"
            " of lowest priority, of equals the one added last, until no other can be asked."
        ),
    )
    note = models.CharField(_("note"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("account group")
        verbose_name_plural = _("account groups")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name
