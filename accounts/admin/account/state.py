"""The state of an account at a glance: what this process knows of it, else what the database says."""

import time
from datetime import UTC, datetime
from typing import Final, Literal, cast

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from accounts.loaded.live_accounts import live
from accounts.marks import MarkCause
from accounts.models import Account, AccountMark
from accounts.pool.account_state import Mark
from accounts.pool.roster import AccountStatus
from monitor.words.failure_words import failure_sentence

TONES = {tone: tone for tone in ("success", "info", "warning", "danger", "default")}
"""unfold shows the second of a pair in the colour that the first is mapped to; else it shows both."""


CAUSES: Final = {
    "quota": gettext_lazy("Its quota is used up"),
    "credential": gettext_lazy("Its credential was refused"),
    "forbidden": gettext_lazy("Upstream forbids it this"),
    "model": gettext_lazy("It does not have the model"),
}
"""What keeps an account from being asked for a while."""

ADVICE: Final = {
    "disabled": gettext_lazy("Settle what stands above, turn Enabled on, and save."),
    "refused": gettext_lazy("Paste another credential below and save: saving tests it."),
    "cooling": gettext_lazy("Nothing: it is asked again by itself. Clear cooldown asks it at once."),
    "partly": gettext_lazy("Nothing: those models are asked again by themselves."),
    "failed": gettext_lazy("Mend what the test said, the base URL say, and press Test."),
    "untested": gettext_lazy("Press Test: it asks one tiny request."),
}
"""What to do about an account, where something is to be done or waited for."""

State = Literal["disabled", "refused", "cooling", "failed", "partly", "works", "untested", "usable"]
"""``usable``: it was asked in service and nothing is against it, but nobody has tested it."""


class Glance(Struct, frozen=True):
    """``tone`` is unfold's word for a colour; the words alone say everything."""

    state: State
    words: str
    tone: str
    detail: str = ""
    until: float = 0.0
    """Epoch seconds when it is free again; 0 where that is not a matter of time."""


def glance(account: Account, now: float | None = None) -> Glance:
    """What keeps it from being asked, else what its last test or its service has shown."""
    now = time.time() if now is None else now
    if not account.enabled:
        reason = _(account.disabled_reason) if account.disabled_reason else _("by the operator")
        return Glance("disabled", _("disabled"), "danger", reason)
    here = status_here(account) or _status_kept(account, now)
    tested_at = account.tested_at.timestamp() if account.tested_at else 0.0
    if here.refused_with:
        return Glance("refused", _refused(here.refused_with), "danger", _why(here.mark))
    if not here.usable:
        return Glance("cooling", _("cooling down"), "warning", _why(here.mark), here.cooling_until)
    if account.test_result and here.answered_at <= tested_at:
        if account.test_result == Account.Result.REFUSED:
            return Glance("refused", _refused(account.test_status), "danger", account.test_message)
        if account.test_result == Account.Result.FAILED:
            return Glance("failed", _("test failed"), "danger", account.test_message)
    if here.models_cooling:
        cooling = _("cooling down: %s") % ", ".join(here.models_cooling)
        return Glance("partly", _("usable in part"), "info", cooling, here.cooling_until)
    if account.test_result or here.answered_at:
        return Glance("works", _("works"), "success")
    if last_used(account) is None:
        return Glance("untested", _("untested"), "default", _("Nobody has asked it anything yet."))
    return Glance("usable", _("usable"), "success")


def _why(mark: Mark | None) -> str:
    """What a mark is for and its status; behind it what upstream said, in upstream's own words."""
    if mark is None:
        return ""
    told = failure_sentence(mark.reason)
    return f"{CAUSES[mark.cause]} ({mark.status}){f': {told}' if told else ''}"


def _refused(status: int) -> str:
    return _("refused (%d)") % status


def _status_kept(account: Account, now: float) -> AccountStatus:
    """What the database says, where no pool runs."""
    kept = [mark for mark in account.marks.all() if mark.until.timestamp() > now]
    whole = next((mark for mark in kept if not mark.model), None)
    return AccountStatus(
        usable=whole is None,
        mark=_mark(whole) if whole is not None else None,
        cooling_until=max((mark.until.timestamp() for mark in kept), default=0.0),
        models_cooling=tuple(sorted(mark.model for mark in kept if mark.model)),
        in_flight=0,
        last_used_at=0.0,
        refused_with=whole.status if whole is not None and whole.cause == "credential" else 0,
    )


def _mark(row: AccountMark) -> Mark:
    cause = cast(MarkCause, row.cause)
    return Mark(row.until.timestamp(), cause, row.reason, row.status, row.set_at.timestamp())


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
