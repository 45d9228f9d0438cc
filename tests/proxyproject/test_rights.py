"""The rights on the pages of users and groups: those that a page asks for, in the reader's words."""

import re

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import translation

from proxyproject.rights import OF_REQUESTS, shown_rights, words

pytestmark = pytest.mark.django_db
OF_PAGES = ("view_account", "change_modelmapping", "delete_clientkey", "add_modelprice", "view_requestlog")


def test_every_right_is_said_in_the_reader_s_language() -> None:
    """Of what, and what may be done; nothing of ours is left in English in Japanese."""
    with translation.override("en"):
        told = {right.codename: words(right) for right in shown_rights()}
    assert told["view_account"] == "Accounts: view"
    assert told["add_requestlog"] == "Requests: send again"
    assert set(OF_REQUESTS) | set(OF_PAGES) <= set(told)
    assert not [codename for codename in told if codename.endswith(("seal", "revision", "searchindex"))]
    with translation.override("ja"):
        assert [text for text in map(words, shown_rights()) if re.search("[A-Za-z]{2}", text)] == []


@pytest.mark.parametrize("kind", ["user", "group"])
def test_what_the_form_does_not_show_it_does_not_take(admin_client: Client, kind: str) -> None:
    """Ticked rights are given and others taken; a right to a table without a page stays as it was."""
    unseen, ticked, other = (
        Permission.objects.get(codename=codename)
        for codename in ("view_seal", "view_account", "view_clientkey")
    )
    if kind == "user":
        owner: User | Group = User.objects.create_user("eve")
        given = owner.user_permissions
        field, form = (
            "user_permissions",
            {"username": "eve", "date_joined_0": "2026-01-01", "date_joined_1": "00:00"},
        )
    else:
        owner = Group.objects.create(name="readers")
        given, field, form = owner.permissions, "permissions", {"name": "readers"}
    given.set([unseen, other])
    url = f"/admin/auth/{kind}/{owner.pk}/change/"
    shown = admin_client.get(url).content.decode()
    assert f'value="{ticked.pk}"' in shown
    assert f'name="{field}" value="{unseen.pk}"' not in shown
    assert admin_client.post(url, {**form, field: [ticked.pk]}).status_code == 302
    assert set(given.all()) == {unseen, ticked}
