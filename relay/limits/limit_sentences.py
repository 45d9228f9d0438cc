"""A key's limits in words, for pages."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.keys.limits import Limit
from monitor.ledger.booking import dollars

_PERIODS = {
    "minute": gettext_noop("this minute"),
    "day": gettext_noop("this day"),
    "week": gettext_noop("this week"),
    "month": gettext_noop("this month"),
    "total": gettext_noop("in all"),
}
_MEASURES = {
    "requests": gettext_noop("requests"),
    "tokens": gettext_noop("tokens"),
    "usd": gettext_noop("US$"),
    "turns": gettext_noop("turns"),
    "sub_agents": gettext_noop("sub-agents"),
}


def measure_of(limit: Limit) -> str:
    """What is counted, in the reader's language."""
    return _(_MEASURES[limit.measure])


def period_of(limit: Limit) -> str:
    """In which time, in the reader's language."""
    return _(_PERIODS[limit.period])


def of_conversation(measure: str, number: int) -> str:
    """``number`` of what a conversation is limited in: ``5 turns``, ``0.5000 US$``."""
    told = f"{dollars(number):,.4f}" if measure == "usd" else f"{number:,}"
    return f"{told} {_(_MEASURES[measure])}"


def figure(limit: Limit, number: int) -> str:
    """``number`` of the limit's measure: money with four decimal places."""
    return f"{dollars(number):,.4f}" if limit.measure == "usd" else f"{number:,}"
