"""With PROXY_MASK_EMAILS no page of the accounts tells a whole address."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from accounts.admin.actions import AccountTestResult, register_account_test
from accounts.models import Account, AccountGroup

pytestmark = pytest.mark.django_db

WHOLE, MASKED = "ada@x.test", "a***@x.test"


@pytest.fixture
def client(settings: Any) -> Client:
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(update={"proxy_mask_emails": True})
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    return client


@pytest.fixture
def account() -> Account:
    account = Account(email=WHOLE, kind="gemini", groups=["team"])
    account.credential = {"api_key": "k"}
    account.save()
    return account


def at(name: str, *args: Any) -> str:
    return reverse(f"admin:accounts_{name}", args=args)


def form_of(account: Account, **entries: str) -> dict[str, str]:
    plain = {"email": MASKED, "kind": "gemini", "credential": "", "base_url": "", "offered_models": "flash"}
    numbers = {"priority": "0", "max_in_flight": "0", "weight": "1", "project": "", "location": ""}
    return plain | numbers | entries


def test_who_may_only_look_sees_it_masked_too(client: Client, account: Account) -> None:
    """Without the right to change there is no form, and the page reads the account itself."""
    watcher = User.objects.create_user("watcher", is_staff=True)
    watcher.user_permissions.add(Permission.objects.get(codename="view_account"))
    client.force_login(watcher)
    page = client.get(at("account_change", account.pk)).content.decode()
    assert WHOLE not in page
    assert MASKED in page


def test_every_page_masks_it(client: Client, account: Account) -> None:
    """The list, the form, the history of changes, the removal, the groups, the preview of a mapping."""
    group = AccountGroup.objects.create(name="team", strategy="drain")
    client.post(at("account_change", account.pk), form_of(account, enabled="on"))
    preview = {"pattern": "mine", "target": "flash", "priority": "0"}
    for path, query in (
        (at("account_changelist"), {}),
        (at("account_change", account.pk), {}),
        (at("account_history", account.pk), {}),
        (at("account_delete", account.pk), {}),
        (at("accountgroup_changelist"), {}),
        (at("accountgroup_change", group.pk), {}),
        (at("modelmapping_preview"), preview),
    ):
        page = client.get(path, query).content.decode()
        assert WHOLE not in page, path
        assert MASKED in page, path
    for page_name in ("admin:index", "admin:accounts_modelmapping_add"):
        assert WHOLE not in client.get(reverse(page_name)).content.decode()


def test_messages_mask_it(client: Client, account: Account) -> None:
    """What is told after a change, a test, the end of a cooldown, a removal, and before one of several."""

    async def works(view: Any) -> AccountTestResult:
        return AccountTestResult(ok=True, message="The account works.")

    register_account_test(works)
    selected = {"action": "delete_selected", "_selected_action": [account.pk]}
    for path, sent in (
        (at("account_change", account.pk), form_of(account, enabled="on", test_now="on", priority="3")),
        (reverse("admin:accounts_account_test_account", args=(account.pk,)), {"_form_submitted": "True"}),
        (reverse("admin:accounts_account_clear_cooldown", args=(account.pk,)), {"_form_submitted": "True"}),
        (at("account_changelist"), selected),
        (at("account_delete", account.pk), {"post": "yes"}),
    ):
        page = client.post(path, sent, follow=True).content.decode()
        assert WHOLE not in page, path
        assert MASKED in page, path
    assert not Account.objects.exists()


def test_a_form_that_shows_it_masked_leaves_it_as_it_is(client: Client, account: Account) -> None:
    """What was not touched stays whole in the database; what is typed instead is taken."""
    for typed, stored in ((MASKED, WHOLE), ("eve@x.test", "eve@x.test")):
        assert client.post(at("account_change", account.pk), form_of(account, email=typed)).status_code == 302
        account.refresh_from_db()
        assert account.email == stored
