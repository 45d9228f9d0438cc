"""How pages and feeds write an account: the one place that asks whether its e-mail is masked."""

from django.conf import settings

from monitor.record.redacting.redaction import mask_email
from monitor.words.plain_text import shown


def account_label(label: str | None) -> str:
    """An account's label, its e-mail masked where that is set; a dash when there is none yet."""
    return shown(masked_label(label)) if label else "–"


def masked_label(text: str) -> str:
    """The same for a text that is not yet made fit to be shown."""
    return mask_email(text) if are_emails_masked() else text


def are_emails_masked() -> bool:
    """Whether the operator wants them so (``PROXY_MASK_EMAILS``)."""
    return bool(settings.ENVIRONMENT.proxy_mask_emails)
