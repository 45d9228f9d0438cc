"""The operator's plain pages of what happened: a list and one page per request, to read only.

A list of a million rows is never counted and only ever walked in the order of its ids; whatever came from
a client or a model is shown as text.
"""

# mypy: disable-error-code="import-untyped, untyped-decorator, misc"
# (unfold ships no types)

import json
from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from monitor.admin import list_filters
from monitor.admin.attempts import AttemptInline, ReadOnly
from monitor.models import Body, RequestLog
from monitor.pricing.admin import ModelPriceAdmin as ModelPriceAdmin  # here Django looks for admins
from monitor.words.cells import account_label, body_details, box, duration_text, unbroken
from monitor.words.plain_text import shown

SEARCHED_ROWS = 50_000
"""How far back a search for text looks: it reads these rows one by one, in a tenth of a second."""
OUTCOME_TONES = {
    "ok": "success",
    "retried": "success",
    "healed": "success",
    "continued": "success",
    "thinking_only": "warning",
    "refused": "warning",
    "client_closed": "warning",
    "interrupted": "danger",
    "zero_tokens": "danger",
    "error": "danger",
    "unauthorized": "danger",
    "in_flight": "info",
}


@admin.register(RequestLog)
class RequestLogAdmin(ReadOnly, ModelAdmin):
    """The list of requests, newest first, and one request with its attempts and bodies."""

    list_display = (
        "time",
        "result",
        "status",
        "shown_path",
        "models",
        "shown_account",
        "attempts",
        "first_data",
        "duration",
        "tokens",
        "shown_cost",
        "shown_key",
    )
    list_display_links = ("time",)
    list_filter = (
        list_filters.QuickFilter,
        list_filters.TimeFilter,
        list_filters.OutcomeFilter,
        list_filters.StatusClassFilter,
        list_filters.EndedByFilter,
        list_filters.EndedInFilter,
        list_filters.DialectFilter,
        list_filters.AccountFilter,
        list_filters.ClientKeyFilter,
        list_filters.ClientModelFilter,
        list_filters.MappedModelFilter,
        "is_stream",
    )
    search_fields = ("path", "client_model", "mapped_model", "account", "error", "preview")
    search_help_text = _("A request id, or text in path, models, account, error or last user turn")
    sortable_by: ClassVar[tuple[str, ...]] = ()
    ordering = ("-id",)
    actions = None
    list_per_page = 50
    paginator = InfinitePaginator
    show_full_result_count = False
    inlines = (AttemptInline,)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "ended",
                    "id",
                    "time",
                    "status",
                    "shown_error",
                    "models",
                    "shown_account",
                    "shown_path",
                    "shown_key",
                    "changed",
                )
            },
        ),
        (
            _("Numbers"),
            {
                "fields": (
                    "attempts",
                    "first_data",
                    "duration",
                    "tokens",
                    "cached_tokens_lost",
                    "shown_cost",
                    "shown_stop_reason",
                    "sizes",
                )
            },
        ),
        (
            _("More"),
            {
                "fields": (
                    "shown_preview",
                    "is_stream",
                    "healed",
                    "continued",
                    "seams",
                    "replay_of",
                    "is_simulated",
                    "session_hash",
                    "process_id",
                    "shown_diagnostics",
                ),
                "classes": ("collapse",),
            },
        ),
        (_("Bodies"), {"fields": ("bodies",)}),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RequestLog], search_term: str
    ) -> tuple[QuerySet[RequestLog], bool]:
        """A request id or its beginning by the key; other text in the latest rows only."""
        term = search_term.strip().lower()
        if len(term) >= 8 and set(term) <= set("0123456789abcdef"):
            return queryset.filter(id__gte=term, id__lt=term + "g"), False
        if term:
            newest = RequestLog.objects.order_by("-id").values_list("id", flat=True)
            if oldest_searched := newest[SEARCHED_ROWS : SEARCHED_ROWS + 1].first():
                queryset = queryset.filter(id__gt=oldest_searched)
        results: tuple[QuerySet[RequestLog], bool] = super().get_search_results(
            request, queryset, search_term
        )
        return results

    @display(description=_("time"))
    def time(self, row: RequestLog) -> SafeString:
        """When it was admitted."""
        return unbroken(localtime(row.started_at).strftime("%Y-%m-%d %H:%M:%S"))

    @display(description=_("outcome"), label=OUTCOME_TONES)
    def result(self, row: RequestLog) -> tuple[str, str]:
        """In a word, with a colour."""
        if row.outcome is None:
            return "in_flight", gettext("in flight")
        return row.outcome, row.get_outcome_display()

    @display(description=_("path"))
    def shown_path(self, row: RequestLog) -> str:
        """With its query; a key in it is masked."""
        return shown(f"{row.method} {row.path}")

    @display(description=_("model"))
    def models(self, row: RequestLog) -> SafeString:
        """What the client named, and what was asked for where that is another."""
        if row.mapped_model in (None, row.client_model):
            return unbroken(row.client_model)
        return format_html("{} → {}", unbroken(row.client_model), unbroken(row.mapped_model or ""))

    @display(description=_("account"))
    def shown_account(self, row: RequestLog) -> str:
        """The account of the latest attempt."""
        return account_label(row.account)

    @display(description=_("client key"))
    def shown_key(self, row: RequestLog) -> str:
        """Its name."""
        return shown(row.client_key) or "–"

    @display(description=_("stop reason"))
    def shown_stop_reason(self, row: RequestLog) -> str:
        """As upstream wrote it."""
        return shown(row.stop_reason or "–")

    @display(description=_("diagnostics"))
    def shown_diagnostics(self, row: RequestLog) -> SafeString | str:
        """Further facts."""
        return box(json.dumps(row.diagnostics, ensure_ascii=False, indent=1)) if row.diagnostics else "–"

    @display(description=_("first data"))
    def first_data(self, row: RequestLog) -> str:
        """Since admission."""
        return duration_text(row.first_data_ms)

    @display(description=_("duration"))
    def duration(self, row: RequestLog) -> str:
        """To the end of the stream."""
        return duration_text(row.duration_ms)

    @display(description=_("tokens in / out / cached / thinking"))
    def tokens(self, row: RequestLog) -> SafeString:
        """As upstream has counted them."""
        counts = (row.tokens_in, row.tokens_out, row.tokens_cached, row.tokens_thinking)
        return unbroken(" / ".join("–" if count is None else f"{count:,}" for count in counts))

    @display(description=_("cost"))
    def shown_cost(self, row: RequestLog) -> str:
        """In US dollars."""
        return "–" if row.cost is None else f"${row.cost:.4f}"

    @display(description=_("outcome"))
    def ended(self, row: RequestLog) -> str:
        """In a word, and by whom and in which phase it ended."""
        phase = row.get_ended_in_display() or "–"
        if row.in_flight:
            return gettext("in flight (phase: %s)") % phase
        return gettext("%(outcome)s (ended by: %(who)s, phase: %(phase)s)") % {
            "outcome": row.get_outcome_display(),
            "who": row.get_ended_by_display() or "–",
            "phase": phase,
        }

    @display(description=_("error"))
    def shown_error(self, row: RequestLog) -> SafeString | str:
        """As the client was told it."""
        return box(row.error) if row.error else "–"

    @display(description=_("last user turn"))
    def shown_preview(self, row: RequestLog) -> SafeString | str:
        """Its beginning."""
        return box(row.preview) if row.preview else "–"

    @display(description=_("what was changed"))
    def changed(self, row: RequestLog) -> SafeString | str:
        """What the server changed on the way up."""
        return (
            format_html_join(SafeString("<br>"), "{}", ((shown(str(item)),) for item in row.changes)) or "–"
        )

    @display(description=_("size of request / response"))
    def sizes(self, row: RequestLog) -> str:
        """As received, as sent."""
        return f"{filesizeformat(row.request_bytes)} / {filesizeformat(row.response_bytes)}"

    @display(description=_("bodies"))
    def bodies(self, row: RequestLog) -> SafeString | str:
        """Each body as text, with its headers; a response in pieces with their times."""
        bodies = Body.objects.filter(request=row).order_by("attempt", "kind")
        return format_html_join("", "{}", ((body_details(body),) for body in bodies)) or gettext(
            "None were recorded."
        )
