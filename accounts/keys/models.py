"""The table of client keys: who may ask.

A change is a method named after what it is for; each raises the revision in its own transaction.
"""

# ruff: noqa: D106  Django's inner Meta says nothing that needs a docstring

import hashlib
import secrets
from typing import ClassVar, Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.revisions import Watched, WatchedManager
from accounts.validation import validate_client_key

KEY_PREFIX: Final = "sk-"


class ClientKey(Watched):
    """A key that clients present. Only its sha256 is kept."""

    unwatched = frozenset({"last_used_at"})
    objects = WatchedManager["ClientKey"]()

    name = models.CharField(_("name"), max_length=100, unique=True)
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    shown_as = models.CharField(_("key"), max_length=20, editable=False)
    enabled = models.BooleanField(_("enabled"), default=True)
    record_bodies = models.BooleanField(
        _("record bodies"),
        default=True,
        help_text=_("Keep what was asked and answered with this key, for the history."),
    )
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("client key")
        verbose_name_plural = _("client keys")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    def give_value(self, value: str = "") -> str:
        """Gives the unsaved key its value, a new random one of 256 bit by default, and returns it.

        It cannot be read again. Raises ValidationError for a value that is no client key.
        """
        value = value or KEY_PREFIX + secrets.token_urlsafe(32)
        validate_client_key(value)
        self.sha256 = digest(value)
        self.shown_as = f"{KEY_PREFIX}…{value[-4:]}"
        return value


def digest(key: str) -> str:
    """The sha256 of a client key, in hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()
