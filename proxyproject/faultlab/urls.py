"""The paths of the fault lab's page. The lab is loaded by whoever opens it: it costs 3 MB."""

from collections.abc import Callable
from importlib import import_module

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path


def _view(name: str) -> Callable[[HttpRequest], HttpResponseBase]:
    def view(request: HttpRequest) -> HttpResponseBase:
        found: Callable[[HttpRequest], HttpResponseBase] = getattr(import_module(_VIEWS), name)
        return found(request)

    return view


_VIEWS = "proxyproject.faultlab.views"

urlpatterns = [
    path("", _view("lab_page"), name="faultlab"),
    path("start/", _view("start"), name="faultlab-start"),
    path("cancel/", _view("cancel"), name="faultlab-cancel"),
    path("state/", _view("state"), name="faultlab-state"),
]
