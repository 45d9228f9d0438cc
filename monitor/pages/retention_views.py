"""The page for what is kept of the history: what would go, what would stay, and removal on a click."""

import time
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from monitor.history.listing.keyset import moment_of_id
from monitor.models import RequestLog
from monitor.pages.access import for_operators
from monitor.retention import pruner
from monitor.retention.pruner import Limits

GIGABYTE = 1_000_000_000
REMOVE_SECONDS = 10.0
"""How long one click removes; it says how far it came, and what is left goes with the next."""
LONGEST_DAYS = 36_500.0
LARGEST_GIGABYTES = 1_000_000.0


@require_GET
@for_operators
def retention_page(request: HttpRequest) -> HttpResponseBase:
    """What the limits (``?days=`` and ``?gigabytes=``, else the server's own) leave no room for."""
    own = _own()
    limits = _asked(request.GET, own)
    pruning = pruner.planned(limits, time.time(), by_partitions=limits == own)
    oldest = RequestLog.objects.order_by("id").values_list("id", flat=True).first()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Retention"),
        "own": own,
        "own_gigabytes": own.size_bytes / GIGABYTE,
        "limits": limits,
        "gigabytes": limits.size_bytes / GIGABYTE,
        "is_own": limits == own,
        "pruning": pruning,
        "goes": bool(pruning.requests or pruning.bodies),
        "oldest": moment_of_id(oldest) if oldest else None,
        "may_remove": request.user.has_perm("monitor.delete_requestlog"),
    }
    return TemplateResponse(request, "monitor/retention.html", context)


@require_POST
@for_operators
@permission_required("monitor.delete_requestlog", raise_exception=True)
def remove(request: HttpRequest) -> HttpResponseBase:
    """Remove what was shown, for a while; back to the page, which shows what is left."""
    own = _own()
    limits = _asked(request.POST, own)
    ends_at = time.monotonic() + REMOVE_SECONDS
    removed, is_done = 0, True
    for rows in pruner.prune(pruner.planned(limits, time.time(), by_partitions=limits == own)):
        removed += rows
        if time.monotonic() > ends_at:
            is_done = False
            break
    told = ngettext("%d row removed.", "%d rows removed.", removed) % removed
    if is_done:
        messages.success(request, told)
    else:
        messages.warning(request, f"{told} {_('There is more: remove the rest below.')}")
    if limits == own:
        return redirect("monitor:retention")
    query = urlencode({"days": f"{limits.days:g}", "gigabytes": f"{limits.size_bytes / GIGABYTE:g}"})
    return redirect(f"{reverse('monitor:retention')}?{query}")


def _own() -> Limits:
    environment = settings.ENVIRONMENT
    return Limits(environment.monitor_retention_days, environment.monitor_retention_bytes)


def _asked(given: QueryDict, own: Limits) -> Limits:
    """The limits in a form; what is no number, or none that makes sense, is the server's own."""
    days = _number(given.get("days", ""), LONGEST_DAYS)
    gigabytes = _number(given.get("gigabytes", ""), LARGEST_GIGABYTES)
    return Limits(
        own.days if days is None else days,
        own.size_bytes if gigabytes is None else round(gigabytes * GIGABYTE),
    )


def _number(text: str, largest: float) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number <= largest else None
