"""Every way to change what the processes hold in memory raises the revision, in the same transaction."""

from collections.abc import Callable

import pytest
from django.db import transaction

from accounts.models import Account, ClientKey, ModelMapping
from accounts.revisions import Revision

pytestmark = pytest.mark.django_db


def account(email: str = "a@x.test", **fields: object) -> Account:
    return Account(email=email, kind="gemini", **fields)


CHANGES: dict[str, Callable[[], object]] = {
    "create": lambda: Account.objects.create(email="b@x.test", kind="gemini"),
    "save": lambda: Account.objects.get().save(),
    "delete": lambda: Account.objects.get().delete(),
    "queryset update": lambda: Account.objects.update(priority=3),
    "queryset delete": lambda: Account.objects.all().delete(),
    "bulk_create": lambda: Account.objects.bulk_create([account("c@x.test"), account("d@x.test")]),
    "bulk_update": lambda: Account.objects.bulk_update([Account.objects.get()], ["priority"]),
    "get_or_create": lambda: Account.objects.get_or_create(email="e@x.test", kind="gemini"),
    "update_or_create": lambda: Account.objects.update_or_create(
        email="a@x.test", kind="gemini", defaults={"priority": 2}
    ),
    "disable": lambda: Account.objects.get().disable("why"),
    "enable": lambda: Account.objects.get().enable(),
    "clear_marks": lambda: Account.objects.get().clear_marks(),
    "mapping": lambda: ModelMapping.objects.create(pattern="a", target="b"),
    "client key": lambda: ClientKey.objects.create(name="k", sha256="00", shown_as="sk-…"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_change_is_told(change: Callable[[], object]) -> None:
    """One row, many rows, from the admin, a command or a shell: the number rises."""
    account().save()
    before = Revision.current()
    change()
    assert Revision.current() > before


def test_last_use_is_nobodys_business() -> None:
    """Noting when an account or key was last used makes nobody load anew."""
    account().save()
    before = Revision.current()
    Account.objects.update(last_used_at=None)
    ClientKey.objects.update(last_used_at=None)
    assert Revision.current() == before


def test_same_transaction() -> None:
    """A change that is rolled back was never told."""
    account().save()
    before = Revision.current()
    with transaction.atomic():
        Account.objects.update(priority=3)
        transaction.set_rollback(True)
    assert Revision.current() == before


def test_a_lost_row_is_made_anew() -> None:
    """A database that was emptied by hand counts on."""
    Revision.objects.all().delete()
    assert Revision.current() == 0
    account().save()
    assert Revision.current() > 0
