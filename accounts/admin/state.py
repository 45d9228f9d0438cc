"""The state of an account at a glance: what this process knows of it, else what the database says."""

import time
from datetime import UTC, datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from msgspec import Struct

from accounts.loaded.live_accounts import live
from accounts.models import Account
from accounts.pool.roster import AccountStatus

TONES = {tone: tone for tone in ("success", "info", "warning", "danger")}
"""unfold shows the second of a pair in the colour that the first is mapped to; else it shows both."""


class Glance(Struct, frozen=True):
    """``tone`` is unfold's word for a colour; the words alone say everything."""

    words: str
    tone: str
    detail: str = ""
    until: float = 0.0
    """Epoch seconds when it is free again; 0 where that is not a matter of time."""


def glance(account: Account) -> Glance:
    """Usable, cooling until when and why, or disabled and why."""
    if not account.enabled:
        return Glance(
            _("disabled"),
            "danger",
            _(account.disabled_reason) if account.disabled_reason else _("by the operator"),
        )
    now = time.time()
    status = status_here(account)
    if status is not None:
        whole, models, until = not status.usable, status.models_cooling, status.cooling_until
        reason = status.reason
    else:
        kept = [mark for mark in account.marks.all() if mark.until.timestamp() > now]
        whole = any(not mark.model for mark in kept)
        models = tuple(sorted(mark.model for mark in kept if mark.model))
        until = max((mark.until.timestamp() for mark in kept), default=0.0)
        reason = ""
    if whole:
        return Glance(_("cooling down"), "warning", reason, until)
    if models:
        return Glance(_("usable in part"), "info", _("cooling down: %s") % ", ".join(models), until)
    return Glance(_("usable"), "success")


def status_here(account: Account) -> AccountStatus | None:
    """What this process's pool knows of the account; None where no pool runs, as in a command."""
    return live.pool.status(account.pk) if live.is_started else None


def last_used(account: Account) -> datetime | None:
    """When it was last asked, as far as this process and the database know."""
    status = status_here(account)
    here = datetime.fromtimestamp(status.last_used_at, UTC) if status and status.last_used_at else None
    return max((moment for moment in (here, account.last_used_at) if moment), default=None)


def moment(at: float) -> SafeString:
    """A time (epoch seconds) for the browser to write in its zone; the exact one is its title."""
    exact = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    text = exact[:16].replace("T", " ")
    return format_html('<time datetime="{}" title="{}" data-local="short">{} UTC</time>', exact, exact, text)
