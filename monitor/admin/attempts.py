"""The attempts of one request, as a table inside its admin page, to read only."""

# mypy: disable-error-code="import-untyped, untyped-decorator, misc"
# (unfold ships no types)

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from monitor.models import AttemptLog
from monitor.words.cells import account_label, duration_text
from monitor.words.plain_text import shown


class ReadOnly:
    """What happened is not added to, changed or deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: history goes by age and size."""
        return False


class AttemptInline(ReadOnly, TabularInline):
    """The attempts of one request, in order."""

    model = AttemptLog
    extra = 0
    hide_title = True
    fields = (
        "number",
        "shown_account",
        "upstream_model",
        "status",
        "phase",
        "failure",
        "decision",
        "times",
        "upstream_request_id",
    )
    readonly_fields = fields

    @display(description=_("account"))
    def shown_account(self, attempt: AttemptLog) -> str:
        """Its label and kind."""
        return f"{account_label(attempt.account)} ({attempt.account_kind})"

    @display(description=_("failure"))
    def failure(self, attempt: AttemptLog) -> str:
        """Kind and text."""
        return shown(": ".join(filter(None, (attempt.failure_kind, attempt.failure_text)))) or "–"

    @display(description=_("decision"))
    def decision(self, attempt: AttemptLog) -> str:
        """What was done about the failure."""
        parts = [
            attempt.strategy,
            attempt.delay_ms is not None and gettext("wait %s") % duration_text(attempt.delay_ms),
            attempt.rotate is True and gettext("another account, if one is free"),
            attempt.rotate is False and gettext("same account"),
            attempt.heal and gettext("heal: %s") % attempt.heal,
        ]
        return ", ".join(str(part) for part in parts if part) or "–"

    @display(description=_("connected / headers / first data / end"))
    def times(self, attempt: AttemptLog) -> str:
        """Since the attempt's start, which is given as well."""
        moments = (attempt.connect_ms, attempt.headers_ms, attempt.first_data_ms, attempt.end_ms)
        times = " / ".join(map(duration_text, moments))
        return f"+{duration_text(attempt.started_offset_ms)}: {times}"
