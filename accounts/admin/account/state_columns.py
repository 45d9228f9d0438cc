"""What the list of accounts and the page of one tell of its state."""

# mypy: disable-error-code="import-untyped, untyped-decorator"
# (unfold ships no types)

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin.account.state import ADVICE, TONES, glance, last_used, moment, status_here
from accounts.models import Account


class StateColumns:
    """Before a ``ModelAdmin``: its columns, and fields that are only read."""

    @display(description=_("state"), label=TONES)
    def state(self, account: Account) -> tuple[str, str]:
        """In words, with a colour."""
        seen = glance(account)
        return seen.tone, seen.words

    @display(description=_("state"))
    def shown_state(self, account: Account) -> str:
        """In words: the page of one account knows no coloured labels."""
        return glance(account).words

    @display(description=_("why"))
    def why(self, account: Account) -> SafeString:
        """The reason, where it is not simply usable, and when it is free again."""
        seen = glance(account)
        if not seen.until:
            return format_html("{}", seen.detail)
        told = _("free again")
        return format_html("{} <small>{} {}</small>", seen.detail, told, moment(seen.until))

    @display(description=_("what to do"))
    def to_do(self, account: Account) -> str:
        """About its state; a dash where nothing is to be done."""
        return str(ADVICE.get(glance(account).state, "–"))

    @display(description=_("last test"))
    def last_test(self, account: Account) -> SafeString | str:
        """When, and what it said."""
        if account.tested_at is None:
            return "–"
        return format_html(
            "{} <small>{}</small>", moment(account.tested_at.timestamp()), account.test_message
        )

    @display(description=_("in flight"))
    def in_flight(self, account: Account) -> int | None:
        """Requests that run on it in this server process."""
        status = status_here(account)
        return status.in_flight if status else None

    @display(description=_("last used"), ordering="last_used_at")
    def used(self, account: Account) -> SafeString | str:
        """When it was last asked, in the reader's zone."""
        at = last_used(account)
        return moment(at.timestamp()) if at else "–"
