"""The history page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from monitor.diagnosis.diagnosis import Severity, diagnose
from monitor.history.listing import keyset
from monitor.history.listing.about_count import about_count
from monitor.history.listing.columns import COLUMNS, COOKIE, heads, hidden_columns
from monitor.history.listing.filters import CHOICES, EXACT, FLAGS, HASHES, QUICK, HistoryFilter, parse
from monitor.history.listing.misunderstood import misunderstood
from monitor.history.listing.saved_views import views_of
from monitor.history.listing.sorting import is_order, ordered_page
from monitor.history.listing.text_or_id import looked_up
from monitor.history.queries import distinct_values
from monitor.history.shown_records import with_shown_accounts
from monitor.history.usual_paths import is_usual_path
from monitor.pages.access import for_operators, may_export, reads_bodies
from monitor.record.records import AttemptRecord, EndedBy, Outcome, Phase, RequestRecord
from monitor.words.account_label import are_emails_masked
from monitor.words.labels import (
    CACHE_MISS_LABELS,
    DIALECT_LABELS,
    ENDED_BY_LABELS,
    ENDED_IN_LABELS,
    OUTCOME_LABELS,
    ROLE_LABELS,
)
from monitor.words.plain_text import shown

FIXED_COLUMNS = 4
"""The box to select a row, time, outcome and request stand before the columns that can be chosen."""
QUICK_LABELS = {
    "all": _("All"),
    "errors": _("Errors"),
    "rescued": _("Rescued"),
    "zero": _("Zero token"),
    "interrupted": _("Interrupted"),
    "slow": _("Slow first data"),
}
FLAG_LABELS = {
    "failed": _("failed"),
    "rescued": _("rescued: healed, retried or continued"),
    "healed": _("healed"),
    "continued": _("continued"),
    "retried": _("more than one attempt"),
    "zero": _("0 tokens out"),
    "slow": _("first data after 10 s or later"),
    "running": _("in flight"),
}
FILTER_LABELS = {
    "q": _("text"),
    "body": _("text in bodies"),
    "outcome": _("outcome"),
    "status": _("status"),
    "status_class": _("status class"),
    "dialect": _("dialect"),
    "client_model": _("client's model"),
    "mapped_model": _("mapped model"),
    "account": _("account"),
    "client_key": _("client key"),
    "conversation": _("conversation"),
    "agent": _("agent"),
    "role": _("role"),
    "cache_miss": _("why the cache was not read"),
    "stream": _("answer"),
    "ended_by": _("ended by"),
    "ended_in": _("ended in"),
    "within": _("time"),
    "since": _("from"),
    "until": _("before"),
    **FLAG_LABELS,
}
VALUE_LABELS: dict[str, dict[str, Any]] = {
    "outcome": {str(outcome): OUTCOME_LABELS[outcome] for outcome in Outcome},
    "status_class": {"2": "2xx", "4": "4xx", "5": "5xx"},
    "dialect": dict(DIALECT_LABELS),
    "role": ROLE_LABELS,
    "cache_miss": CACHE_MISS_LABELS,
    "stream": {"yes": _("stream"), "no": _("in one piece")},
    "ended_by": {str(side): ENDED_BY_LABELS[side] for side in EndedBy},
    "ended_in": {str(phase): ENDED_IN_LABELS[phase] for phase in Phase},
    "within": {"1": _("past hour"), "24": _("past 24 hours"), "168": _("past 7 days")},
}


@require_GET
@for_operators
def history_page(request: HttpRequest) -> HttpResponseBase:
    """Exchanges, newest first or by a column.

    With the header ``X-Part: rows`` just the rows and where they go on, with ``count`` about how many there
    are: the page asks for both when it stands.
    """
    given = looked_up(parse(request.GET))
    asked = given if reads_bodies(request) else given.without_texts()
    part = request.headers.get("X-Part")
    if part == "count":
        return TemplateResponse(request, "monitor/history_count.html", {"about": about_count(asked)})
    sort = request.GET.get("sort", "")
    sort = sort if is_order(sort) and not asked.body_text else ""
    before, after = _cursor(request, "before"), _cursor(request, "after")
    ordered = ordered_page(asked, sort) if sort else None
    page = keyset.Page(ordered.rows) if ordered else keyset.page_of(asked, before=before, after=after)
    attempts = keyset.attempts_of(page.rows)
    context: dict[str, Any] = {
        "reads_bodies": reads_bodies(request),
        "rows": [_row(row, attempts[row.id]) for row in page.rows],
        "page": page,
        "asked": asked,
        "older_link": "?" + asked.query(before=page.older) if page.older else "",
        "newer_link": "?" + asked.query(after=page.newer) if page.newer else "",
        "unreachable": page.unreachable,
        "searched_to": keyset.moment_of_id(page.searched_to) if page.searched_to else None,
        "ordered": ordered,
        "ordered_back_to": keyset.moment_of_id(ordered.back_to) if ordered and ordered.back_to else None,
        "sort": sort,
        "sees_accounts": request.user.has_perm("accounts.view_account"),
        "sees_keys": request.user.has_perm("accounts.view_clientkey"),
        "column_count": FIXED_COLUMNS + len(COLUMNS),
    }
    if part == "rows":
        return TemplateResponse(request, "monitor/history_part.html", context)
    hidden = hidden_columns(request.COOKIES.get(COOKIE))
    context |= {
        **admin.site.each_context(request),
        "title": gettext("History"),
        "quick": [
            {
                "label": QUICK_LABELS[name],
                "link": "?" + HistoryFilter(values).query(),
                "on": asked.is_quick(name) and not sort,
            }
            for name, values in QUICK.items()
        ],
        "saved": _saved(request, asked.query(sort=sort)),
        "chips": _chips(asked, sort),
        "is_left_unsearched": asked.values != given.values,
        "misunderstood": misunderstood(request.GET.dict(), parse(request.GET)),
        "hashes": {name: asked.values[name] for name in HASHES if name in asked.values},
        "fields": _fields(asked),
        "flags": [{"name": name, "label": FLAG_LABELS[name], "on": name in asked.values} for name in FLAGS],
        "heads": heads(sort, hidden),
        "unsorted": asked.query(),
        "hidden_columns": " ".join(hidden),
        "can_be_sorted": not asked.body_text,
        "may_export": may_export(request),
        "query": asked.query(sort=sort),
        "is_first_page": not before and not after and not sort and not asked.body_text,
    }
    return TemplateResponse(request, "monitor/history.html", context)


def _saved(request: HttpRequest, query: str) -> list[dict[str, Any]]:
    """The person's own views, and which of them is being looked at."""
    views = views_of(request.user)
    return [{"view": view, "link": "?" + view.query, "on": view.query == query} for view in views]


