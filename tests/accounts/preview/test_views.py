"""What a mapping's form is told while it is filled in."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account, ModelMapping

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    """An operator of a pool with one account."""
    Account.objects.create(email="ada@x.test", kind="gemini", offered_models=["flash"])
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    return client


def told(client: Client, **entries: Any) -> dict[str, Any]:
    response = client.get(reverse("admin:accounts_modelmapping_preview"), {"priority": "0"} | entries)
    assert response.status_code == 200
    return response.json()  # type: ignore[no-any-return]


def test_a_form_is_told_its_way_and_its_doubts(client: Client) -> None:
    """From model over rule to account; what is wrong or doubtful stands at its field, and markup is text."""
    seen = told(client, pattern="<b>[x]", target="nobodys", kinds="gemini")
    assert "<b>" not in seen["html"]
    assert "&lt;b&gt;[x]" in seen["html"]
    assert "no account" in seen["html"]
    assert {field: [one["tone"] for one in said] for field, said in seen["told"].items()} == {
        "pattern": ["doubt"],
        "target": ["doubt"],
    }
    seen = told(client, pattern="mine", target="flash")
    assert "ada@x.test" in seen["html"]
    assert seen["told"] == {}


def test_it_reads_what_leads_a_model_and_no_secret(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """At each pause of typing: accounts and mappings, but no client key, no credential, no mark."""
    with django_assert_max_num_queries(12) as asked:
        told(client, pattern="mine", target="flash")
    read = " ".join(query["sql"] for query in asked.captured_queries)
    assert "accounts_modelmapping" in read
    for secret in ("accounts_clientkey", "credential_sealed", "accounts_accountmark"):
        assert secret not in read


def test_what_is_wrong_is_said_and_what_is_blank_is_not(client: Client) -> None:
    """A form that is only half filled in is no mistake; a bad name or a double one is."""
    assert told(client)["told"] == {}
    (said,) = told(client, pattern="a b")["told"]["pattern"]
    assert said["tone"] == "error"
    ModelMapping.objects.create(pattern="mine", target="flash")
    (said,) = told(client, pattern="mine", target="flash")["told"]["pattern"]
    assert "already" in said["text"]


def test_a_stored_mapping_is_not_its_own_rival(client: Client) -> None:
    """It is left out of the others, by its number."""
    row = ModelMapping.objects.create(pattern="mine*", target="flash")
    seen = told(client, mapping=str(row.pk), pattern="mine*", target="flash", tried="mine-1")
    assert seen["told"] == {}
    assert "this mapping" in seen["html"]
    row.refresh_from_db()
    assert row.target == "flash"


def test_accounts_are_named_to_who_may_see_them(client: Client) -> None:
    """Others are told how many there are; who may change no mapping is told nothing."""
    user = User.objects.create_user("half", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="add_modelmapping"))
    client.force_login(user)
    seen = told(client, pattern="mine", target="flash")
    assert "ada@x.test" not in seen["html"]
    assert "1 account" in seen["html"]
    user.user_permissions.clear()
    client.force_login(user)
    assert client.get(reverse("admin:accounts_modelmapping_preview")).status_code == 403


def test_who_may_only_look_has_a_page_without_it(client: Client) -> None:
    """There is no form that could be filled in: the page shows the mapping, and offers nothing to try."""
    mapping = ModelMapping.objects.create(pattern="mine", target="flash")
    watcher = User.objects.create_user("watcher", is_staff=True)
    watcher.user_permissions.add(Permission.objects.get(codename="view_modelmapping"))
    client.force_login(watcher)
    response = client.get(reverse("admin:accounts_modelmapping_change", args=[mapping.pk]))
    assert response.status_code == 200
    assert "mine" in response.content.decode()
    assert "tried-model" not in response.content.decode()
