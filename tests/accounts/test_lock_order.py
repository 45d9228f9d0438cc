"""Whoever writes to accounts and their marks takes the accounts' rows first.

Else two of them wait for each other on PostgreSQL, and one is ended.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.loaded.journal import Batch, write
from accounts.models import Account, AccountMark
from accounts.pool.quota_windows import window

pytestmark = pytest.mark.django_db


def account() -> Account:
    made = Account.objects.create(
        email="one@x.test", kind="gemini", enabled=False, disabled_automatically=True
    )
    soon, now = timezone.now() + timedelta(hours=1), timezone.now()
    AccountMark.objects.create(account=made, status=402, cause="credential", until=soon, set_at=now)
    return made


WRITERS: dict[str, Callable[[Account], object]] = {
    "the command": lambda one: call_command("clear_cooldowns", "--enable"),
    "the admin": lambda one: one.clear_marks(),
    "the journal, of a mark": lambda one: write(Batch(marks={(one.pk, ""): None})),
    "the journal, of all": lambda one: write(
        Batch(
            marks={(one.pk, ""): None},
            cleared={one.pk: True},
            windows={one.pk: (window("requests", 0.5, 60.0, 1_700_000_000.0),)},
            accounts_used={one.pk: 1_700_000_000.0},
        )
    ),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_accounts_come_before_their_marks(writer: str) -> None:
    """On PostgreSQL they are locked, or written, before the first mark is."""
    one = account()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        WRITERS[writer](one)
    told = [query["sql"] for query in asked]
    marks = next(n for n, sql in enumerate(told) if sql.startswith("DELETE") and "accountmark" in sql)
    takes = ("UPDATE", "SELECT") if connection.vendor == "sqlite" else ("FOR UPDATE", "UPDATE")
    of_accounts = [n for n, sql in enumerate(told) if '"accounts_account"' in sql]
    assert next(n for n in of_accounts if any(word in told[n] for word in takes)) < marks
