"""The acts of a diagnosis as links and buttons, for who may do them."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from monitor.diagnosis.acts import Act
from monitor.models import EXPORT, VIEW_BODIES
from monitor.record.phrasing import Phrase
from monitor.record.records import RequestRecord

BUTTONS: dict[Act, tuple[Any, str, tuple[str, ...], Any]] = {
    # act: (label, the address that does it, the rights that it needs, what it comes to)
    Act.SEND_AGAIN: (
        _("Send again"),
        "replay-send",
        ("monitor.add_requestlog",),
        _("Asks upstream once more, and costs about as much again."),
    ),
    Act.CONTINUE: (
        _("Turn on continuation for this model"),
        "act-continue",
        ("accounts.change_modelmapping", "accounts.add_modelmapping"),
        _("Broken answers of plain text are continued by another attempt from now on."),
    ),
    Act.CLEAR_COOLDOWN: (
        _("Clear the cooldown"),
        "act-clear-cooldown",
        ("accounts.change_account",),
        _("The accounts that were asked are used again at once; upstream may refuse them again."),
    ),
}
_ACCOUNTS = ("accounts.view_account",)
_KEYS = ("accounts.view_clientkey",)
LINKS: dict[Act, tuple[Any, str, tuple[str, ...]]] = {
    # act: (label, the page, the rights that it needs)
    Act.ACCOUNT: (_("The account"), "account-of", _ACCOUNTS),
    Act.ACCOUNTS: (_("Accounts"), "admin:accounts_account_changelist", _ACCOUNTS),
    Act.MAPPING: (_("The model's mapping"), "mapping-of", ("accounts.view_modelmapping",)),
    Act.KEY: (_("The client key"), "admin:accounts_clientkey_change", _KEYS),
    Act.KEYS: (_("Client keys"), "admin:accounts_clientkey_changelist", _KEYS),
    Act.CURL: (
        _("The request as a command"),
        "monitor:export",
        (f"monitor.{EXPORT}", f"monitor.{VIEW_BODIES}"),
    ),
}


def act_links(request: HttpRequest, row: RequestRecord, acts: Iterable[Act]) -> list[dict[str, Any]]:
    """What this person may do of ``acts``, in their order: ``is_button`` changes something (POST)."""
    found: list[dict[str, Any]] = []
    for act in acts:
        if act in BUTTONS:
            label, name, rights, hint = BUTTONS[act]
            link = reverse(name, args=(row.id,))
        else:
            label, name, rights = LINKS[act]
            hint, link = "", _page(act, name, row)
        if request.user.has_perms(rights):
            found.append({"label": label, "link": link, "is_button": act in BUTTONS, "hint": hint})
    return found


def _page(act: Act, name: str, row: RequestRecord) -> str:
    if act is Act.KEY:
        if row.client_key_id is None:
            return reverse("admin:accounts_clientkey_changelist")
        return reverse(name, args=(row.client_key_id,))
    if act is Act.CURL:
        return f"{reverse(name)}?{urlencode({'id': row.id, 'format': 'curl'})}"
    return reverse(name, args=(row.id,) if act in (Act.ACCOUNT, Act.MAPPING) else ())


def settings_named(step: Phrase) -> list[tuple[str, object]]:
    """The settings that an advice speaks of, and what they are now: numbers alone; a text may be secret."""
    words = (word.strip(".,;:()") for word in step.message.split())
    names = dict.fromkeys(word for word in words if word.startswith(("RELAY_", "PROXY_", "MONITOR_")))
    known = type(settings.ENVIRONMENT).model_fields
    values = ((name, getattr(settings.ENVIRONMENT, name.lower())) for name in names if name.lower() in known)
    return [(name, value) for name, value in values if isinstance(value, int | float)]
