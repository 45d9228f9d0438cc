"""Every page that the server has, found by its routes: what looks at all of them looks at a new one too."""

from collections.abc import Iterator
from typing import Any

from django.urls import get_resolver

from tests.served.world import World

OBJECTS = {
    "auth/user": "user",
    "auth/group": "team",
    "accounts/account": "account",
    "accounts/accountgroup": "group",
    "accounts/modelmapping": "mapping",
    "accounts/modeloverride": "fact",
    "accounts/clientkey": "key",
    "monitor/modelprice": "price",
}
"""What the admin keeps; ``known_ids`` has one of each."""

_OF_A_KIND = ("", "add/", "<path:object_id>/change/", "<path:object_id>/history/", "<path:object_id>/delete/")
PAGES = {
    "admin/": ("/admin/",),
    "admin/login/": ("/admin/login/",),
    "admin/password_change/": ("/admin/password_change/",),
    "admin/password_change/done/": ("/admin/password_change/done/",),
    "admin/^(?P<app_label>auth|accounts|monitor)/$": ("/admin/accounts/",),
    "admin/auth/user/<id>/password/": ("/admin/auth/user/{user}/password/",),
    "admin/accounts/clientkey/<path:object_id>/connect/": ("/admin/accounts/clientkey/{key}/connect/",),
    "admin/accounts/clientkey/<path:object_id>/rotate/": ("/admin/accounts/clientkey/{key}/rotate/",),
    "admin/accounts/modeloverride/believed/": ("/admin/accounts/modeloverride/believed/?model=gpt-4.1",),
    "admin/monitor/modelprice/what/": ("/admin/monitor/modelprice/what/?model=claude-sonnet-4-6",),
    "usage/": ("/usage/",),
    "monitor/faultlab/": ("/monitor/faultlab/",),
    "monitor/live/": ("/monitor/live/",),
    "monitor/conversations/": ("/monitor/conversations/",),
    "monitor/conversations/<str:conversation>/": ("/monitor/conversations/{conversation}/",),
    "monitor/statistics/": ("/monitor/statistics/?days=1",),
    "monitor/retention/": ("/monitor/retention/",),
    "monitor/history/": (
        "/monitor/history/",
        "/monitor/history/?failed=1&outcome=exploded",
        "/monitor/history/?q=nothing-of-the-kind",
    ),
    "monitor/history/export/": ("/monitor/history/export/?format=jsonl",),
    "monitor/history/<str:request_id>/": ("/monitor/history/{request}/", "/monitor/history/{other}/"),
    "monitor/history/<str:request_id>/replay/": ("/monitor/history/{request}/replay/",),
    "monitor/history/<str:first>/beside/<str:second>/": ("/monitor/history/{request}/beside/{other}/",),
    **{
        f"admin/{kind}/{page}": (f"/admin/{kind}/{page.replace('<path:object_id>', f'{{{name}}}')}",)
        for kind, name in OBJECTS.items()
        for page in _OF_A_KIND
    },
}
"""Each route with the addresses of its pages."""

NO_PAGES = {
    "leads to another page": ("", "favicon.ico", "admin/r/<path:content_type_id>/<path:object_id>/"),
    "leads from Django's name to ours": tuple(f"admin/{kind}/<path:object_id>/" for kind in OBJECTS),
    "leads to the account, or to the mapping's form": (
        "monitor/history/<str:request_id>/account/",
        "monitor/history/<str:request_id>/account/<int:attempt>/",
        "monitor/history/<str:request_id>/mapping/",
    ),
    "leads to the comparison of two requests": ("monitor/conversations/<str:conversation>/beside/",),
    "a piece of a page": (
        "admin/search/",
        "admin/keys/",
        "admin/accounts/account/asked-at/",
        "admin/accounts/modelmapping/preview/",
        "monitor/faultlab/state/",
        "monitor/statistics/times/",
        "monitor/history/<str:request_id>/body/<str:kind>/<int:attempt>/",
    ),
    "for programs": (
        "admin/autocomplete/",
        "admin/jsi18n/",
        "api/openapi.json",
        "monitor/history/export/file/",
    ),
    "an act": (
        "i18n/setlang/",
        "admin/logout/",
        "admin/accounts/account/<path:object_id>/test/",
        "admin/accounts/account/<path:object_id>/clear-cooldown/",
        "monitor/faultlab/start/",
        "monitor/faultlab/cancel/",
        "monitor/retention/remove/",
        "monitor/history/views/",
        "monitor/history/views/<int:view_id>/forget/",
        "monitor/history/<str:request_id>/clear-cooldown/",
        "monitor/history/<str:request_id>/continue/",
        "monitor/history/<str:request_id>/replay/send/",
    ),
    "the history has its own pages": tuple(
        f"admin/monitor/requestlog/{page}" for page in (*_OF_A_KIND, "<path:object_id>/")
    ),
    "a page of somebody else's, which the browser fetches from nowhere": ("api/docs",),
    "seen where a new installation is set up": ("setup/<str:token>/",),
    "what is no page": ("admin/(?P<url>.*)$",),
}
"""Routes without a page of their own, by the reason."""


def routes(resolver: Any = None, before: str = "") -> Iterator[str]:
    """Every route."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern, route)
        else:
            yield route


_MAKE = """
from django.contrib.auth.models import Group
from accounts.facts.models import ModelOverride
from accounts.models import AccountGroup, ModelMapping
from monitor.pricing.prices import ModelPrice
Group.objects.get_or_create(name="everybody")
AccountGroup.objects.get_or_create(name="every-page")
ModelMapping.objects.get_or_create(pattern="every-page", defaults={"target": "claude-sonnet-4-6"})
ModelOverride.objects.get_or_create(pattern="every-page", defaults={"note": "https://docs.example/"})
ModelPrice.objects.get_or_create(pattern="every-page", defaults={"input_price": 1, "output_price": 2})
"""
_TABLES = {
    "user": "auth_user",
    "team": "auth_group",
    "account": "accounts_account",
    "group": "accounts_accountgroup",
    "mapping": "accounts_modelmapping",
    "fact": "accounts_modeloverride",
    "key": "accounts_clientkey",
    "price": "monitor_modelprice",
}


def known_ids(world: World) -> dict[str, str]:
    """The ids for the places in ``PAGES``; what the world lacks is made."""
    world.server.manage("shell", "-v0", "-c", _MAKE)
    ids = {
        name: str(world.server.rows(f"SELECT id FROM {table} ORDER BY id")[0]["id"])
        for name, table in _TABLES.items()
    }
    # Whether there is a replay depends on the tests before.
    answered = "conversation <> '' AND NOT is_simulated"
    spoken = f"SELECT id, conversation FROM monitor_requestlog WHERE {answered} ORDER BY id"
    first, *_, last = world.eventually(spoken, ())
    spoken_in = str(first["conversation"])
    return {**ids, "request": str(first["id"]), "other": str(last["id"]), "conversation": spoken_in}
