"""The sections of the admin's navigation, as one table."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Entry:
    """One link: to the list of ``model`` (``app.Model``), under ``title``, with a Material Symbol."""

    title: str | Promise
    icon: str
    model: str

    def as_item(self, request: HttpRequest) -> dict[str, Any] | None:
        """What unfold takes, or None where this person may not see it."""
        for model, model_admin in admin.site._registry.items():
            if model._meta.label == self.model and model_admin.has_view_permission(request):
                link = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
                return {"title": self.title, "icon": self.icon, "link": link}
        return None


@dataclass(frozen=True)
class NavigationLink:
    """One link: to the page ``view`` for whoever has ``permission``, under ``title``, with a symbol."""

    title: str | Promise
    icon: str
    view: str
    permission: str

    def as_item(self, request: HttpRequest) -> dict[str, Any] | None:
        """What unfold takes, or None where this person may not see it."""
        if not request.user.has_perm(self.permission):
            return None
        return {"title": self.title, "icon": self.icon, "link": reverse(self.view)}


FAULT_LAB_PERMISSION = "proxyproject.run_fault_lab"
"""No such permission can be given, so it is the superusers' alone: a run takes a minute of the machine."""

_SEES_REQUESTS = "monitor.view_requestlog"

SECTIONS: tuple[tuple[str | Promise, tuple[Entry | NavigationLink, ...]], ...] = (
    (
        _("Proxy Monitor"),
        (
            NavigationLink(_("Live"), "sensors", "monitor:live", _SEES_REQUESTS),
            NavigationLink(_("History"), "history", "monitor:history", _SEES_REQUESTS),
            NavigationLink(_("Conversations"), "forum", "monitor:conversations", _SEES_REQUESTS),
            NavigationLink(_("Statistics"), "bar_chart", "monitor:statistics", _SEES_REQUESTS),
            NavigationLink(_("Fault lab"), "science", "faultlab", FAULT_LAB_PERMISSION),
        ),
    ),
    (
        _("Routing"),
        (
            Entry(_("Accounts"), "account_circle", "accounts.Account"),
            Entry(_("Account groups"), "workspaces", "accounts.AccountGroup"),
            Entry(_("Mappings"), "alt_route", "accounts.ModelMapping"),
            Entry(_("Model facts"), "fact_check", "accounts.ModelOverride"),
            Entry(_("Client keys"), "key", "accounts.ClientKey"),
            Entry(_("Prices"), "payments", "monitor.ModelPrice"),
        ),
    ),
    (
        _("Administration"),
        (
            NavigationLink(_("Retention"), "auto_delete", "monitor:retention", "monitor.delete_requestlog"),
            Entry(_("Users"), "group", "auth.User"),
        ),
    ),
)


def sections(request: HttpRequest) -> list[dict[str, Any]]:
    """unfold's navigation for the person behind ``request``; sections without an entry are left out."""
    listed = []
    for title, entries in SECTIONS:
        items = [item for entry in entries if (item := entry.as_item(request)) is not None]
        if items:
            listed.append({"title": title, "separator": True, "items": items})
    return listed
