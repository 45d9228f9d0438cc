"""The description of the relay's paths: ``/api/openapi.json``, and ``/api/docs`` to read it in a browser.

Both are pages of Django's, not of the lean path. The reader's scripts are served from here: a machine
without the internet shows them all the same, and no other host learns that somebody looked.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin.views.decorators import staff_member_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from relay.front.api import api
from relay.front.health import may_look_inside

_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "OpenAI's and Anthropic's clients"},
    "x-api-key": {
        "type": "apiKey",
        "in": "header",
        "name": "x-api-key",
        "description": "Anthropic's clients",
    },
    "x-goog-api-key": {
        "type": "apiKey",
        "in": "header",
        "name": "x-goog-api-key",
        "description": "Google's clients",
    },
}
View = Callable[[HttpRequest], HttpResponseBase]

_OPEN_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


def schema() -> dict[str, Any]:
    """The OpenAPI description."""
    described: dict[str, Any] = api.get_openapi_schema(path_prefix="")
    described["components"] = {**described.get("components", {}), "securitySchemes": _SECURITY}
    described["security"] = [{name: []} for name in _SECURITY]
    for path in _OPEN_PATHS:
        for operation in described["paths"][path].values():
            operation["security"] = []
    return described


def _for_insiders(view: View) -> View:
    """The view for this machine, for who shows the token, and for signed-in staff."""
    for_staff = staff_member_required(view)

    @wraps(view)
    def gated(request: HttpRequest) -> HttpResponseBase:
        return view(request) if may_look_inside(request) else for_staff(request)

    return gated


@require_safe
@_for_insiders
def openapi_json(request: HttpRequest) -> JsonResponse:
    """The description as JSON."""
    return JsonResponse(schema())


@require_safe
@_for_insiders
def docs(request: HttpRequest) -> HttpResponse:
    """The description as a page."""
    reader = {
        "layout": "BaseLayout",
        "deepLinking": True,
        "url": reverse("openapi-json"),
        "validatorUrl": None,  # its default asks a host of its makers
    }
    return render(request, "ninja/swagger.html", {"swagger_settings": json.dumps(reader), "api": api})
