"""The statistics page: where the tokens go, what healing and rotation cost, and the same as CSV."""

import csv
import io
from collections.abc import Iterator
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from monitor.history.cache_miss_sums import MissSum, misses_since
from monitor.history.listing.filters import HASHES, parse
from monitor.pages.access import for_operators
from monitor.pricing.cost import price_source
from monitor.pricing.prices import price_list
from monitor.record.records import Outcome
from monitor.statistics.by_conversation import Group, by_agent, by_conversation, within_conversation
from monitor.statistics.due import count_first_hour
from monitor.statistics.series import outcomes_by_bucket, plotted, times_by_bucket
from monitor.statistics.shares import COUNTS, SUMS
from monitor.statistics.totals import (
    DIMENSIONS,
    HOURLY_UP_TO_DAYS,
    SPANS,
    Sums,
    by_bucket,
    by_dimension,
    cache_collapse,
    rows_since,
    total,
    without_cost,
)
from monitor.templatetags.monitor_text import account
from monitor.words.labels import CACHE_MISS_LABELS, OUTCOME_LABELS

GROUPED = {"conversation": by_conversation, "agent": by_agent}
WITHIN = ("agent", "model", "account")
"""By what one conversation is told."""
DAY_SECONDS = 24 * 3600
SHOWN_VALUES = 50
"""How many models, accounts or keys the page lists; the rest stands in one line, and in the CSV."""


@require_GET
@for_operators
def statistics_page(request: HttpRequest) -> HttpResponseBase:
    """Per hour or day and by model, account, key or outcome; ``?days=`` and ``?by=`` choose."""
    days = SPANS.get(request.GET.get("days", ""), 7)
    by = request.GET.get("by", "")
    asked = parse(request.GET).values
    if one := {name: asked[name] for name in HASHES if name in asked}:
        return _of_conversation(request, one, by if by in WITHIN else "agent")
    by = by if by in (*DIMENSIONS, *GROUPED) else "model"
    now = timezone.now()
    count_first_hour(now.timestamp())
    if request.GET.get("format") == "csv":
        return _csv_file(days)
    buckets = by_bucket(days, now)
    values = GROUPED[by](days, now) if by in GROUPED else _as_groups(by, by_dimension(by, days, now))
    collapse = cache_collapse(now)
    prices = price_list()
    models = by_dimension("model", days, now)
    unpriced = [model for model in without_cost(models) if not price_source(model, prices, now.timestamp())]
    context = {
        **admin.site.each_context(request),
        "title": _("Statistics"),
        "days": days,
        "by": by,
        "spans": [(str(number), _span_label(number)) for number in SPANS.values()],
        "dimensions": list(_dimension_labels().items()),
        "dimension": _dimension_labels()[by],
        "is_hourly": days <= HOURLY_UP_TO_DAYS,
        "total": total(sums for _moment, sums in buckets),
        "plotted": plotted(days, buckets, outcomes_by_bucket(days, now)) | {"words": plot_words()},
        "labels": {
            "outcomes": _("Requests by outcome"),
            "times": _("Times"),
            "tokens": _("Tokens"),
            "money": _("Cost and cache hits"),
        },
        "first": buckets[0][0],
        "buckets": [pair for pair in reversed(buckets) if pair[1].requests],
        "values": values[:SHOWN_VALUES],
        "others": total(group.sums for group in values[SHOWN_VALUES:]),
        "unpriced": unpriced,
        "may_set_prices": request.user.has_perm("monitor.add_modelprice"),
        "misses": _misses(misses_since(now.timestamp() - days * DAY_SECONDS)),
        "collapse": {"before": collapse[0], "after": collapse[1]} if collapse else None,
    }
    return TemplateResponse(request, "monitor/statistics.html", context)


def _of_conversation(request: HttpRequest, one: dict[str, str], by: str) -> HttpResponseBase:
    """What one conversation, or one agent of it, adds up to."""
    groups = within_conversation(one.get("conversation", ""), one.get("agent", ""), by)
    shown = groups if by == "agent" else _as_groups(by, [(group.label, group.sums) for group in groups])
    context = {
        **admin.site.each_context(request),
        "title": _("Statistics"),
        "by": by,
        "narrowed": urlencode(one),
        "conversation": groups[0].conversation if groups else "",
        "dimensions": [(name, label) for name, label in _dimension_labels().items() if name in WITHIN],
        "dimension": _dimension_labels()[by],
        "total": total(group.sums for group in groups),
        "values": shown[:SHOWN_VALUES],
        "others": total(group.sums for group in shown[SHOWN_VALUES:]),
    }
    return TemplateResponse(request, "monitor/statistics.html", context)


def _as_groups(by: str, values: list[tuple[str, Sums]]) -> list[Group]:
    return [Group(_value_label(by, value), sums) for value, sums in values]


@require_GET
@for_operators
def times_of_buckets(request: HttpRequest) -> HttpResponseBase:
    """The waits of each bucket, which take longer to read: the page asks for them when it stands."""
    days = SPANS.get(request.GET.get("days", ""), 7)
    now = timezone.now()
    starts = [moment for moment, _sums in by_bucket(days, now)]
    return JsonResponse(times_by_bucket(starts, now))


def plot_words() -> dict[str, str]:
    """What the plots say, in the reader's language."""
    return {
        "when": _("Time"),
        "tokens_in": _("input"),
        "tokens_cached": _("input from the cache"),
        "tokens_out": _("output"),
        "cost": _("Cost (US$)"),
        "cached_percent": _("Cache hit share (%)"),
        "first_data_p50": _("First data, p50"),
        "first_data_p95": _("First data, p95"),
        "duration_p50": _("Duration, p50"),
        "duration_p95": _("Duration, p95"),
        "seconds": _("seconds"),
    }


def _dimension_labels() -> dict[str, str]:
    return {
        "model": _("Model"),
        "account": _("Account"),
        "client_key": _("Client key"),
        "outcome": _("Outcome"),
        "conversation": _("Conversation"),
        "agent": _("Agent"),
    }


def _span_label(days: int) -> str:
    return _("24 hours") if days == 1 else _("%d days") % days


def _value_label(by: str, value: str) -> str:
    if by == "outcome":
        return str(OUTCOME_LABELS[Outcome(value)])
    return account(value) if by == "account" else value or "–"


def _misses(found: list[MissSum]) -> list[tuple[str, MissSum]]:
    """Why caches were not read, in words."""
    return [(str(CACHE_MISS_LABELS.get(one.cause, one.cause)), one) for one in found]


def _csv_file(days: int) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_csv_lines(days), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="statistics-{days}-days.csv"'
    return response


def _csv_lines(days: int) -> Iterator[str]:
    """The hourly table as it is, hours in UTC; no text can be taken for a formula by a spreadsheet."""
    yield ",".join(("hour", "dimension", "value", *COUNTS, *SUMS)) + "\r\n"
    for row in rows_since(days, timezone.now()):
        line = io.StringIO()
        text = account(row.value) if row.dimension == "account" else row.value
        safe = [row.dimension, f"'{text}" if text[:1] in "=+-@\t\r" and text else text]
        numbers = [str(getattr(row, name)) for name in (*COUNTS, *SUMS)]
        csv.writer(line).writerow([row.hour.strftime("%Y-%m-%dT%H:00:00Z"), *safe, *numbers])
        yield line.getvalue()
