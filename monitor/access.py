"""Who may see what clients asked and models answered: staff with the right to view requests."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache

View = Callable[..., HttpResponseBase]


def for_operators(view: View) -> View:
    """The view for operators only: others are asked to log in, or get a 403; nothing of it is cached."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    permitted = permission_required("monitor.view_requestlog", raise_exception=True)(guarded)
    return never_cache(staff_member_required(permitted))
