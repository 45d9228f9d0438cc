"""The admin's forms of client keys: lists are written one per line, and how long an old value stays valid."""

from typing import ClassVar

from django import forms
from django.utils.crypto import salted_hmac
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
)

from accounts.admin.fields import GroupsField, KindsField, NamesField
from accounts.models import ClientKey

# mypy: disable-error-code="import-untyped, misc"
# (unfold ships no types)
# ruff: noqa: D106  Django's inner Meta says nothing that needs a docstring


class ClientKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """A client key with what it may do."""

    allowed_models = NamesField(
        label=capfirst(_("allowed models")),
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text=_("The names that may be asked for, one per line; * stands for anything. Blank: any."),
    )
    refused_models = NamesField(
        label=capfirst(_("refused models")),
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text=_("Never asked, neither by this name nor behind a mapping; one per line."),
    )
    kinds = KindsField()
    groups = GroupsField(_("Only accounts of one of these groups may serve it, one per line. Blank: any."))
    networks = NamesField(
        label=capfirst(_("source addresses")),
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
        help_text=_(
            "Addresses or networks, such as 10.0.0.0/8, one per line, that it may be used from. Blank: any."
        ),
    )

    class Meta:
        model = ClientKey
        fields: ClassVar = [
            "name", "enabled", "record_bodies", "owner", "note", "expires_at", "allowed_models",
            "refused_models", "kinds", "groups", "networks", "highest_effort", "requests_per_minute",
            "tokens_per_minute", "max_in_flight",
            "usd_per_day", "usd_per_week", "usd_per_month", "usd_in_total",
            "tokens_per_day", "tokens_per_week", "tokens_per_month", "tokens_in_total",
            "conversation_turns_per_hour", "conversation_usd_per_hour", "conversation_agents_per_hour",
        ]  # fmt: skip


def mark_of(key: ClientKey) -> str:
    """Which value the key has now; the value, or its sha256, cannot be told from it."""
    return salted_hmac("accounts.rotation", key.sha256).hexdigest()[:16]


class RotationForm(forms.Form):
    """How long the old value stays valid beside the new one, and which value that is.

    A form that is sent twice, or from a page that is out of date, would end a value that clients still use.
    """

    replaces = forms.CharField(widget=forms.HiddenInput, required=False)

    overlap_hours = forms.IntegerField(
        label=_("The old value stays valid for (hours)"),
        initial=24,
        min_value=0,
        max_value=24 * 90,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("0: it ends at once."),
    )
