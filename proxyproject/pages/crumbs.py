"""The way to an admin's page, in the words of the navigation."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.urls import reverse

from proxyproject.pages.navigation import SECTIONS, Entry


def crumbs(parts: Iterable[Any]) -> list[dict[str, Any]]:
    """The theme's ``parts`` (app, list, object) as the navigation calls them: section, entry, object.

    The section is no link, as it is none in the navigation. The last one stays as somebody named it.
    """
    said = list(parts)
    shown = [{"title": part["title"], "link": part.get("link"), "is_name": False} for part in said]
    if len(shown) > 2:
        shown[2]["is_name"] = True
    if len(shown) < 2:
        return shown
    at = str(shown[1]["link"])
    of_same_app = None
    for section, entries in SECTIONS:
        for entry in entries:
            if not isinstance(entry, Entry):
                continue
            meta = apps.get_model(entry.model)._meta
            if at == reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"):
                shown[0] = {"title": section, "link": None, "is_name": False}
                shown[1]["title"] = entry.title
                return shown
            if at.startswith(reverse("admin:app_list", args=[meta.app_label])):
                of_same_app = section
    if of_same_app is not None:
        shown[0] = {"title": of_same_app, "link": None, "is_name": False}
    return shown
