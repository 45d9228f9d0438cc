"""The tables of this room: accounts and their kept marks, and mappings. Django looks here for all the others.

A change is a method named after what it is for; each raises the revision in its own transaction.
"""

# ruff: noqa: D106  Django's inner Meta says nothing that needs a docstring

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.credentials.encryption import decrypt, encrypt
from accounts.credentials.models import Seal as Seal
from accounts.facts.models import ModelOverride as ModelOverride
from accounts.fallback_models import FallbackModels
from accounts.groups.binding import BoundToAccounts
from accounts.groups.models import AccountGroup as AccountGroup
from accounts.keys.conversation_limits import LimitsConversations
from accounts.keys.models import ClientKey as ClientKey
from accounts.keys.models import digest as digest
from accounts.last_test import TEST_FIELDS, LastTest
from accounts.processes.models import ProcessHeartbeat as ProcessHeartbeat
from accounts.revisions import Revision, Watched, WatchedManager, lock_rows
from accounts.validation import (
    validate_base_url,
    validate_fallbacks,
    validate_groups,
    validate_label,
    validate_location,
    validate_names,
    validate_pattern,
    validate_target,
)
from monitor.record.stored_text import stored_text
from monitor.words.account_label import account_label

__all__ = [
    "Account", "AccountGroup", "AccountMark", "ClientKey", "ModelMapping", "ProcessHeartbeat", "Revision",
    "Seal", "digest",
]  # fmt: skip

MOST_WEIGHT: Final = 1000
_SERVICE_FIELDS: Final = ("enabled", "disabled_reason", "disabled_automatically")


class Account(LastTest, Watched):
    """An upstream identity: an e-mail label, a kind, a credential."""

    class Kind(models.TextChoices):
        """What is asked, and how one signs in there."""

        GEMINI = "gemini", _("Gemini (API key)")
        VERTEX = "vertex", _("Vertex AI (service account)")
        CODE_ASSIST = "code_assist", _("Gemini Code Assist (OAuth, your own client)")
        ANTHROPIC = "anthropic", _("Anthropic (API key)")
        OPENAI = "openai", _("OpenAI or compatible (API key)")

    unwatched = frozenset({"last_used_at", "quota_windows"}) | TEST_FIELDS
    objects = WatchedManager["Account"]()

    email = models.CharField(
        _("e-mail"), max_length=254, help_text=_("A label that tells the accounts apart, usually an e-mail.")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    base_url = models.CharField(
        _("base URL"),
        max_length=500,
        blank=True,
        validators=[validate_base_url],
        help_text=_("Where it is asked. Blank: the kind's own address."),
    )
    credential_sealed = models.TextField(blank=True, editable=False)
    offered_models = models.JSONField(
        _("models"),
        default=list,
        blank=True,
        validators=[validate_names],
        help_text=_("The models it offers. Blank: all of its kind's own families."),
    )
    priority = models.IntegerField(
        _("priority"), default=0, help_text=_("The highest number is asked first.")
    )
    weight = models.PositiveIntegerField(
        _("weight"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_WEIGHT)],
        help_text=_("Among equals of one priority: twice the number takes twice the share."),
    )
    groups = models.JSONField(
        _("groups"),
        default=list,
        blank=True,
        validators=[validate_groups],
        help_text=_("The groups that it is in: words of your own, which keys and mappings can be bound to."),
    )
    max_in_flight = models.IntegerField(
        _("requests at a time"),
        default=0,
        validators=[MinValueValidator(0)],
        help_text=_("How many requests may run on it at once, over all processes. 0: any number."),
    )
    project = models.CharField(
        _("project"),
        max_length=200,
        blank=True,
        help_text=_("The Google Cloud project, for Vertex AI and Code Assist."),
    )
    location = models.CharField(
        _("location"), max_length=60, blank=True, help_text=_("The Vertex AI region. Blank: global.")
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    disabled_reason = models.CharField(_("disabled because"), max_length=500, blank=True, editable=False)
    disabled_automatically = models.BooleanField(default=False, editable=False)
    marks_cleared_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    quota_windows = models.JSONField(default=list, blank=True, editable=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering: ClassVar = ["-priority", "email", "kind"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "email"],
                name="one_account_per_kind_and_email",
                violation_error_message=_("There is already an account of this kind with this e-mail."),
            ),
            models.CheckConstraint(
                condition=models.Q(max_in_flight__gte=0), name="max_in_flight_not_negative"
            ),
        ]

    @classmethod
    def kind_name(cls, kind: str) -> str:
        """A kind as the pages call it; one that is none stays as it is."""
        return str(cls.Kind(kind).label) if kind in cls.Kind.values else kind

    def __str__(self) -> str:
        return f"{account_label(self.email)} ({self.kind})"

    def clean(self) -> None:
        """What no field's own check sees."""
        validate_label(self.email)
        validate_location(self.location)

    @property
    def credential(self) -> dict[str, Any]:
        """The credential in clear text. Raises encryption.CannotDecrypt."""
        return decrypt(self.credential_sealed)

    @credential.setter
    def credential(self, value: dict[str, Any]) -> None:
        self.credential_sealed = encrypt(value)

    def enable(self) -> None:
        """Puts the account into service again, without cooldowns and without a word about the past."""
        self.enabled, self.disabled_reason, self.disabled_automatically = True, "", False
        with transaction.atomic():
            self.save(update_fields=[*_SERVICE_FIELDS, "updated_at"])
            self.clear_marks()

    def disable(self, reason: str = "", *, automatically: bool = False) -> None:
        """Takes the account out of service, for ``reason`` in words (blank: the operator wants it so)."""
        self.enabled, self.disabled_reason = False, stored_text(reason, 500)
        self.disabled_automatically = automatically
        self.save(update_fields=[*_SERVICE_FIELDS, "updated_at"])

    def clear_marks(self) -> None:
        """Ends every cooldown of the account, in every process."""
        self.marks_cleared_at = timezone.now()
        self.quota_windows = []
        with transaction.atomic():
            self.save(update_fields=["marks_cleared_at", "quota_windows", "updated_at"])
            self.marks.all().delete()


