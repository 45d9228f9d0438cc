"""The table of what the operator says of models, over what is shipped in model_facts.toml."""

# ruff: noqa: D106  Django's inner Meta says nothing that needs a docstring

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.facts.model_facts import Override
from accounts.revisions import Watched, WatchedManager
from accounts.validation import validate_kinds, validate_pattern


class ModelOverride(Watched):
    """Facts about the models that a pattern fits, with their origin. What it does not say stays as is."""

    class Vendor(models.TextChoices):
        """Whose model it is: a model that nobody knows gets the newest facts of that family."""

        ANTHROPIC = "anthropic", "Anthropic (claude)"
        GEMINI = "gemini", "Google (gemini)"
        OPENAI = "openai", "OpenAI (gpt)"

    objects = WatchedManager["ModelOverride"]()

    pattern = models.CharField(
        _("model"),
        max_length=200,
        unique=True,
        validators=[validate_pattern],
        help_text=_("The upstream model's name; * stands for anything. The more exact one rules."),
    )
    vendor = models.CharField(
        _("family"),
        max_length=20,
        choices=Vendor,
        blank=True,
        help_text=_("Whose model it is, where the name does not tell. Blank: as the name tells."),
    )
    kinds = models.JSONField(
        _("offered by"),
        default=list,
        blank=True,
        validators=[validate_kinds],
        help_text=_("The account kinds that offer it without listing it. Blank: those of its family."),
    )
    facts = models.JSONField(_("facts"), default=dict, blank=True, editable=False)
    note = models.CharField(
        _("from where"),
        max_length=500,
        help_text=_("Where this is known from: an address, or a few words."),
    )
    checked_on = models.DateField(_("checked on"), default=timezone.localdate)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("fact about models")
        verbose_name_plural = _("model facts")
        ordering: ClassVar = ["pattern"]

    def __str__(self) -> str:
        return self.pattern

    def as_override(self) -> Override:
        """The row as plain data."""
        return Override(
            pattern=self.pattern,
            facts=self.facts,
            vendor=self.vendor,
            kinds=tuple(self.kinds),
            note=self.note,
            checked_on=str(self.checked_on),
        )


def stored_overrides() -> tuple[Override, ...]:
    """Every row as plain data, in a stable order."""
    return tuple(row.as_override() for row in ModelOverride.objects.order_by("pattern"))
