"""The columns of a key or a mapping about how much one conversation may do within an hour."""

# ruff: noqa: D106  Django's inner Meta says nothing that needs a docstring

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.keys.limits import MOST_TURNS, ConversationLimits, units

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

AT_LEAST_ONE: Final = [MinValueValidator(1)]
ANY_NUMBER: Final = _("Blank: any number.")
CONVERSATION_FIELDS: Final = (
    "conversation_turns_per_hour", "conversation_usd_per_hour", "conversation_agents_per_hour",
)  # fmt: skip
IS_LIMITED: Final = (
    models.Q(conversation_turns_per_hour__isnull=False)
    | models.Q(conversation_usd_per_hour__isnull=False)
    | models.Q(conversation_agents_per_hour__isnull=False)
)
"""Those of a table that limit a conversation: of ten thousand keys usually none."""
RUNAWAY: Final = _("An agent that runs away is warned from four fifths on, and then refused.")


def budget_in_dollars(label: "StrOrPromise") -> "models.DecimalField[Decimal | None, Decimal | None]":
    """A column for a limit in money; blank for none."""
    return models.DecimalField(
        label,
        max_digits=10,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.0001"))],
        help_text=_("By the prices of the statistics; what has no price spends nothing. Blank: any."),
    )


class LimitsConversations(models.Model):
    """Blank is no limit."""

    conversation_turns_per_hour = models.PositiveIntegerField(
        _("turns an hour"),
        null=True,
        blank=True,
        validators=[*AT_LEAST_ONE, MaxValueValidator(MOST_TURNS)],
        help_text=ANY_NUMBER,
    )
    conversation_usd_per_hour = budget_in_dollars(_("US$ an hour"))
    conversation_agents_per_hour = models.PositiveIntegerField(
        _("sub-agents an hour"), null=True, blank=True, validators=AT_LEAST_ONE, help_text=ANY_NUMBER
    )

    class Meta:
        abstract = True

    @property
    def conversation_limits(self) -> ConversationLimits | None:
        """As the relay's rules read them; None where there is none."""
        limits = ConversationLimits(
            turns=self.conversation_turns_per_hour or 0,
            units=units(self.conversation_usd_per_hour) or 0,
            agents=self.conversation_agents_per_hour or 0,
        )
        return None if limits == ConversationLimits() else limits
