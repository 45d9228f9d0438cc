"""The connect page of a client key: every client's set-up with this server's own address, and a test."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.connect.snippets import CLIENTS, FALLBACK_MODELS, ClientSetup, model_for
from accounts.facts.known_models import vendor_of
from accounts.loaded.live_accounts import live
from accounts.models import ClientKey
from monitor.words.account_label import are_emails_masked


def connect_page(request: HttpRequest, key: ClientKey) -> TemplateResponse:
    """What to copy where, for the address under which this page is seen."""
    context = {
        **connect_context(request, key),
        "title": _("Connect a client with the key “%s”") % key.name,
    }
    return TemplateResponse(request, "admin/accounts/clientkey/connect.html", context)


def created_page(request: HttpRequest, key: ClientKey, value: str) -> TemplateResponse:
    """The key's value, seen on this page alone, and what to copy with it; kept by no cache."""
    context = {
        **connect_context(request, key, value),
        "title": _("Client key for %s") % key.name,
        "value": value,
        "connect_url": reverse("admin:accounts_clientkey_connect", args=(key.pk,)),
    }
    response = TemplateResponse(request, "admin/accounts/clientkey/created.html", context)
    response["Cache-Control"] = "no-store"
    return response


def connect_context(request: HttpRequest, key: ClientKey, value: str = "") -> dict[str, Any]:
    """What both pages say: the address, the clients' texts (with the key's ``value`` where it is known)."""
    address = settings.ENVIRONMENT.proxy_client_url or request.build_absolute_uri("/").rstrip("/")
    offered = live.pool.roster.model_names() if live.is_started else []

    def is_served(model: str) -> bool:
        return live.is_started and live.pool.roster.targets(model) is not None

    models = {dialect: model_for(dialect, offered, is_served, vendor_of) for dialect in FALLBACK_MODELS}

    def text(client: ClientSetup) -> str:
        model = models[client.dialect]
        return client.filled_with_key(address, model, value) if value else client.filled(address, model)

    return {
        **admin.site.each_context(request),
        "key": key,
        "address": address,
        "offered": offered,
        "first_model": models["anthropic"],
        "is_ready": any(map(is_served, models.values())),
        "clients": [(client, text(client)) for client in CLIENTS],
        "opts": ClientKey._meta,
        "words": {
            "copied": _("Copied"),
            "sending": _("Sending …"),
            "no_key": _("Paste the key first: it is stored as a digest only, so this page does not know it."),
            "worked": _("It works: {model} answered in {seconds} s; attempts: {attempts}.")
            if are_emails_masked()
            else _("It works: {model} answered through {account} in {seconds} s; attempts: {attempts}."),
            "failed": _("It failed with {status} after {seconds} s: {message}"),
            "unreachable": _("The server could not be reached: {message}"),
            "request_id": _("Request id"),
        },
    }
