"""The live page itself: a frame with the words that its modules need; the rows come over the WebSocket."""

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from monitor.pages.access import for_operators
from monitor.record.failures.failure_kinds import WORDS
from monitor.templatetags.monitor_text import OUTCOME_SIGNS
from monitor.words.failure_words import kind_label
from monitor.words.labels import OUTCOME_LABELS

_ID_PLACE = "0" * 32


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
    "key_expired": "warning",
    "not_allowed": "warning",
    "rate_limited": "warning",
    "over_budget": "warning",
    "in_flight": "info",
}
"""The colour of each outcome, by the theme's name for it."""


@require_safe
@for_operators
def live_page(request: HttpRequest) -> HttpResponseBase:
    """What is in flight and in which phase, what just ended and how."""
    context = {
        **admin.site.each_context(request),
        "title": _("Live"),
        "figures": (
            ("rate", _("Requests")),
            ("in_flight", _("In flight")),
            ("errors", _("Errors")),
            ("p50", _("First data, p50")),
            ("p95", _("First data, p95")),
        ),
        "page": {
            "socket": "/ws/monitor/",
            "detail": reverse("monitor:detail", args=(_ID_PLACE,)).replace(_ID_PLACE, "{id}"),
            "login": f"{reverse('admin:login')}?next={request.path}",
            "tones": OUTCOME_TONES,
            "signs": OUTCOME_SIGNS,
            "outcomes": {outcome.value: str(label) for outcome, label in OUTCOME_LABELS.items()},
            "failures": {str(kind): kind_label(kind) for kind in WORDS},
            "words": _words(),
        },
    }
    return TemplateResponse(request, "monitor/live.html", context)


def _words() -> dict[str, str]:
    """What the page says, in the reader's language; ``{…}`` is filled in there."""
    return {
        "in_flight": _("in flight"),
        "admitted": _("choosing an account"),
        "waiting": _("waiting for first data"),
        "retrying": _("retrying on {account}"),
        "healing": _("healed, asking {account} again"),
        "failed_wait": _("attempt {number} failed ({failure}); next in {delay}"),
        "failed": _("attempt {number} failed ({failure})"),
        "streaming": _("streaming"),
        "streamed": _("streaming, {number} tokens so far"),
        "streamed_about": _("streaming, about {number} tokens so far"),
        "collecting": _("collecting the answer"),
        "collected": _("collecting the answer, {number} tokens so far"),
        "collected_about": _("collecting the answer, about {number} tokens so far"),
        "attempts": _("{number} attempts"),
        "tokens": _("{in} in · {out} out"),
        "connected": _("live"),
        "connecting": _("connecting …"),
        "reconnecting": _("connection lost; next try in {seconds} s"),
        "signed_out": _("signed out"),
        "paused": _("paused"),
        "pause": _("Pause"),
        "resume": _("Resume"),
        "fold": _("failures that are alike: show each, or one for all"),
        "waiting_rows": _("{number} new: show them"),
        "sampled": _(
            "Too much to read: {share} % of the exchanges are shown, failures first. The figures count all."
        ),
        "per_second": _("{number} / s"),
        "requests_in_five": _("{number} in 5 minutes"),
        "failed_in_five": _("{number} failed in 5 minutes"),
        "since_open": _("since you opened this"),
        "timed": _("answers: {number}"),
        "no_rows_match": _("No row matches this filter."),
        "no_rows": _("Nothing has been asked yet. Send a request and it appears here."),
    }
