"""Views of the history that a person keeps under a name."""

# ruff: noqa: D106  Meta says nothing that needs a docstring

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

MOST_VIEWS = 30
"""For each person: more would be no row of buttons any more."""


class SavedView(models.Model):
    """One person's name for a query of the history's address."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    name = models.CharField(_("name"), max_length=60)
    query = models.TextField(_("filters"))

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "name"], name="one_saved_view_of_its_name")
        ]

    def __str__(self) -> str:
        return self.name


def views_of(user: AbstractBaseUser | AnonymousUser) -> models.QuerySet[SavedView]:
    """What this person keeps, by name."""
    return SavedView.objects.filter(user_id=user.pk or 0)
