"""The operator's page of account groups, and groups on the other pages."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.loaded.loading import load_snapshot
from accounts.models import Account, AccountGroup, ClientKey, ModelMapping
from accounts.revisions import Revision

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    """An operator, with an account in a group and one outside."""
    Account.objects.create(email="in@x.test", kind="gemini", groups=["team"])
    Account.objects.create(email="out@x.test", kind="gemini")
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    return client


def page(client: Client, name: str, *args: Any, **query: str) -> str:
    return client.get(reverse(f"admin:accounts_{name}", args=args), query).content.decode()


def test_lists_are_filtered_by_group(client: Client) -> None:
    """The accounts of a group, and the keys and mappings that are bound to it."""
    ClientKey(name="bound-key", groups=["team"], sha256="1").save()
    ClientKey(name="free-key", sha256="2").save()
    ModelMapping.objects.create(pattern="bound-map", target="m", groups=["team", "b"])
    ModelMapping.objects.create(pattern="free-map", target="m")
    for name, inside, outside in (
        ("account_changelist", "in@x.test", "out@x.test"),
        ("clientkey_changelist", "bound-key", "free-key"),
        ("modelmapping_changelist", "bound-map", "free-map"),
    ):
        shown = page(client, name, group="team")
        assert inside in shown
        assert outside not in shown
        assert outside in page(client, name)


def test_the_groups_page_says_who_is_in_it(client: Client) -> None:
    """Its accounts, and what is bound to it."""
    ClientKey(name="bound-key", groups=["team"], sha256="1").save()
    AccountGroup.objects.create(name="team", strategy="drain")
    shown = page(client, "accountgroup_changelist")
    assert "in@x.test" in shown
    assert "out@x.test" not in shown
    assert "bound-key" in shown
    assert "drain: one after the other" in shown


def test_a_group_tells_nobody_what_they_may_not_see_elsewhere(client: Client) -> None:
    """Accounts, keys and mappings, in the list and on the group's page, are for who may see each of them."""
    ClientKey(name="bound-key", groups=["team"], sha256="1").save()
    ModelMapping.objects.create(pattern="bound-map", target="m", groups=["team"])
    group = AccountGroup.objects.create(name="team", strategy="drain")
    told = {"account": "in@x.test", "clientkey": "bound-key", "modelmapping": "bound-map"}
    for right in ("", *told):
        user = User.objects.create_user(f"may-{right}", is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(codename__in=("view_accountgroup", f"view_{right}"))
        )
        client.force_login(user)
        for shown in (
            page(client, "accountgroup_changelist"), page(client, "accountgroup_change", group.pk)
        ):  # fmt: skip
            assert "team" in shown
            assert [name for name, text in told.items() if text in shown] == ([right] if right else [])


def test_an_empty_group_is_told_when_it_is_bound_to(client: Client) -> None:
    """Saved is saved, but whoever binds to a group that no account is in hears of it at once."""
    sent = {"pattern": "p", "target": "m", "priority": "0", "groups": "team\nempty"}
    response = client.post(reverse("admin:accounts_modelmapping_add"), sent, follow=True)
    assert "No account is in the group empty:" in response.content.decode()
    assert "No account is in the group team:" not in response.content.decode()
    assert ModelMapping.objects.get().groups == ["team", "empty"]
    keyed = {"name": "k", "enabled": "on", "groups": "team"}
    client.post(reverse("admin:accounts_clientkey_add"), keyed)
    assert ClientKey.objects.get().groups == ["team"]


@pytest.mark.parametrize("name", ["two words", "a,b", "a&b"])
def test_a_groups_name_is_a_word(client: Client, name: str) -> None:
    """What could not be told apart in a list or a row is refused."""
    sent = {"name": name, "strategy": "spread"}
    assert "one word" in client.post(reverse("admin:accounts_accountgroup_add"), sent).content.decode()
    assert not AccountGroup.objects.exists()


def test_every_change_reaches_the_processes(client: Client) -> None:
    """Groups of accounts, keys and mappings and the strategies are in the snapshot, and raise it."""
    before = Revision.current()
    AccountGroup.objects.create(name="team", strategy="reserve")
    call_command("create_client_key", "k", "--group", "team", "--group", "b")
    ModelMapping.objects.create(pattern="p", target="m", groups=["team"])
    assert Revision.current() >= before + 3
    snapshot = load_snapshot()
    assert snapshot.strategies == {"team": "reserve"}
    assert [account.groups for account in snapshot.accounts] == [{"team"}, set()]
    assert snapshot.keys[0].limits is not None
    assert snapshot.keys[0].limits.groups == {"team", "b"}
    assert snapshot.mappings[0].groups == {"team"}
