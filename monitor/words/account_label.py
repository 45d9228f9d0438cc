"""How pages and feeds write an account: its e-mail masked where that is set."""

from django.conf import settings

from monitor.record.redaction import mask_email
from monitor.words.plain_text import shown


def account_label(label: str | None) -> str:
    """An account's label, its e-mail masked where that is set; a dash when there is none yet."""
    if label is None:
        return "–"
    return shown(mask_email(label) if settings.ENVIRONMENT.proxy_mask_emails else label)
