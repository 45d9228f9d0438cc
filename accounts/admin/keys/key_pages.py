"""The operator's pages for client keys."""

# mypy: disable-error-code="import-untyped, untyped-decorator, misc"
# (unfold ships no types)

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from accounts.admin.account.state import moment
from accounts.admin.figures import key_figures
from accounts.admin.groups import GroupFilter, warn_of_empty_groups
from accounts.admin.keys.key_forms import ClientKeyForm, RotationForm, mark_of
from accounts.admin.one_object import one_object
from accounts.admin.times import moment_column
from accounts.connect.views import connect_page, created_page
from accounts.keys.conversation_limits import CONVERSATION_FIELDS, RUNAWAY
from accounts.keys.models import ReplacedMeanwhile
from accounts.loaded.live_accounts import live
from accounts.models import ClientKey
from monitor.words.reader_zone import InReadersZone


@admin.register(ClientKey)
class ClientKeyAdmin(InReadersZone, ModelAdmin):
    """Client keys; a key's value is seen once, right after it was made."""

    form = ClientKeyForm
    list_before_template = change_form_outer_before_template = "setup/steps.html"
    list_display = ("name", "owner", "shown_as", "enabled", "record_bodies", "only_groups", "expires", "used")
    list_filter = ("enabled", "record_bodies", GroupFilter)
    search_fields = ("name", "owner")
    show_full_result_count = False
    readonly_fields = ("consumption", "shown_as", "previous", "used", "created")
    expires = moment_column(ClientKey, "expires_at")
    previous = moment_column(ClientKey, "previous_until")
    created = moment_column(ClientKey, "created_at")
    actions_detail = ("connect", "rotate")
    actions_row = ("connect",)
    fieldsets = (
        (None, {"fields": ("name", "enabled", "record_bodies", "owner", "note")}),
        (
            _("What it may do"),
            {
                "fields": (
                    "expires_at", "allowed_models", "refused_models", "kinds", "groups", "networks",
                    "highest_effort",
                )
            },
        ),
        (_("How much"), {"fields": ("requests_per_minute", "tokens_per_minute", "max_in_flight")}),
        (
            _("Budgets"),
            {
                "fields": (
                    "usd_per_day", "usd_per_week", "usd_per_month", "usd_in_total",
                    "tokens_per_day", "tokens_per_week", "tokens_per_month", "tokens_in_total",
                )
            },
        ),
        (
            _("One conversation"),
            {
                "description": RUNAWAY,
                "fields": CONVERSATION_FIELDS,
            },
        ),
        (_("State"), {"fields": readonly_fields}),
    )  # fmt: skip

    @display(description=_("last used"), ordering="last_used_at")
    def used(self, key: ClientKey) -> SafeString | str:
        """When it was last let in, as far as this process and the database know."""
        written = key.last_used_at.timestamp() if key.last_used_at else 0.0
        at = max(live.key_last_used(key.pk), written)
        return moment(at) if at else "–"

    @action(description=_("Connect a client"), icon="cable", url_path="connect", permissions=["view"])
    def connect(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What to copy into each client, and a test."""
        return connect_page(request, one_object(self, request, object_id))

    @action(description=_("Replace the value"), icon="autorenew", url_path="rotate", permissions=["change"])
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new value, shown once; the old one stays valid for as long as the form says."""
        key = one_object(self, request, object_id)
        form = RotationForm(
            request.POST if request.method == "POST" else None, initial={"replaces": mark_of(key)}
        )
        if form.is_valid():
            if form.cleaned_data["replaces"] != mark_of(key):
                return self._replaced_already(request, key)
            try:
                value = key.rotate(timedelta(hours=form.cleaned_data["overlap_hours"]))
            except ReplacedMeanwhile:
                return self._replaced_already(request, key)
            self.log_change(request, key, gettext("Value replaced."))
            return created_page(request, key, value)
        until = key.previous_until
        context = {
            **self.admin_site.each_context(request),
            "title": _("Replace the value of %s") % key.name,
            "form": form,
            "opts": self.opts,
            "earlier_until": moment(until.timestamp()) if until and until > timezone.now() else None,
        }
        return TemplateResponse(request, "admin/accounts/clientkey/rotate.html", context)

    def _replaced_already(self, request: HttpRequest, key: ClientKey) -> HttpResponse:
        """The same form came twice: nothing is done, for that would end the value that clients use."""
        said = gettext(
            "The value was replaced already, and the new one shown once: this time nothing was changed."
        )
        messages.warning(request, said)
        return redirect("admin:accounts_clientkey_change", key.pk)

    @display(description=_("groups"))
    def only_groups(self, key: ClientKey) -> str:
        """Blank for any."""
        return ", ".join(key.groups)

    @display(description=_("consumption"))
    def consumption(self, key: ClientKey) -> SafeString:
        """Of each limit, and in the last thirty days, as the ledger has it."""
        return key_figures(key)

    def get_fieldsets(self, request: HttpRequest, obj: ClientKey | None = None) -> Any:
        """A new key has nothing to look back on, and needs no more than a name: its limits are folded."""
        if obj:
            return self.fieldsets
        entered: Any = self.fieldsets[:-1]
        named, *limits = entered
        return (named, *((name, {**options, "classes": ("collapse",)}) for name, options in limits))

    def save_model(self, request: HttpRequest, obj: ClientKey, form: Any, change: bool) -> None:
        """A new key gets its value, which the answer to this very request shows."""
        if not change:
            request.new_client_key = obj.give_value()  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)
        warn_of_empty_groups(request, obj.groups)

    def response_add(
        self, request: HttpRequest, obj: ClientKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Shows the value on a page that is not kept: no redirect, so it is in no session and no cookie."""
        return created_page(request, obj, request.new_client_key)  # type: ignore[attr-defined]