def lock_accounts(pks: Iterable[int] | None = None) -> None:
    """Let this transaction alone write to these accounts (None: to all) and their marks until it ends."""
    lock_rows(Account.objects.all() if pks is None else Account.objects.filter(pk__in=set(pks)))


class AccountMark(models.Model):
    """A hard mark that survives a restart. ``model`` blank means the whole account."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="marks")
    model = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    status = models.IntegerField()
    cause = models.CharField(max_length=20)
    until = models.DateTimeField(db_index=True)
    set_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "model"], name="one_mark_per_account_and_model")
        ]
        verbose_name = _("cooldown")
        verbose_name_plural = _("cooldowns")

    def __str__(self) -> str:
        return self.model or gettext("every model")


class ModelMapping(BoundToAccounts, FallbackModels, LimitsConversations, Watched):
    """From the model that clients name to the model that is asked for upstream."""

    objects = WatchedManager["ModelMapping"]()

    pattern = models.CharField(
        _("clients' model"),
        max_length=200,
        validators=[validate_pattern],
        help_text=_("The name clients use; * stands for anything."),
    )
    role = models.CharField(
        _("applies to"),
        max_length=8,
        blank=True,
        default="",
        choices=[("", _("all")), ("main", _("main agents")), ("sub", _("sub-agents"))],
        help_text=_(
            "Whose requests it is for: a cheaper model for sub-agents, say. Claude Code, Codex and OpenCode"
            " tell who asks; all others count as main agents. It comes before a mapping for all that fits"
            " equally well."
        ),
    )
    target = models.CharField(
        _("upstream model"),
        max_length=200,
        validators=[validate_target],
        help_text=_("The model that is asked."),
    )
    priority = models.IntegerField(
        _("priority"),
        default=0,
        help_text=_("Between patterns that fit equally well, the highest number wins."),
    )
    continuation = models.BooleanField(
        _("continue what breaks off"),
        default=False,
        help_text=_(
            "When upstream dies in the middle of a streamed answer of plain text, it is asked to go on from"
            " there, at most twice, and the client sees one answer. Never with tool calls, thinking, JSON or"
            " several answers. Leave it off for clients that ask again by themselves: an error serves them"
            " better."
        ),
    )
    tool_safe = models.BooleanField(
        _("hold tool calls until they are whole"),
        default=False,
        help_text=_(
            "A streamed tool call goes to the client in one piece, so an answer that breaks inside it can be"
            " asked for again when the client has had nothing yet. Its arguments are not seen growing."
        ),
    )
    created_at = models.DateTimeField(_("added"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("model mapping")
        verbose_name_plural = _("model mappings")
        ordering: ClassVar = ["-priority", "pattern", "role"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["pattern", "role"],
                name="one_mapping_of_a_pattern_and_role",
                violation_error_message=_("There is a mapping of this name for these agents already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.pattern} → {self.target}"

    def clean(self) -> None:
        """What no field's own check sees."""
        validate_fallbacks(self.target, self.fallbacks)
