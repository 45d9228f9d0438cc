"""Whoever writes to accounts and their marks takes the accounts' rows first, and the revision last.

Else two of them wait for each other on PostgreSQL, and one is ended.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.importers import import_accounts, import_mappings
from accounts.loaded.journal import Batch, write
from accounts.models import Account, AccountMark, ClientKey
from accounts.pool.quota_windows import window

USED_AT = 1_700_000_000.0

pytestmark = pytest.mark.django_db


def account() -> Account:
    made = Account.objects.create(
        email="one@x.test", kind="gemini", enabled=False, disabled_automatically=True
    )
    soon, now = timezone.now() + timedelta(hours=1), timezone.now()
    AccountMark.objects.create(account=made, status=402, cause="credential", until=soon, set_at=now)
    return made


def a_key(name: str) -> ClientKey:
    return ClientKey.objects.create(name=name, sha256=name)


def statements(doing: Callable[[], object]) -> list[str]:
    """What the database is asked meanwhile."""
    with CaptureQueriesContext(connection) as asked:
        doing()
    return [query["sql"] for query in asked]


def takings(told: list[str], table: str) -> list[int]:
    """Where rows of the table are locked, or written; SQLite's statements do not say that they lock."""
    takes = ("UPDATE", "SELECT") if connection.vendor == "sqlite" else ("FOR UPDATE", "UPDATE")
    return [at for at, sql in enumerate(told) if f'"{table}"' in sql and any(word in sql for word in takes)]


def begins_in_order(told: list[str], table: str) -> bool:
    """Are its rows taken first of all by their numbers?"""
    first = told[takings(told, table)[0]]
    return first.startswith(f'SELECT "{table}"."id"') and "ORDER BY 1 ASC" in first


WRITERS: dict[str, Callable[[Account], object]] = {
    "the command": lambda one: call_command("clear_cooldowns", "--enable"),
    "the admin": lambda one: one.clear_marks(),
    "a deletion of one": lambda one: one.delete(),
    "a deletion of several": lambda one: Account.objects.filter(pk=one.pk).delete(),
    "the journal, of a mark": lambda one: write(Batch(marks={(one.pk, ""): None})),
    "the journal, of all": lambda one: write(
        Batch(
            marks={(one.pk, ""): None},
            cleared={one.pk: True},
            windows={one.pk: (window("requests", 0.5, 60.0, USED_AT),)},
            accounts_used={one.pk: USED_AT},
        )
    ),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_accounts_come_before_their_marks(writer: str) -> None:
    """On PostgreSQL they are locked, or written, before the first mark is."""
    one = account()
    told = statements(lambda: WRITERS[writer](one))
    marks = next(n for n, sql in enumerate(told) if sql.startswith("DELETE") and "accountmark" in sql)
    assert takings(told, "accounts_account")[0] < marks


def test_keys_come_before_accounts_and_the_revision_last() -> None:
    """As where a key is saved: who takes the revision waits for nothing any more."""
    one, key = account(), a_key("one")
    batch = Batch(cleared={one.pk: True}, disabled={one.pk: "refused"}, keys_used={key.pk: USED_AT})
    told = statements(lambda: write(batch))
    keys, accounts = takings(told, "accounts_clientkey"), takings(told, "accounts_account")
    assert keys[-1] < accounts[0] < takings(told, "accounts_revision")[0]


@pytest.mark.parametrize("table", ["accounts_account", "accounts_clientkey"])
def test_times_of_last_use_are_written_in_one_order(table: str) -> None:
    """Two processes that asked the same accounts, or were asked with the same keys, in another order."""
    accounts = [Account.objects.create(email=f"{n}@x.test", kind="gemini") for n in range(3)]
    keys = [a_key(f"key {n}") for n in range(3)]
    used = [{row.pk: USED_AT for row in reversed(rows)} for rows in (accounts, keys)]
    told = statements(lambda: write(Batch(accounts_used=used[0], keys_used=used[1])))
    assert begins_in_order(told, table)


def test_an_import_takes_all_before_its_first_change(tmp_path: Path) -> None:
    """Each change raises the revision, which nobody may hold who still waits for a row."""
    accounts, mappings = tmp_path / "accounts.json", tmp_path / "mappings.json"
    accounts.write_text('[{"email": "a@x.test", "kind": "gemini", "credential": {"api_key": "k"}}]')
    mappings.write_text('[{"pattern": "a", "target": "b"}]')
    for run, table in (
        (lambda: import_accounts(str(accounts)), "accounts_account"),
        (lambda: import_mappings(str(mappings)), "accounts_modelmapping"),
    ):
        told = statements(run)
        assert begins_in_order(told, table)
