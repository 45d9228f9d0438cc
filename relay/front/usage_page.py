"""``/usage/``: a page for the holder of a key, who types it into a form; no URL and no cookie holds it."""

# mypy: disable-error-code="import-untyped, misc"
# (unfold ships no types)

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminPasswordWidget

from accounts.keys.key_loading import key_limits
from accounts.keys.limits import is_inside
from accounts.models import ClientKey, digest
from monitor.ledger.booking import Amounts, dollars
from relay.admission.client_address import client_address
from relay.admission.key_rules import is_expired
from relay.exchange.runtime import runtime
from relay.limits.conversations.conversation_standing import ConversationStanding
from relay.limits.key_usage import DAYS, KeyUsage, of_conversations
from relay.limits.limit_sentences import figure, measure_of, of_conversation, period_of
from relay.limits.standing import Standing
from relay.limits.usage_reading import usage_of

LONGEST_KEY = 300
HOURS_SHOWN = 48
CONVERSATION_ROWS = 50


class KeyForm(forms.Form):
    """The key, as a password: no browser shows it, and the page does not send it back."""

    key = forms.CharField(
        label=gettext_lazy("Client key"),
        max_length=LONGEST_KEY,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def usage_page(request: HttpRequest) -> HttpResponse:
    """The form; behind it the key's own figures."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    usage = None
    if form.is_valid():
        key = _key_of(request, form.cleaned_data["key"].strip())
        counter = runtime().limits
        if key is None or counter is None:
            form.add_error("key", _("This key is not valid here."))
        else:
            usage = usage_of(key, counter.counts)
    context = {
        **admin.site.each_context(request),
        "title": _("Usage of a client key"),
        "form": form,
        "days": DAYS,
        **({} if usage is None else _shown(usage)),
    }
    return render(request, "usage/page.html", context, status=403 if form.errors else 200)


def _key_of(request: HttpRequest, value: str) -> ClientKey | None:
    """The enabled key of that value, if it has not expired and may be used from here."""
    sha256 = digest(value)
    previous = Q(previous_sha256=sha256, previous_until__gt=timezone.now())
    key = ClientKey.objects.filter(Q(sha256=sha256) | previous, enabled=True).first()
    if key is None:
        return None
    limits = key_limits(key)
    address = client_address(request.META, has_front=settings.ENVIRONMENT.proxy_https)
    is_elsewhere = bool(limits.networks) and not is_inside(address, limits.networks)
    return None if is_elsewhere or is_expired(limits, timezone.now().timestamp()) else key


def _shown(usage: KeyUsage) -> dict[str, Any]:
    return {
        "usage": usage,
        "limits": [_limit(standing) for standing in usage.standings],
        "conversation_limits": [of_conversation(*one) for one in of_conversations(usage.rules)],
        "conversations": [row for one in usage.conversations for row in _had(one)][:CONVERSATION_ROWS],
        "total": _numbers(usage.total),
        "models": [{"model": name, **_numbers(sums)} for name, sums in usage.by_model],
        "hours": [
            {"hour": hour.hour, "model": hour.model, **_numbers(hour.usage)}
            for hour in usage.hours[: -HOURS_SHOWN - 1 : -1]
        ],
        "hours_shown": HOURS_SHOWN,
    }


def _limit(standing: Standing) -> dict[str, Any]:
    limit, reset = standing.limit, standing.resets_at
    zone = timezone.get_default_timezone()
    return {
        "measure": measure_of(limit),
        "period": period_of(limit),
        "limit": figure(limit, limit.amount),
        "used": figure(limit, standing.used),
        "left": figure(limit, standing.left),
        "percent": min(100, 100 * standing.used // limit.amount),
        "resets_at": None if reset is None else datetime.fromtimestamp(reset, zone),
    }


def _had(standing: ConversationStanding) -> list[dict[str, Any]]:
    """What a conversation has had, a row for each limit."""
    zone = timezone.get_default_timezone()
    return [
        {
            "conversation": standing.conversation[:12],
            "mapping": standing.name if standing.limited_by == "mapping" else "",
            "limit": of_conversation(share.measure, share.most),
            "used": of_conversation(share.measure, share.used),
            "percent": min(100, share.percent),
            "free_at": datetime.fromtimestamp(share.free_at, zone) if share.is_spent else None,
        }
        for share in standing.shares
    ]


def _numbers(usage: Amounts) -> dict[str, Any]:
    return {
        "requests": usage.requests,
        "unpriced": usage.unpriced,
        "tokens": usage.spent_tokens,
        "tokens_estimated": usage.tokens_estimated,
        "tokens_out": usage.tokens_out,
        "cost": dollars(usage.cost_units),
    }
