"""The operator's pages for client keys."""

# mypy: disable-error-code="import-untyped, untyped-decorator, misc"
# (unfold ships no types)

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action

from accounts.connect.views import connect_page
from accounts.models import ClientKey


@admin.register(ClientKey)
class ClientKeyAdmin(ModelAdmin):
    """Client keys; a key's value is seen once, right after it was made."""

    list_display = ("name", "shown_as", "enabled", "record_bodies", "last_used_at", "created_at")
    list_filter = ("enabled", "record_bodies")
    search_fields = ("name",)
    show_full_result_count = False
    readonly_fields = ("shown_as", "last_used_at", "created_at")
    actions_detail = ("connect",)
    actions_row = ("connect",)

    @action(description=_("Connect a client"), icon="cable", url_path="connect", permissions=["view"])
    def connect(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What to copy into each client, and a test."""
        return connect_page(request, get_object_or_404(ClientKey, pk=object_id))

    def get_fields(self, request: HttpRequest, obj: ClientKey | None = None) -> list[str]:
        """A new key has nothing to look back on."""
        own = ["name", "enabled", "record_bodies"]
        return [*own, *self.readonly_fields] if obj else own

    def save_model(self, request: HttpRequest, obj: ClientKey, form: Any, change: bool) -> None:
        """A new key gets its value, which the answer to this very request shows."""
        if not change:
            request.new_client_key = obj.give_value()  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: ClientKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Shows the value on a page that is not kept: no redirect, so it is in no session and no cookie."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Client key for %s") % obj.name,
            "key": request.new_client_key,  # type: ignore[attr-defined]
            "connect_url": reverse("admin:accounts_clientkey_connect", args=(obj.pk,)),
            "opts": self.opts,
        }
        response = TemplateResponse(request, "admin/accounts/clientkey/created.html", context)
        response["Cache-Control"] = "no-store"
        return response
