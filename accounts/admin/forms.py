"""The admin's forms: secrets go in and never come out, lists are written one name per line."""

import json
from typing import Any, ClassVar

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.addresses import asked_at, kept_at
from accounts.admin.account.credential_hints import hints
from accounts.admin.account.testing import asks_about
from accounts.admin.facts import retirements
from accounts.admin.fields import GroupsField, KindsField, NamesField
from accounts.credentials.by_kind import BadCredential, check_credential, split_credential
from accounts.credentials.encryption import CannotDecrypt
from accounts.keys.conversation_limits import CONVERSATION_FIELDS
from accounts.kinds import NEEDS_OWN_OAUTH_CLIENT
from accounts.models import Account, ModelMapping
from accounts.validation import sends_in_clear, validate_base_url
from monitor.words.account_label import masked_label

# mypy: disable-error-code="import-untyped, misc"
# (unfold ships no types)
# ruff: noqa: D106  Django's inner Meta says nothing that needs a docstring


class SecretWidget(UnfoldAdminTextareaWidget):
    """A text area that never shows what it holds, not even what was just typed."""

    def format_value(self, value: Any) -> str:
        """Nothing."""
        return ""


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """An account; its credential is asked for and never shown."""

    credential = forms.CharField(
        label=capfirst(_("credential")),
        required=False,
        widget=SecretWidget({"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Stored encrypted, and never shown again."),
    )
    accepts_plain_http = forms.BooleanField(
        label=_("Plain http is meant"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_(
            "Needed once for a new http:// address outside this machine: whoever is on the way can read the"
            " credential and the prompts."
        ),
    )
    offered_models = NamesField(
        label=capfirst(_("models")),
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text=_("The models it offers, one per line. Blank: all of its kind's own families."),
    )

    groups = GroupsField(_("The groups that it is in, one per line: words of your own."))

    test_now = forms.BooleanField(
        label=_("Test it when it is saved"), required=False, initial=True, widget=UnfoldBooleanSwitchWidget
    )

    class Meta:
        model = Account
        fields: ClassVar = [
            "email", "kind", "credential", "base_url", "accepts_plain_http", "offered_models", "priority",
            "weight", "groups", "max_in_flight", "project", "location", "enabled",
        ]  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            self.initial["email"] = masked_label(self.instance.email)
            self.fields["credential"].help_text = _(
                "Stored encrypted, and never shown again. Blank keeps what is stored."
            )
        self.fields["credential"].widget.attrs["data-hints"] = json.dumps(hints())
        told = _("One tiny real request, which costs a few tokens, on an inexpensive model of its list.")
        models = asks_about()
        self.fields["test_now"].help_text = f"{told} {models}" if models else told

    def clean_email(self) -> str:
        """What was entered; the masked e-mail that the form showed leaves the stored one as it is."""
        email: str = self.cleaned_data["email"]
        is_untouched = self.instance.pk and email == masked_label(self.instance.email)
        return self.instance.email if is_untouched else email

    def clean_credential(self) -> dict[str, Any] | None:
        """The credential as the importer would read it; None when the field was left blank."""
        text = self.cleaned_data["credential"].strip()
        if not text:
            return None
        if not text.startswith("{"):
            return {"api_key": text}
        try:
            parsed: dict[str, Any] = json.loads(text)
        except ValueError:
            raise forms.ValidationError(_("This begins like JSON, but it is none.")) from None
        return parsed

    def clean(self) -> dict[str, Any] | None:
        """The credential must hold what the kind needs, unless the account stays out of service."""
        cleaned = super().clean() or {}
        kind, given = cleaned.get("kind"), cleaned.get("credential")
        if not kind or "credential" not in cleaned:
            return cleaned
        if given is not None:
            given, project, location = split_credential(kind, given)
            cleaned["credential"] = given
            cleaned["project"] = cleaned.get("project") or project
            cleaned["location"] = cleaned.get("location") or location
        if given is not None or cleaned.get("enabled") or "kind" in self.changed_data:
            try:
                check_credential(kind, given if given is not None else self.instance.credential)
            except (BadCredential, CannotDecrypt) as error:
                said = error.translated() if isinstance(error, BadCredential) else str(error)
                self.add_error("credential", said)
        self._check_address(kind, given, cleaned)
        return cleaned

    def _check_address(self, kind: str, given: dict[str, Any] | None, cleaned: dict[str, Any]) -> None:
        """A stored credential goes nowhere but where whoever entered it meant it to go."""
        base_url, old = cleaned.get("base_url", ""), self.instance
        try:
            if base_url:
                validate_base_url(base_url)
        except forms.ValidationError:
            return  # the field's own check says what is wrong
        is_elsewhere = old.pk is None or asked_at(kind, base_url) != asked_at(old.kind, old.base_url)
        is_anothers = old.pk is None or kept_at(kind, base_url) != kept_at(old.kind, old.base_url)
        keeps_credential = old.pk is not None and bool(old.credential_sealed) and given is None
        if is_anothers and keeps_credential and "credential" not in self.errors:
            said = _("The account would be asked at another address: enter its credential again.")
            self.add_error("credential", said)
        if is_elsewhere and base_url and sends_in_clear(base_url) and not cleaned["accepts_plain_http"]:
            self.add_error("base_url", _("Plain http outside this machine: say below that it is meant."))

    def save(self, commit: bool = True) -> Account:
        """Takes the new credential, and forgets why the account was out of service where that is over."""
        account: Account = self.instance
        if self.cleaned_data["credential"] is not None:
            account.credential = self.cleaned_data["credential"]
        if "enabled" in self.changed_data or account.enabled:
            account.disabled_reason, account.disabled_automatically = "", False
        elif account.disabled_reason == NEEDS_OWN_OAUTH_CLIENT and self.cleaned_data["credential"]:
            account.disabled_reason = ""
        return super().save(commit)  # type: ignore[no-any-return]


class ModelMappingForm(forms.ModelForm):  # type: ignore[type-arg]
    """A mapping, with its lists as lines and ticks."""

    kinds = KindsField()
    groups = GroupsField(_("Only accounts of one of these groups may serve it, one per line. Blank: any."))
    fallbacks = NamesField(
        label=capfirst(_("fallback models")),
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text=_(
            "One per line, asked in this order when every account for the upstream model cools down."
        ),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        """Under each model that is retired soon, or was, stands when."""
        super().__init__(*args, **options)
        for name, models in (("target", [self.instance.target]), ("fallbacks", self.instance.fallbacks)):
            if (field := self.fields.get(name)) is None:
                continue  # who may only look has no such field
            field.help_text = " ".join([*retirements.sentences(models), str(field.help_text)]).strip()

    class Meta:
        model = ModelMapping
        fields: ClassVar = [
            "pattern", "role", "target", "kinds", "groups", "fallbacks", "fallback_on_quota",
            "fallback_on_overload", "fallback_on_context", "priority", "continuation", "tool_safe",
            *CONVERSATION_FIELDS,
        ]  # fmt: skip
