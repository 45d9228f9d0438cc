"""The columns of a key or a mapping about which accounts may serve it."""

# ruff: noqa: D106  Django's inner Meta says nothing that needs a docstring

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.validation import validate_groups, validate_kinds


class BoundToAccounts(models.Model):
    """The columns; blank ones bind to nothing (``accounts.groups.scope`` reads them)."""

    kinds = models.JSONField(
        _("account kinds"),
        default=list,
        blank=True,
        validators=[validate_kinds],
        help_text=_("Only accounts of these kinds may serve it. Blank: any."),
    )
    groups = models.JSONField(
        _("groups"),
        default=list,
        blank=True,
        validators=[validate_groups],
        help_text=_("Only accounts of one of these groups may serve it. Blank: any."),
    )

    class Meta:
        abstract = True
