"""The object that an address of the admin names; a page that is not there where it names none."""

from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest


def one_object(pages: "ModelAdmin[Any]", request: HttpRequest, object_id: str) -> Any:
    """The object of ``pages`` with this id, as their own form finds it; raises Http404 for any other word."""
    found = pages.get_object(request, unquote(object_id))
    if found is None:
        raise Http404
    return found
