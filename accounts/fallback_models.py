"""The columns of a mapping about its fallbacks: which models, and for which reasons."""

# ruff: noqa: D106  Django's inner Meta says nothing that needs a docstring

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.validation import validate_names


class FallbackModels(models.Model):
    """Without a switch a fallback is asked only where no account for the model before it can be."""

    fallbacks = models.JSONField(
        _("fallback models"),
        default=list,
        blank=True,
        validators=[validate_names],
        help_text=_("Asked in this order when every account for the upstream model is cooling down."),
    )
    fallback_on_quota = models.BooleanField(
        _("fall back when the quota is spent"),
        default=True,
        help_text=_("Every account for the model has used up its quota. Off: the client is told to wait."),
    )
    fallback_on_overload = models.BooleanField(
        _("fall back on overload"),
        default=False,
        help_text=_("The model is overloaded (503, 529), and its retries are spent."),
    )
    fallback_on_context = models.BooleanField(
        _("fall back on a long context"),
        default=False,
        help_text=_("The request does not fit the model: the next one with a larger context is asked."),
    )

    class Meta:
        abstract = True

    @property
    def falls_back_on(self) -> frozenset[str]:
        """The reasons whose switches are on."""
        words = ("quota", "overload", "context")
        return frozenset(word for word in words if getattr(self, f"fallback_on_{word}"))
