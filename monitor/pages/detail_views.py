"""The page of one exchange, and its bodies as files."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from monitor.conversations.conversation_turns import neighbours
from monitor.diagnosis.acts import acts_for
from monitor.diagnosis.cache_advice import about_the_cache
from monitor.diagnosis.diagnosis import diagnose
from monitor.diagnosis.headline import begun, parted, reason_of_upstream
from monitor.diagnosis.timeline import next_accounts, timeline
from monitor.history.one_exchange.comparison import compared
from monitor.history.one_exchange.detail import detail_of, facts, whole_body
from monitor.history.shown_records import account_mask, with_shown_accounts
from monitor.object_store.reading import BodyUnreachable
from monitor.pages.access import for_operators, for_readers, may_export, reads_bodies
from monitor.pages.act_links import act_links, settings_named
from monitor.record.records import BodyKind
from monitor.words.labels import BODY_LABELS

BODY_TITLES = {kind.value: BODY_LABELS[kind] for kind in BodyKind}


@require_GET
@for_operators
def detail_page(request: HttpRequest, request_id: str) -> HttpResponseBase:
    """What happened to one exchange, from the diagnosis down to the bytes."""
    detail = detail_of(request_id, with_bodies=reads_bodies(request))
    if detail is None:
        raise Http404(gettext("This request is not in the history (any more)."))
    row, attempts = with_shown_accounts(detail.row, detail.attempts)
    diagnosis = diagnose(row, attempts, retry_after_seconds=detail.retry_after_seconds)
    headline, further = parted(diagnosis)
    reason = account_mask(detail.attempts)(reason_of_upstream(diagnosis, attempts))
    before, after = neighbours(row.conversation, row.id)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": gettext("Request"),
        "before": before,
        "after": after,
        "detail": detail,
        "record": row,
        "facts": facts(row),
        "diagnosis": diagnosis,
        "headline": headline,
        "further": further,
        "reason": reason,
        "reason_begun": begun(reason, headline),
        "acts": act_links(request, row, acts_for(row, attempts)),
        "settings": settings_named(diagnosis.next_step),
        "cache_miss": about_the_cache(row),
        "bars": timeline(row, attempts, next_accounts(detail.attempts)),
        "bodies": [
            {"shown": shown, "title": BODY_TITLES.get(shown.body.kind, shown.body.kind)}
            for shown in detail.bodies
        ],
        "reads_bodies": reads_bodies(request),
        "sees_accounts": request.user.has_perm("accounts.view_account"),
        "sees_keys": request.user.has_perm("accounts.view_clientkey"),
        "may_export": may_export(request),
        "may_replay": request.user.has_perm("monitor.add_requestlog"),
    }
    return TemplateResponse(request, "monitor/detail.html", context)


@require_GET
@for_readers
def body_file(request: HttpRequest, request_id: str, kind: str, attempt: int) -> HttpResponseBase:
    """A body as it is kept, as a file: a browser never runs it."""
    try:
        data = whole_body(request_id, kind, attempt)
    except BodyUnreachable:
        text = gettext("The store of bodies does not give this body now.")
        return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8")
    if data is None:
        raise Http404
    response = HttpResponse(data, content_type="text/plain; charset=utf-8")
    name = f"{request_id}-{kind}{f'-{attempt}' if attempt else ''}.txt"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_GET
@for_operators
def compare_page(request: HttpRequest, first: str, second: str) -> HttpResponseBase:
    """Two exchanges side by side: an original and its replay, or any two."""
    found = [detail_of(one, with_bodies=reads_bodies(request)) for one in (first, second)]
    sides: list[dict[str, Any]] = []
    for detail in found:
        if detail is None:
            raise Http404(gettext("This request is not in the history (any more)."))
        row, attempts = with_shown_accounts(detail.row, detail.attempts)
        diagnosis = diagnose(row, attempts, retry_after_seconds=detail.retry_after_seconds)
        sides.append({"detail": detail, "record": row, "attempts": attempts, "diagnosis": diagnosis})
    is_replay = sides[1]["record"].replay_of == sides[0]["record"].id
    context = {
        **admin.site.each_context(request),
        "title": gettext("Side by side"),
        "sides": sides,
        "reads_bodies": reads_bodies(request),
        "first_name": gettext("The original") if is_replay else gettext("The first"),
        "second_name": gettext("The replay") if is_replay else gettext("The second"),
        "lines": compared(sides[0]["record"], sides[1]["record"]),
    }
    return TemplateResponse(request, "monitor/compare.html", context)
