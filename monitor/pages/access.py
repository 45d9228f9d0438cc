"""Who may see what: staff with the right to view requests, with that to read bodies, with that to export."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest
from django.views.decorators.cache import never_cache

from monitor.models import EXPORT, VIEW_BODIES

View = TypeVar("View", bound=Callable[..., Any])


def for_operators(view: View) -> View:
    """The view for operators only: others are asked to log in, or get a 403; nothing of it is cached."""
    permitted = permission_required("monitor.view_requestlog", raise_exception=True)(view)
    return never_cache(staff_member_required(permitted))


def for_readers(view: View) -> View:
    """The view for operators who may also read what was asked and answered."""
    return for_operators(permission_required(f"monitor.{VIEW_BODIES}", raise_exception=True)(view))


def for_exporters(view: View) -> View:
    """The view for operators who may also take requests away in a file."""
    return for_operators(permission_required(f"monitor.{EXPORT}", raise_exception=True)(view))


def reads_bodies(request: HttpRequest) -> bool:
    """Whether who asks may read what clients asked and models answered."""
    return request.user.has_perm(f"monitor.{VIEW_BODIES}")


def may_export(request: HttpRequest) -> bool:
    """Whether who asks may take requests away in a file."""
    return request.user.has_perm(f"monitor.{EXPORT}")
