"""Records as a page may show them: accounts masked where that is set."""

from collections.abc import Callable, Sequence

import msgspec

from monitor.record.attempt_use import with_text_facts, with_texts
from monitor.record.records import AttemptRecord, RequestRecord
from monitor.words.account_label import are_emails_masked, masked_label


def with_shown_accounts(
    row: RequestRecord, attempts: Sequence[AttemptRecord]
) -> tuple[RequestRecord, list[AttemptRecord]]:
    """A row, what is known of it, and its attempts with the accounts' labels as they may be shown."""
    if not are_emails_masked():
        return row, list(attempts)
    shown = msgspec.structs.replace(
        row,
        account=masked_label(row.account) if row.account else None,
        used_by_attempt=with_texts(row.used_by_attempt, masked_label, masked_label),
        diagnostics=with_text_facts(row.diagnostics, masked_label),
    )
    return shown, [
        msgspec.structs.replace(attempt, account=masked_label(attempt.account)) for attempt in attempts
    ]


def account_mask(attempts: Sequence[AttemptRecord]) -> Callable[[str], str]:
    """What hides these attempts' accounts in a text (a log line, a header), where that is set."""
    labels = {attempt.account for attempt in attempts if attempt.account}
    if not are_emails_masked():
        return str

    def masked(text: str) -> str:
        for label in labels:
            text = text.replace(label, masked_label(label))
        return text

    return masked
