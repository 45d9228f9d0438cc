"""The gauges of an account's quota."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.admin.account.quotas import gauges, tightest
from accounts.models import Account
from accounts.pool.quota_windows import Window

NOW = 1_800_000_000.0


def account(*windows: Window) -> Account:
    """One whose quota was told so."""
    kept = [{name: getattr(one, name) for name in one.__struct_fields__} for one in windows]
    return Account(email="a@x.test", kind="anthropic", quota_windows=kept)


def test_each_window_has_its_gauge() -> None:
    """How full, how old the figure is, when it begins anew; one that has begun anew says so."""
    shown = gauges(
        account(
            Window("5h", 0.42, NOW + 3600, NOW - 30),
            Window("requests", 0.98, NOW + 50, NOW - 5, "claude-opus-5", 50, 1),
            Window("7d", 0.5, NOW - 1, NOW - 90_000),
        ),
        NOW,
    )
    assert shown.count("<meter") == 2
    assert 'value="0.420"' in shown
    assert "42 % used · seen 30 s ago · begins anew <time" in shown
    assert "requests · claude-opus-5" in shown
    assert "98 % used · 1 of 50 left · seen 5 s ago · begins anew <time" in shown
    assert "has begun anew since" in shown


def test_the_list_shows_the_tightest() -> None:
    """Of those that still stand; an account that told nothing has none."""
    windows = (
        Window("5h", 0.42, NOW + 9, NOW),
        Window("7d", 0.6, NOW + 9, NOW),
        Window("x", 1.0, NOW - 1, NOW),
    )
    assert tightest(account(*windows), NOW).startswith("7d ")
    spare = tightest(account(Window("5h", 0.1, NOW + 60, NOW)), NOW)
    assert ("10 % used" in spare, "begins anew" in spare) == (True, False)
    spent = tightest(account(Window("5h", 1.0, NOW + 60, NOW)), NOW)
    assert ("100 % used" in spent, "begins anew" in spent) == (True, True)
    assert tightest(account(), NOW) == gauges(account(), NOW) == "–"


@pytest.mark.django_db
def test_the_pages_show_them() -> None:
    """On the account's page, and in the list."""
    row = account(Window("5h", 0.42, NOW + 10**9, NOW))
    row.save()
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    for address in (
        reverse("admin:accounts_account_changelist"),
        reverse("admin:accounts_account_change", args=[row.pk]),
    ):
        assert "<meter" in client.get(address).content.decode()


def test_the_column_is_no_failure_in_japanese(admin_client: Client) -> None:
    """The list says that there are quotas, not that one is exceeded, as the failure of that name does."""
    account().save()  # an empty list has no columns
    with translation.override("en"):  # the language that the answer leaves behind ends here
        answer = admin_client.get("/admin/accounts/account/", headers={"accept-language": "ja"})
    page = answer.content.decode()
    assert "クォータ" in page
    assert "割り当て超過" not in page
