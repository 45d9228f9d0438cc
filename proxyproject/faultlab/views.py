"""The fault lab's page: start a run, see how it gets on, and what each client received."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import admin, messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from proxyproject.faultlab.background import AlreadyRunning, background_lab
from proxyproject.faultlab.contract import ALL
from proxyproject.faultlab.page import NAMES
from proxyproject.faultlab.report import Report, Seen
from proxyproject.faultlab.selection import Selection, faults_by_stage
from proxyproject.faultlab.table import COLUMNS, rows
from proxyproject.pages.navigation import FAULT_LAB_PERMISSION

CASES_SHOWN = 200

View = TypeVar("View", bound=Callable[..., Any])


def for_superusers(view: View) -> View:
    """The view for superusers only: others are asked to log in, or get a 403; nothing of it is cached."""
    permitted = permission_required(FAULT_LAB_PERMISSION, raise_exception=True)(view)
    return never_cache(staff_member_required(permitted))


@require_safe
@for_superusers
def lab_page(request: HttpRequest) -> HttpResponseBase:
    """The last run as a table; with ``?fault=`` or ``?differences=1`` its cases, and what was received."""
    lab = background_lab
    report = lab.report()
    fault, only_differences = request.GET.get("fault", ""), "differences" in request.GET
    chosen = _chosen(report, fault, only_differences) if report else []
    context = {
        **admin.site.each_context(request),
        "title": _("Fault lab"),
        "progress": lab.progress(),
        "report": report,
        "rows": rows(report) if report and not (fault or only_differences) else [],
        "cases": chosen[:CASES_SHOWN],
        "more_cases": max(0, len(chosen) - CASES_SHOWN),
        "fault": fault,
        "only_differences": only_differences,
        "dialects": [(dialect, NAMES[dialect]) for dialect in ALL],
        "columns": range(len(COLUMNS)),
        "stages": faults_by_stage(),
    }
    return TemplateResponse(request, "faultlab/page.html", context)


@require_POST
@for_superusers
def start(request: HttpRequest) -> HttpResponse:
    """Start a run of what the form says; a second one at the same time is refused in words."""
    faults = tuple(filter(None, request.POST.getlist("fault")))
    selection = Selection(_dialects(request, "client"), _dialects(request, "upstream"), faults)
    if not selection.cases():
        messages.error(request, _("No promise of the contract is about this selection."))
        return redirect("faultlab")
    try:
        background_lab.start(selection, request.user.get_username())
    except AlreadyRunning:
        messages.error(request, _("A run is under way already; there is one at a time."))
    return redirect("faultlab")


@require_POST
@for_superusers
def cancel(request: HttpRequest) -> HttpResponse:
    """End the run that is under way."""
    background_lab.cancel()
    return redirect("faultlab")


@require_safe
@for_superusers
def state(request: HttpRequest) -> JsonResponse:
    """How far the latest run has come."""
    progress = background_lab.progress()
    if progress is None:
        return JsonResponse({"state": "none"})
    return JsonResponse({"state": progress.state, "done": progress.done, "total": progress.total})


def _dialects(request: HttpRequest, field: str) -> tuple[str, ...]:
    """Those that are ticked; all of them, or none, is no choice."""
    ticked = tuple(dialect for dialect in ALL if dialect in request.POST.getlist(field))
    return () if ticked == ALL else ticked


def _chosen(report: Report, fault: str, only_differences: bool) -> list[Seen]:
    return [
        case
        for case in report.cases
        if (not fault or case.spec == fault) and not (only_differences and case.is_kept)
    ]
