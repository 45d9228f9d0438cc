"""The head of an admin's page: the way to it in the navigation's words, and what its list leaves out."""

import re

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import ModelMapping


def head_of(client: Client, address: str) -> str:
    """The words of the page's ``h1``."""
    body = client.get(address).content.decode()
    heading = body.split("<h1", 1)[1].partition(">")[2].split("</h1>", 1)[0]
    return " ".join(re.sub("<[^<>]{0,400}>", " ", heading).replace("chevron_right", ">").split())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "head"),
    [
        ("accounts/modelmapping", "Routing > Mappings"),
        ("monitor/modelprice", "Routing > Prices"),
        ("auth/user", "Administration > Users"),
        ("auth/group", "Administration > Groups"),
    ],
)
def test_the_head_says_what_the_navigation_says(admin_client: Client, address: str, head: str) -> None:
    """Section and entry have one name each; a list that has no entry stands in its app's section."""
    assert head_of(admin_client, f"/admin/{address}/") == head
    assert head_of(admin_client, f"/admin/{address}/add/") == head


@pytest.mark.django_db
def test_a_name_stays_as_it_was_given(admin_client: Client) -> None:
    """A model's name is not written with a capital because a page begins with it."""
    mapping = ModelMapping.objects.create(pattern="claude-demo", target="gemini-3-flash")
    group = Group.objects.create(name="everybody")
    for address, name in (
        (f"accounts/modelmapping/{mapping.pk}", "claude-demo → gemini-3-flash"),
        (f"auth/group/{group.pk}", "everybody"),
    ):
        for page in ("change", "history", "delete"):
            assert head_of(admin_client, f"/admin/{address}/{page}/").endswith(f"> {name}"), page


@pytest.mark.django_db
def test_all_is_offered_where_something_is_left_out(admin_client: Client) -> None:
    """A list counts what it found, and leads back to all, once it was searched or filtered."""
    ModelMapping.objects.create(pattern="claude-demo", target="gemini-3-flash")
    whole, searched = "/admin/accounts/modelmapping/", "/admin/accounts/modelmapping/?q=claude"
    assert "Show all" not in head_of(admin_client, whole)
    assert head_of(admin_client, searched).endswith("1 result ( Show all )")


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "is_told"), [("auth/user/add", False), ("accounts/clientkey/add", True)])
def test_a_form_names_its_zone_where_it_asks_for_times(
    admin_client: Client, address: str, is_told: bool
) -> None:
    """A form without a day or a time speaks of none."""
    assert ("time zone" in admin_client.get(f"/admin/{address}/").content.decode()) is is_told
