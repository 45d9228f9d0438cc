"""The operator's pages for accounts."""

# mypy: disable-error-code="import-untyped, untyped-decorator, misc"
# (unfold ships no types)

from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.dataclasses import ActionDialog
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from accounts.admin.account.asked_at import ASKED_AT, asked_at_view, shown_address
from accounts.admin.account.quotas import gauges, tightest
from accounts.admin.account.state_columns import StateColumns
from accounts.admin.account.testing import ASKED_OTHERWISE, forget, test_and_tell
from accounts.admin.figures import AccountFigures, account_figures
from accounts.admin.forms import AccountForm
from accounts.admin.groups import GroupFilter
from accounts.admin.one_object import one_object
from accounts.admin.times import moment_column
from accounts.models import Account
from monitor.words.account_label import account_label


def _today(account: Account) -> AccountFigures:
    """As the list has counted it."""
    return getattr(account, "today", AccountFigures())


@admin.register(Account)
class AccountAdmin(StateColumns, ModelAdmin):
    """Accounts, each with its state at a glance."""

    form = AccountForm
    list_before_template = change_form_outer_before_template = "setup/steps.html"
    list_display = (
        "name", "state", "why", "quota", "in_flight", "success", "tokens", "last_error",
    )  # fmt: skip
    ordering = ("-priority", "email", "kind")
    list_filter = ("kind", "enabled", GroupFilter)
    search_fields = ("email", "base_url", "project")
    list_per_page = 50
    show_full_result_count = False
    _state_fields = (
        "shown_state",
        "why",
        "to_do",
        "quotas",
        "last_test",
        "in_flight",
        "used",
        "added",
        "changed",
    )
    added = moment_column(Account, "created_at")
    changed = moment_column(Account, "updated_at")
    readonly_fields = ("asked_at", *_state_fields)
    actions = ("enable", "disable", "clear_cooldowns")
    actions_detail = ("test_account", "clear_cooldown")
    actions_row = ("test_account", "clear_cooldown")
    fieldsets = (
        (None, {"fields": ("email", "kind", "credential", "enabled", "test_now")}),
        (_("Routing"), {"fields": ("offered_models", "groups", "priority", "weight", "max_in_flight")}),
        (_("Address"), {"fields": ("base_url", "asked_at", "accepts_plain_http", "project", "location")}),
        (_("State"), {"fields": _state_fields}),
    )

    class Media:
        """The form shows what its kind wants, what becomes of the base URL, and keeps a pasted credential."""

        js = ("accounts/asked_at.js", "accounts/account_form.js", "accounts/kept_credential.js")

    def get_urls(self) -> list[Any]:
        """With the address that a form's entries lead to."""
        view = self.admin_site.admin_view(asked_at_view)
        return [path("asked-at/", view, name=ASKED_AT), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        """With the kept marks, in one query for all rows."""
        queryset: QuerySet[Account] = super().get_queryset(request)
        return queryset.prefetch_related("marks")

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        """What was refused the old way is no reason to wait with the new one."""
        super().save_model(request, obj, form, change)
        changed = ASKED_OTHERWISE & set(form.changed_data)
        if change and changed & {"credential", "base_url", "kind", "enabled"}:
            obj.clear_marks()
        if change and changed - {"enabled"}:
            forget(obj)
        is_worth_it = not change or changed or obj.test_result != Account.Result.WORKS
        if form.cleaned_data["test_now"] and obj.enabled and is_worth_it:
            request.account_to_test = obj  # type: ignore[attr-defined]

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        """The saved account is tested when its row is committed: a test takes up to half a minute."""
        response: HttpResponse = super().changeform_view(request, *args, **options)
        if (account := getattr(request, "account_to_test", None)) is not None:
            test_and_tell(request, account)
        if "HX-Request" in request.headers and response.status_code == HTTPStatus.FOUND:
            return HttpResponse(headers={"HX-Redirect": response["Location"]})  # the script goes there itself
        return response

    def get_fieldsets(self, request: HttpRequest, obj: Account | None = None) -> Any:
        """The state first, for who looks into an account wants to know it; a new one has none yet.

        Who may only look has no form that masks the e-mail: it is shown as everywhere else.
        """
        entered: tuple[Any, ...] = self.fieldsets[:-1]
        state = self.fieldsets[-1:]
        if obj is None:
            return entered
        if not self.has_change_permission(request, obj):
            who = tuple("shown_email" if name == "email" else name for name in entered[0][1]["fields"])
            entered = ((None, {"fields": who}), *entered[1:])
        return (*state, *entered)

    @display(description=_("e-mail"))
    def shown_email(self, account: Account) -> str:
        """Masked where the operator wants that."""
        return account_label(account.email)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With today's figures, counted once for all rows."""
        listed = super().get_changelist_instance(request)
        figures = account_figures()
        for account in listed.result_list:
            vars(account)["today"] = figures.get((account.kind, account.email), AccountFigures())
        return listed

    @display(description=_("account"), ordering="email")
    def name(self, account: Account) -> SafeString:
        """Its e-mail; below its kind, its groups, and its priority where it has one."""
        told = [account.get_kind_display(), *account.groups]
        if account.priority:
            told.append(_("priority %d") % account.priority)
        return format_html("{}<small>{}</small>", account_label(account.email), " · ".join(told))

    @display(description=_("success today"))
    def success(self, account: Account) -> SafeString:
        """The share of its attempts that answered; the client's own mistakes are no failures."""
        today = _today(account)
        if today.success_percent is None:
            return SafeString("–")
        told = _("%(failed)d of %(attempts)d failed")
        counts = told % {"failed": today.failed, "attempts": today.attempts}
        return format_html("{} %<small>{}</small>", f"{today.success_percent:.1f}", counts)

    @display(description=_("tokens, cost today"))
    def tokens(self, account: Account) -> SafeString:
        """In and out as upstream counted them, and what they cost where the prices are known."""
        today = _today(account)
        if not (today.tokens_in or today.tokens_out):
            return SafeString("–")
        into, out = _("%s in") % f"{today.tokens_in:,}", _("%s out") % f"{today.tokens_out:,}"
        cost = f"${today.cost:.4f}" if today.cost else _("no price known")
        return format_html("{}<small>{}<br>{}</small>", into, out, cost)

    @display(description=_("last error today"))
    def last_error(self, account: Account) -> SafeString | str:
        """When and what, with a link to the exchange."""
        return _today(account).last_error or "–"

    @display(description=_("quotas"))
    def quota(self, account: Account) -> SafeString:
        """The window that upstream told to be fullest."""
        return tightest(account)

    @display(description=_("quotas"))
    def quotas(self, account: Account) -> SafeString:
        """Every window that upstream told of."""
        return gauges(account)

    @display(description=_("address that is asked"))
    def asked_at(self, account: Account) -> SafeString:
        """Where its requests go."""
        return shown_address(account)

    @admin.action(description=_("Enable"))
    def enable(self, request: HttpRequest, queryset: QuerySet[Account]) -> None:
        """Puts the chosen accounts into service."""
        for account in queryset:
            account.enable()
        self._told(request, ngettext("%d account enabled.", "%d accounts enabled.", len(queryset)), queryset)

    @admin.action(description=_("Disable"))
    def disable(self, request: HttpRequest, queryset: QuerySet[Account]) -> None:
        """Takes the chosen accounts out of service; running requests go on."""
        for account in queryset:
            account.disable()
        self._told(
            request, ngettext("%d account disabled.", "%d accounts disabled.", len(queryset)), queryset
        )

    @admin.action(description=_("Clear cooldowns"))
    def clear_cooldowns(self, request: HttpRequest, queryset: QuerySet[Account]) -> None:
        """Ends the cooldowns of the chosen accounts."""
        for account in queryset:
            account.clear_marks()
        text = ngettext(
            "The cooldowns of %d account are over.", "The cooldowns of %d accounts are over.", len(queryset)
        )
        self._told(request, text, queryset)

    @action(
        description=_("Clear cooldown"),
        icon="restart_alt",
        url_path="clear-cooldown",
        permissions=["change"],
        dialog=ActionDialog(
            title=_("Clear the cooldown?"),
            description=_(
                "The account is asked again at once. If upstream still refuses, it cools down again."
            ),
            form_class=None,
            form_submit_text=_("Clear"),
        ),
    )
    def clear_cooldown(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Ends the cooldowns of one account."""
        account = one_object(self, request, object_id)
        account.clear_marks()
        self.message_user(request, _("%s has no cooldown any more.") % account, messages.SUCCESS)
        return self._back(request, object_id)

    @action(
        description=_("Test"),
        icon="play_arrow",
        url_path="test",
        permissions=["change"],
        dialog=ActionDialog(
            title=_("Send one tiny real request?"),
            description=_("An inexpensive model of its list is asked for one word. That costs a few tokens."),
            form_class=None,
            form_submit_text=_("Send"),
        ),
    )
    def test_account(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        """Asks the account one tiny real question and shows how it went."""
        test_and_tell(request, one_object(self, request, object_id))
        return self._back(request, object_id)

    def _told(self, request: HttpRequest, text: str, queryset: QuerySet[Account]) -> None:
        self.message_user(request, text % len(queryset), messages.SUCCESS)

    def _back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Back to where the dialog was opened; htmx follows no redirect by itself."""
        here = reverse("admin:accounts_account_change", args=(object_id,))
        if "HX-Request" not in request.headers:
            return redirect(here)
        return HttpResponse(headers={"HX-Refresh": "true"})
