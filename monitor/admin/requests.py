"""The admin's list of requests and a request's form: both lead to the history, where requests are read.

The model stays registered, so that its permissions can be given and its links, kept from before, lead on.
"""

# mypy: disable-error-code="import-untyped, misc"
# (unfold ships no types)

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from unfold.admin import ModelAdmin

from monitor.history.listing.filters import parse
from monitor.models import RequestLog
from monitor.pricing.admin import ModelPriceAdmin as ModelPriceAdmin  # here Django looks for admins

_QUICK = {"errors": "failed", "in_flight": "running"}
"""What the old list's quick filters are called in the history, where that is another name."""
_STREAM = {"1": "yes", "0": "no"}


def history_query(parameters: Mapping[str, str]) -> str:
    """The history's query for the old list's parameters; what the history does not know is left out."""
    asked = dict(parameters)
    if shown := asked.pop("show", ""):
        asked[_QUICK.get(shown, shown)] = "1"
    if is_stream := asked.pop("is_stream__exact", ""):
        asked["stream"] = _STREAM.get(is_stream, "")
    return parse(asked).query()


@admin.register(RequestLog)
class RequestLogAdmin(ModelAdmin):
    """What happened is not added to, changed or deleted by hand: history goes by age and size."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """The history, with the same filters."""
        self._may_view(request)
        query = history_query(request.GET.dict())
        return redirect(reverse("monitor:history") + (f"?{query}" if query else ""))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        """The request's page."""
        self._may_view(request)
        return redirect("monitor:detail", request_id=object_id)

    def _may_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied
