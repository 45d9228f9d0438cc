"""Export: a page that shows what will leave, and the file itself, streamed."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from monitor.export.anonymizing import Redaction, redacted
from monitor.export.formats import FORMATS, Format
from monitor.export.reading import SELECTED_LIMIT, exchanges, first_exchanges
from monitor.export.whole_exchange import Exchange
from monitor.history.listing.filters import HistoryFilter, parse
from monitor.history.listing.text_or_id import looked_up
from monitor.pages.access import for_exporters, reads_bodies
from monitor.words.account_label import are_emails_masked
from monitor.words.plain_text import shown

logger = logging.getLogger(__name__)

PREVIEWED = 3
PREVIEW_CHARACTERS = 6_000
FORMAT_LABELS = {
    "jsonl": _("JSON Lines: everything"),
    "csv": _("CSV: one line per request, without bodies"),
    "har": _("HAR: for a browser's network panel"),
    "curl": _("curl: the request as a command"),
}
REMOVED_LABELS = {
    "secrets": _("keys and tokens"),
    "emails": _("e-mail addresses"),
    "images": _("images"),
    "texts": _("texts"),
}


@require_http_methods(["GET", "POST"])
@for_exporters
def export_page(request: HttpRequest) -> HttpResponseBase:
    """What the file will hold, and what is taken out of it."""
    asked, chosen, name, rules = _wanted(_parameters(request), reads_bodies(request))
    given = parse(_parameters(request))
    format_ = FORMATS[name]
    removed: Counter[str] = Counter()
    read = first_exchanges(asked, chosen, PREVIEWED)
    if not format_.needs_bodies:
        read = [Exchange(one.row) for one in read]
    found = [redacted(format_.reads(one), rules, removed) for one in read]
    base_url = _base_url(request)
    preview = (
        format_.head + format_.between.join(format_.write(one, base_url) for one in found) + format_.tail
    )
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": gettext("Export"),
        "formats": [(key, FORMAT_LABELS[key], key == name) for key in FORMATS],
        "rules": rules,
        "reads_bodies": reads_bodies(request),
        "may_keep_emails": not are_emails_masked(),
        "asked": asked,
        "chosen": chosen,
        "preview": shown(preview[:PREVIEW_CHARACTERS]),
        "is_cut": len(preview) > PREVIEW_CHARACTERS,
        "previewed": len(found),
        "removed": [(REMOVED_LABELS[kind], count) for kind, count in sorted(removed.items())],
        "is_left_unsearched": asked.values != given.values,
        "left_out": len(_parameters(request).getlist("id")) > len(chosen),
        "file_name": _file_name(format_),
    }
    return TemplateResponse(request, "monitor/export.html", context)


@require_http_methods(["GET", "POST"])
@for_exporters
def export_file(request: HttpRequest) -> HttpResponseBase:
    """The file, as it is read."""
    asked, chosen, name, rules = _wanted(_parameters(request), reads_bodies(request))
    format_ = FORMATS[name]
    base_url = _base_url(request)
    response = StreamingHttpResponse(
        _pieces(format_, asked, chosen, rules, base_url), content_type=format_.content_type
    )
    response["Content-Disposition"] = f'attachment; filename="{_file_name(format_)}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


async def _pieces(
    format_: Format, asked: HistoryFilter, chosen: list[str], rules: Redaction, base_url: str
) -> AsyncIterator[bytes]:
    """The file's bytes. An error cannot escape: under daphne the browser would wait for ever."""
    is_first = True
    yield format_.head.encode()
    try:
        async for chunk in exchanges(asked, chosen, with_bodies=format_.needs_bodies):
            if chunk:  # masked and written in a thread: the event loop has others to serve
                written = await asyncio.to_thread(_written, format_, chunk, rules, base_url)
                yield (written if is_first else format_.between + written).encode("utf-8", "replace")
                is_first = False
    except Exception:
        logger.exception("An export broke off")
        yield b"\n# The export broke off here; the server's log says why.\n"
        return
    yield format_.tail.encode()


def _written(format_: Format, chunk: list[Exchange], rules: Redaction, base_url: str) -> str:
    removed: Counter[str] = Counter()  # nobody asks: the page in front of the file counts
    return format_.between.join(
        format_.write(redacted(format_.reads(one), rules, removed), base_url) for one in chunk
    )


def _parameters(request: HttpRequest) -> QueryDict:
    """What is asked for: in the address, or, as chosen requests may be many, in the body."""
    return request.POST if request.method == "POST" else request.GET


def _wanted(query: QueryDict, reads: bool) -> tuple[HistoryFilter, list[str], str, Redaction]:
    """Filter, chosen ids, format and rules; redaction is on unless it is switched off.

    Addresses stay in none where the operator wants them masked everywhere.
    Who may not read what was asked and answered (``reads``) takes none of it away, images neither.
    """
    chosen = [value for value in query.getlist("id") if len(value) <= 32][:SELECTED_LIMIT]
    name = query.get("format", "jsonl")
    rules = Redaction(
        emails=are_emails_masked() or query.get("emails") != "keep",
        images=not reads or query.get("images") != "keep",
        prompts=not reads or query.get("prompts") == "remove",
    )
    asked = looked_up(parse(query))
    asked = asked if reads else asked.without_texts()
    return asked, chosen, name if name in FORMATS else "jsonl", rules


def _base_url(request: HttpRequest) -> str:
    """Where clients find the server."""
    return settings.ENVIRONMENT.proxy_client_url or request.build_absolute_uri("/").rstrip("/")


def _file_name(format_: Format) -> str:
    return f"evenkeel-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{format_.suffix}"