def _cursor(request: HttpRequest, name: str) -> str:
    """A cursor in the URL; what is none counts as not given."""
    cursor = request.GET.get(name, "")
    return cursor if keyset.is_cursor(cursor) else ""


def _row(row: RequestRecord, attempts: list[AttemptRecord]) -> dict[str, Any]:
    diagnosis = diagnose(*with_shown_accounts(row, attempts))
    told = diagnosis if diagnosis.severity is not Severity.GOOD or len(attempts) > 1 else None
    return {"record": row, "diagnosis": told, "is_usual_path": is_usual_path(row.path)}


def _chips(asked: HistoryFilter, sort: str) -> list[dict[str, Any]]:
    """The filters that are on, each with the link to the view without it."""
    return [
        {
            "label": FILTER_LABELS[name],
            "value": "" if name in FLAGS else VALUE_LABELS.get(name, {}).get(value, value),
            "link": "?" + asked.query(**{name: ""}, sort=sort),
        }
        for name, value in asked.values.items()
    ]


def _fields(asked: HistoryFilter) -> list[dict[str, Any]]:
    """The filter form's fields: those with fixed choices, then those with the values that are there."""
    fixed = [
        {
            "name": name,
            "label": FILTER_LABELS[name],
            "value": asked.values.get(name, ""),
            "choices": [(value, VALUE_LABELS[name][value]) for value in values],
        }
        for name, values in CHOICES.items()
    ]
    open_ended = [
        {
            "name": name,
            "label": FILTER_LABELS[name],
            "value": asked.values.get(name, ""),
            "listed": _listed(name),
        }
        for name in EXACT
    ]
    return fixed + open_ended


def _listed(column: str) -> list[str]:
    """The values that are offered: no masked account unmasked, none that would not be typed as it looks."""
    if column == "account" and are_emails_masked():
        return []
    return [value for value in distinct_values(column) if value and shown(value) == value]
