"""An address of the admin that names no object is a page that is not there, whatever stands in its place."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import Http404
from django.test import Client, RequestFactory

from accounts.admin.one_object import one_object
from accounts.models import Account

pytestmark = pytest.mark.django_db

ODD = ("%2500", "'%22%3C", "\u00b2", "1e999", "-1", "0", "9" * 400, "_5F", "a%20b")


@pytest.mark.parametrize("page", ["connect", "rotate"])
def test_what_is_no_id_is_not_found(page: str) -> None:
    """By reading and by sending; a superscript is a digit, and no number."""
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    for odd in ODD:
        for ask in (client.get, client.post):
            status = ask(f"/admin/accounts/clientkey/{odd}/{page}/").status_code
            assert status == 404, (page, odd, ask)


def test_an_account_is_found_by_its_id_alone() -> None:
    """The pages of accounts look for one as their form does."""
    pages, request = admin.site._registry[Account], RequestFactory().get("/")
    account = Account.objects.create(email="a@b", kind="gemini")
    assert one_object(pages, request, str(account.pk)) == account
    for odd in ODD:
        with pytest.raises(Http404):
            one_object(pages, request, odd)
