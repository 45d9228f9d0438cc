"""The table of client keys: who may ask.

A change is a method named after what it is for; each raises the revision in its own transaction.
"""

# ruff: noqa: D106  Django's inner Meta says nothing that needs a docstring

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.groups.binding import BoundToAccounts
from accounts.keys.conversation_limits import (
    ANY_NUMBER,
    AT_LEAST_ONE,
    LimitsConversations,
    budget_in_dollars,
)
from accounts.revisions import Watched, WatchedManager
from accounts.validation import (
    validate_client_key,
    validate_networks,
    validate_patterns,
)
from monitor.words.reader_zone import check_moment

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

KEY_PREFIX: Final = "sk-"

EFFORTS: Final = [(word, word) for word in ("minimal", "low", "medium", "high", "xhigh", "max")]
"""The clients' own words, from the least to the most."""

MOST_TOKENS: Final = 10**12


def _limit_of_tokens(label: "StrOrPromise") -> "models.PositiveBigIntegerField[int | None, int | None]":
    return models.PositiveBigIntegerField(
        label,
        null=True,
        blank=True,
        validators=[*AT_LEAST_ONE, MaxValueValidator(MOST_TOKENS)],
        help_text=_("Input, cached or not, and output. Blank: any number."),
    )


class ReplacedMeanwhile(ValidationError):
    """Somebody else, or the same form sent twice, has given the key another value."""


class ClientKey(BoundToAccounts, LimitsConversations, Watched):
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
    owner = models.CharField(
        _("owner"), max_length=200, blank=True, help_text=_("Whose it is, in your own words.")
    )
    note = models.TextField(_("note"), max_length=2000, blank=True)
    expires_at = models.DateTimeField(
        _("expires"), null=True, blank=True, help_text=_("From then on it is refused. Blank: never.")
    )
    allowed_models = models.JSONField(
        _("allowed models"),
        default=list,
        blank=True,
        validators=[validate_patterns],
        help_text=_("The names that may be asked for; * stands for anything. Blank: any."),
    )
    refused_models = models.JSONField(
        _("refused models"),
        default=list,
        blank=True,
        validators=[validate_patterns],
        help_text=_("Never asked, neither by this name nor behind a mapping; * stands for anything."),
    )
    networks = models.JSONField(
        _("source addresses"),
        default=list,
        blank=True,
        validators=[validate_networks],
        help_text=_("Addresses or networks, such as 10.0.0.0/8, that it may be used from. Blank: any."),
    )
    highest_effort = models.CharField(
        _("highest effort"),
        max_length=10,
        blank=True,
        choices=EFFORTS,
        help_text=_("More thinking than this may not be asked for. Blank: any."),
    )
    requests_per_minute = models.PositiveIntegerField(
        _("requests a minute"), null=True, blank=True, validators=AT_LEAST_ONE, help_text=ANY_NUMBER
    )
    tokens_per_minute = _limit_of_tokens(_("tokens a minute"))
    max_in_flight = models.PositiveIntegerField(
        _("requests at a time"), null=True, blank=True, validators=AT_LEAST_ONE, help_text=ANY_NUMBER
    )
    usd_per_day = budget_in_dollars(_("US$ a day"))
    usd_per_week = budget_in_dollars(_("US$ a week"))
    usd_per_month = budget_in_dollars(_("US$ a month"))
    usd_in_total = budget_in_dollars(_("US$ in total"))
    tokens_per_day = _limit_of_tokens(_("tokens a day"))
    tokens_per_week = _limit_of_tokens(_("tokens a week"))
    tokens_per_month = _limit_of_tokens(_("tokens a month"))
    tokens_in_total = _limit_of_tokens(_("tokens in total"))
    previous_sha256 = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    previous_until = models.DateTimeField(_("old value valid until"), null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("client key")
        verbose_name_plural = _("client keys")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raises ValidationError for an end that no page could show."""
        check_moment("expires_at", self.expires_at)

    def give_value(self, value: str = "") -> str:
        """Gives the unsaved key its value, a new random one of 256 bit by default, and returns it.

        It cannot be read again. Raises ValidationError for a value that is no client key.
        """
        value = value or KEY_PREFIX + secrets.token_urlsafe(32)
        validate_client_key(value)
        self.sha256 = digest(value)
        self.shown_as = f"{KEY_PREFIX}…{value[-4:]}"
        return value

    def rotate(self, overlap: timedelta, value: str = "") -> str:
        """Gives the key a new value and saves it; the old one stays valid for ``overlap``.

        A value from an earlier rotation ends now. Raises ValidationError for a value that is no client key,
        or that is taken; ReplacedMeanwhile, having changed nothing, when the row has another value by now.
        """
        old = self.sha256
        value = self.give_value(value)
        taken = models.Q(sha256=self.sha256) | models.Q(previous_sha256=self.sha256)
        if self.sha256 == old or ClientKey.objects.exclude(pk=self.pk).filter(taken).exists():
            raise ValidationError(_("This value is, or was, a key already."))
        self.previous_sha256 = old if overlap else ""
        self.previous_until = timezone.now() + overlap if overlap else None
        names = ("sha256", "shown_as", "previous_sha256", "previous_until")
        unchanged = ClientKey.objects.filter(pk=self.pk, sha256=old)
        if not unchanged.update(**{name: getattr(self, name) for name in names}):
            raise ReplacedMeanwhile(_("The value of this key was replaced meanwhile."))
        return value


def digest(key: str) -> str:
    """The sha256 of a client key, in hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()
