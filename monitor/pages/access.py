"""Who may see what clients asked and models answered: staff with the right to view requests."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.views.decorators.cache import never_cache

View = TypeVar("View", bound=Callable[..., Any])


def for_operators(view: View) -> View:
    """The view for operators only: others are asked to log in, or get a 403; nothing of it is cached."""
    permitted = permission_required("monitor.view_requestlog", raise_exception=True)(view)
    return never_cache(staff_member_required(permitted))
