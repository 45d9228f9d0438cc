"""Records as a page may show them: accounts masked where that is set."""

from collections.abc import Callable, Sequence

import msgspec
from django.conf import settings

from monitor.record.records import AttemptRecord, RequestRecord
from monitor.record.redaction import mask_email


def with_shown_accounts(
    row: RequestRecord, attempts: Sequence[AttemptRecord]
) -> tuple[RequestRecord, list[AttemptRecord]]:
    """A row, what is known of it, and its attempts with the accounts' labels as they may be shown."""
    if not settings.ENVIRONMENT.proxy_mask_emails:
        return row, list(attempts)
    shown = msgspec.structs.replace(
        row,
        account=mask_email(row.account) if row.account else None,
        diagnostics={
            name: mask_email(value) if isinstance(value, str) else value
            for name, value in row.diagnostics.items()
        },
    )
    return shown, [
        msgspec.structs.replace(attempt, account=mask_email(attempt.account)) for attempt in attempts
    ]


def account_mask(attempts: Sequence[AttemptRecord]) -> Callable[[str], str]:
    """What hides these attempts' accounts in a text (a log line, a header), where that is set."""
    labels = {attempt.account for attempt in attempts if attempt.account}
    if not settings.ENVIRONMENT.proxy_mask_emails:
        return str

    def masked(text: str) -> str:
        for label in labels:
            text = text.replace(label, mask_email(label))
        return text

    return masked
