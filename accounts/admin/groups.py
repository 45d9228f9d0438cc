"""The operator's page for groups of accounts, and what other pages say of them."""

# mypy: disable-error-code="import-untyped, untyped-decorator, misc"
# (unfold ships no types)

from collections.abc import Iterable
from typing import Any, Final

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.models import Account, AccountGroup, ClientKey, ModelMapping
from monitor.words.account_label import account_label

SEEN_WITH: Final = {
    "members": "accounts.view_account",
    "bound_keys": "accounts.view_clientkey",
    "bound_mappings": "accounts.view_modelmapping",
}
"""Columns that tell of other pages, and the right to see those."""


class GroupFilter(admin.SimpleListFilter):
    """Those that carry a group, or are bound to it."""

    title = _("group")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every group that is named by one of the rows."""
        named = {group for groups in _groups_of(model_admin.model) for group in groups}
        return [(group, group) for group in sorted(named)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that name it. (No SQL of ours: the databases disagree about lists in JSON.)"""
        chosen = self.value()
        if chosen is None:
            return queryset
        rows = queryset.model._default_manager.values_list("pk", "groups")
        return queryset.filter(pk__in=[pk for pk, groups in rows if chosen in groups])


def warn_of_empty_groups(request: HttpRequest, groups: Iterable[str]) -> None:
    """Whoever is bound to a group without accounts is told so at once."""
    named = {group for some in _groups_of(Account) for group in some}
    for group in sorted(set(groups) - named):
        said = gettext(
            "No account is in the group %s: until one is, what is bound to it is answered with 503."
        )
        messages.warning(request, said % group)


@admin.register(AccountGroup)
class AccountGroupAdmin(ModelAdmin):
    """Groups, each with the order in which its accounts are asked."""

    list_display = ("name", "strategy", "members", "bound_keys", "bound_mappings", "note")
    list_filter = ("strategy",)
    search_fields = ("name", "note")
    show_full_result_count = False
    readonly_fields = tuple(SEEN_WITH)
    fields = ("name", "strategy", "note", *SEEN_WITH)

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Without what this person may not see elsewhere."""
        return _seen(request, super().get_list_display(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """As in the list."""
        return _seen(request, super().get_fields(request, obj))

    @display(description=_("accounts"))
    def members(self, group: AccountGroup) -> str:
        """Their e-mails, in the order of the accounts' list."""
        rows = Account.objects.values_list("email", "groups")
        return _named_in(group, ((account_label(email), groups) for email, groups in rows))

    @display(description=_("client keys"))
    def bound_keys(self, group: AccountGroup) -> str:
        """The keys that only its accounts may serve."""
        return _named_in(group, ClientKey.objects.values_list("name", "groups"))

    @display(description=_("model mappings"))
    def bound_mappings(self, group: AccountGroup) -> str:
        """The mappings that only its accounts may serve."""
        return _named_in(group, ModelMapping.objects.values_list("pattern", "groups"))


def _named_in(group: AccountGroup, rows: Iterable[tuple[str, list[str]]]) -> str:
    return ", ".join(name for name, groups in rows if group.name in groups) or "–"


def _seen(request: HttpRequest, columns: Iterable[Any]) -> list[Any]:
    return [name for name in columns if name not in SEEN_WITH or request.user.has_perm(SEEN_WITH[name])]


def _groups_of(model: Any) -> Iterable[list[str]]:
    groups: Iterable[list[str]] = model._default_manager.values_list("groups", flat=True)
    return groups
