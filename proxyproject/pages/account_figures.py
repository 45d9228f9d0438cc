"""What the monitor knows of the accounts' day, as the list of accounts shows it."""

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.figures import AccountFigures
from monitor.history.listing.keyset import moment_of_id
from monitor.statistics.account_day import AccountDay, account_days
from monitor.statistics.due import count_first_hour
from monitor.words.failure_words import failure_sentence, kind_label
from monitor.words.plain_text import shown
from monitor.words.wording import local_time

ERROR_SHOWN = 70
"""Characters of an error in the list; its title has more, and its exchange all."""


def account_figures() -> dict[tuple[str, str], AccountFigures]:
    """Today's figures by kind and e-mail, in a few queries."""
    now = timezone.now()
    count_first_hour(now.timestamp())
    return {
        key: AccountFigures(
            attempts=day.attempts,
            failed=day.failed,
            tokens_in=day.tokens_in,
            tokens_out=day.tokens_out,
            cost=day.cost,
            last_error=_last_error(day),
        )
        for key, day in account_days(now).items()
    }


def _last_error(day: AccountDay) -> SafeString:
    if not day.last_error_id:
        return SafeString("")
    kind, colon, text = day.last_error.partition(": ")
    said = shown(f"{kind_label(kind)}{colon}{failure_sentence(text)}")
    return format_html(
        '<span title="{}"><a href="{}">{}</a><small>{}</small></span>',
        said,
        reverse("monitor:detail", args=(day.last_error_id,)),
        local_time(moment_of_id(day.last_error_id), "short"),
        said[:ERROR_SHOWN] + ("…" if len(said) > ERROR_SHOWN else ""),
    )
