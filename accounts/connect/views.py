"""The connect page of a client key: every client's set-up with this server's own address, and a test."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.connect.snippets import CLIENTS, FALLBACK_MODELS, model_for
from accounts.facts.known_models import vendor_of
from accounts.loaded.live_accounts import live
from accounts.models import ClientKey


def connect_page(request: HttpRequest, key: ClientKey) -> TemplateResponse:
    """What to copy where, for the address under which this page is seen."""
    address = settings.ENVIRONMENT.proxy_client_url or request.build_absolute_uri("/").rstrip("/")
    offered = live.pool.model_names() if live.is_started else []

    def is_served(model: str) -> bool:
        return live.is_started and live.pool.targets(model) is not None

    models = {dialect: model_for(dialect, offered, is_served, vendor_of) for dialect in FALLBACK_MODELS}
    context = {
        **admin.site.each_context(request),
        "title": _("Connect a client with the key “%s”") % key.name,
        "key": key,
        "address": address,
        "offered": offered,
        "first_model": models["anthropic"],
        "is_ready": any(map(is_served, models.values())),
        "clients": [(client, client.filled(address, models[client.dialect])) for client in CLIENTS],
        "opts": ClientKey._meta,
        "words": {
            "copied": _("Copied"),
            "sending": _("Sending …"),
            "no_key": _("Paste the key first: it is stored as a digest only, so this page does not know it."),
            "worked": _("It works: {model} answered through {account} in {seconds} s ({attempts} attempts)."),
            "failed": _("It failed with {status} after {seconds} s: {message}"),
            "unreachable": _("The server could not be reached: {message}"),
            "request_id": _("Request id"),
        },
    }
    return TemplateResponse(request, "admin/accounts/clientkey/connect.html", context)
