"""What a client key used, as its page in the admin shows it: the same figures as its holder's."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import ClientKey
from monitor.ledger.booking import dollars
from relay.exchange.runtime import runtime
from relay.limits.key_usage import DAYS
from relay.limits.limit_sentences import figure, measure_of, period_of
from relay.limits.usage_reading import usage_of


def key_figures(key: ClientKey) -> SafeString:
    """A line for the last thirty days, and one for each limit; blank where this process serves nobody."""
    try:
        counter = runtime().limits
    except RuntimeError:
        return SafeString("")
    if counter is None:
        return SafeString("")
    usage = usage_of(key, counter.counts)
    total = usage.total
    text = ngettext(
        "The last %(days)d days: %(requests)s request, %(tokens)s tokens, $%(cost)s.",
        "The last %(days)d days: %(requests)s requests, %(tokens)s tokens, $%(cost)s.",
        total.requests,
    )
    said = text % {
        "days": DAYS,
        "requests": f"{total.requests:,}",
        "tokens": f"{total.spent_tokens:,}",
        "cost": f"{dollars(total.cost_units):,.4f}",
    }
    lines = [
        _("%(used)s of %(limit)s %(measure)s, %(period)s")
        % {
            "used": figure(one.limit, one.used),
            "limit": figure(one.limit, one.limit.amount),
            "measure": measure_of(one.limit),
            "period": period_of(one.limit),
        }
        for one in usage.standings
    ]
    return format_html("{}{}", said, format_html_join("", "<br>{}", ((line,) for line in lines)))
