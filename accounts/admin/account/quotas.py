"""What upstream told of an account's quota, as gauges: how full, how old, and when it begins anew."""

import time
from datetime import UTC, datetime
from typing import Final

import msgspec
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.account.state import moment, status_here
from accounts.models import Account
from accounts.pool.quota_windows import LOW_FROM, Window

NONE_TOLD = SafeString("–")


_NAMES: Final = {
    "requests": gettext_lazy("requests"),
    "tokens": gettext_lazy("tokens"),
    "input-tokens": gettext_lazy("input tokens"),
    "output-tokens": gettext_lazy("output tokens"),
    "requests a minute": gettext_lazy("requests a minute"),
    "requests a day": gettext_lazy("requests a day"),
    "tokens a minute": gettext_lazy("tokens a minute"),
    "tokens a day": gettext_lazy("tokens a day"),
}
"""Those windows that have a word; ``5h`` and ``7d`` say themselves what they are."""


def windows_of(account: Account) -> list[Window]:
    """As this process knows them, else as the database keeps them; those of a model behind the account's."""
    status = status_here(account)
    if status is not None:
        return list(status.windows)
    return msgspec.convert(account.quota_windows, list[Window])


def gauges(account: Account, now: float | None = None) -> SafeString:
    """Every window of the account, one below the other."""
    now = time.time() if now is None else now
    windows = windows_of(account)
    return format_html_join("", "<div>{}</div>", ((_gauge(one, now),) for one in windows)) or NONE_TOLD


def tightest(account: Account, now: float | None = None) -> SafeString:
    """The fullest window that still stands, short for the list; when it begins anew where little is left."""
    now = time.time() if now is None else now
    standing = [one for one in windows_of(account) if one.stands(now)]
    if not standing:
        return NONE_TOLD
    window = max(standing, key=lambda one: one.used)
    anew = SafeString("")
    if window.room(now) != "enough":
        anew = format_html(" · {} {}", _("begins anew"), moment(window.resets_at))
    name, used = _name(window), _("%d %% used") % round(window.used * 100)
    return format_html("{} {}<small>{}{}</small>", name, _meter(window, used), used, anew)


def _name(window: Window) -> str:
    word = _NAMES.get(window.name, window.name)
    return f"{word} · {window.model}" if window.model else str(word)


def _meter(window: Window, used: str) -> SafeString:
    return format_html(
        '<meter min="0" max="1" high="{}" low="{}" optimum="0" value="{}" aria-label="{}">{}</meter>',
        LOW_FROM,
        LOW_FROM / 2,
        f"{window.used:.3f}",
        _name(window),
        used,
    )


def _gauge(window: Window, now: float) -> SafeString:
    name = _name(window)
    if not window.stands(now):
        seen = _("seen %s ago") % _span(now - window.seen_at)
        return format_html("{} <small>{} · {}</small>", name, _("has begun anew since"), seen)
    used = _("%d %% used") % round(window.used * 100)
    if window.limit is not None and window.remaining is not None:
        left = _("%(remaining)s of %(limit)s left")
        used += " · " + left % {"remaining": f"{window.remaining:,}", "limit": f"{window.limit:,}"}
    return format_html(
        "{} {} <small>{} · {} · {} {}</small>",
        name,
        _meter(window, used),
        used,
        _("seen %s ago") % _span(now - window.seen_at),
        _("begins anew"),
        moment(window.resets_at),
    )


def _span(seconds: float) -> str:
    """A length of time in words, seconds where it is short."""
    if seconds < 120:
        return _("%d s") % max(round(seconds), 0)
    end = datetime.now(UTC)
    return timesince(datetime.fromtimestamp(end.timestamp() - seconds, UTC), end, depth=2)
