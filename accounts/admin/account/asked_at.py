"""Which address an account is asked at, shown in its form as it is typed: base URLs are easily wrong."""

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.actions import asked_address
from accounts.models import Account

ASKED_AT = "accounts_account_asked_at"
NOTHING = "–"


def shown_address(account: Account) -> SafeString:
    """The address as it is stored, where the form's script keeps it up to date."""
    told = asked_address(account.kind, account.base_url, account.project, account.location)
    return format_html(
        '<output id="asked-at" data-from="{}">{}</output>', reverse(f"admin:{ASKED_AT}"), told or NOTHING
    )


def asked_at_view(request: HttpRequest) -> JsonResponse:
    """The address for the form's entries, which stand in the query."""
    told = request.GET
    address = asked_address(
        told.get("kind", ""), told.get("base_url", ""), told.get("project", ""), told.get("location", "")
    )
    return JsonResponse({"address": address or NOTHING})
