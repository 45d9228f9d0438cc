"""Fields that several of the admin's forms have: lists of names and groups, account kinds to tick."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from accounts.models import Account

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# mypy: disable-error-code="import-untyped"
# (unfold ships no types)


class NamesField(forms.Field):
    """A list of names, one per line or separated by commas."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        """The stored list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        """The lines as a list."""
        return [name.strip() for name in str(value or "").replace(",", "\n").split("\n") if name.strip()]


class KindsField(forms.MultipleChoiceField):
    """Account kinds to tick; what none ticked means is said in ``help_text``."""

    def __init__(self, label: "StrOrPromise" = "", help_text: "StrOrPromise" = "") -> None:
        super().__init__(
            label=capfirst(label or _("account kinds")),
            required=False,
            choices=Account.Kind.choices,
            widget=UnfoldAdminCheckboxSelectMultipleWidget,
            help_text=help_text or _("Only accounts of these kinds may serve it. None ticked: any."),
        )


class GroupsField(NamesField):
    """Names of groups of accounts; what they mean is said in ``help_text``."""

    def __init__(self, help_text: "StrOrPromise") -> None:
        super().__init__(
            label=capfirst(_("groups")),
            required=False,
            widget=UnfoldAdminTextareaWidget({"rows": 2}),
            help_text=help_text,
        )
