"""What a key may do and has used, gauges of quotas, and groups: on a phone, in both languages."""

import json
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.served.keys.test_key_limits import ask, new_key
from tests.served.world import World

NewPage = Callable[..., Page]
KEY = "phone"
LANGUAGES = ["en-GB", "ja-JP"]


@pytest.fixture(scope="module")
def governed(console_world: World) -> Iterator[dict[str, str]]:
    """A key with every sort of limit that has asked once, an account that told its quota, and a group.

    Gives the key's value, and the paths of pages by what they are of.
    """
    limits = (
        "--usd-per-month", "5", "--tokens-per-day", "100000", "--requests-per-minute", "60",
        "--requests-at-a-time", "4", "--allow-model", "claude-*", "--highest-effort", "high",
        "--conversation-turns-per-hour", "500",
    )  # fmt: skip
    value = new_key(console_world, KEY, *limits)
    console_world.row(ask(console_world, value, "Asked on a phone."))
    console_world.import_accounts(
        [
            {
                "email": "phone@gemini",
                "kind": "gemini",
                "base_url": console_world.simulator.base_url,
                "credential": {"api_key": "sim-phone"},
                "models": ["a-model-that-nobody-asks"],  # else its answers would tell windows of their own
                "groups": ["phones"],
            }
        ]
    )
    window = {"used": 0.93, "resets_at": time.time() + 86_400, "seen_at": time.time(), "name": "7d"}
    many = {**window, "name": "requests", "model": "gemini-2.5-pro", "limit": 1000, "remaining": 70}
    program = (
        "import json; from accounts.models import Account, AccountGroup, ClientKey;"
        f"windows = json.loads({json.dumps(json.dumps([window, many]))});"
        "account = Account.objects.get(email='phone@gemini');"
        "Account.objects.filter(pk=account.pk).update(quota_windows=windows);"
        "group, _ = AccountGroup.objects.get_or_create(name='phones', strategy='drain');"
        f"print(account.pk, group.pk, ClientKey.objects.get(name='{KEY}').pk)"
    )
    account, group, key = console_world.server.manage("shell", "-v0", "-c", program).split()
    yield {
        "value": value,
        "account": f"/admin/accounts/account/{account}/change/",
        "group": f"/admin/accounts/accountgroup/{group}/change/",
        "key": f"/admin/accounts/clientkey/{key}/change/",
    }
    undo = "from accounts.models import Account; Account.objects.filter(email='phone@gemini').delete()"
    console_world.server.manage("shell", "-v0", "-c", undo)


def fits(page: Page) -> bool:
    """Is nothing wider than the page?"""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_key_s_form_on_a_phone(new_page: NewPage, governed: dict[str, str], locale: str) -> None:
    """Every limit has a field, and the form shows what is set; an empty form fits as well."""
    budgets = {"en-GB": "Budgets", "ja-JP": "予算"}[locale]
    page = new_page(governed["key"], width=360, locale=locale)
    expect(page.get_by_role("heading", name=budgets)).to_be_visible()
    expect(page.locator("#id_usd_per_month")).to_have_value("5.0000")
    expect(page.locator("#id_tokens_per_day")).to_have_value("100000")
    assert fits(page)
    page.goto("/admin/accounts/clientkey/add/")
    expect(page.get_by_role("heading", name=budgets)).to_be_visible()
    assert fits(page)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_a_key_s_holder_on_a_phone(new_page: NewPage, governed: dict[str, str], locale: str) -> None:
    """The key goes into a form, and no address; limits, models and hours are there, also by the keyboard."""
    page = new_page("/usage/", width=360, locale=locale)
    expect(page.locator("h1")).to_contain_text({"en-GB": "Usage", "ja-JP": "使用量"}[locale])
    page.fill("#id_key", governed["value"])
    page.keyboard.press("Enter")
    expect(page.locator("#limits tbody tr")).to_have_count(3)
    expect(page.locator("#limits")).to_contain_text({"en-GB": "Left", "ja-JP": "残り"}[locale])
    expect(page.locator("#models")).to_contain_text("claude")
    expect(page.locator("#hours tbody tr")).to_have_count(1)
    assert governed["value"] not in page.url
    assert governed["value"] not in page.content()
    assert fits(page)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_gauges_on_a_phone(new_page: NewPage, governed: dict[str, str], locale: str) -> None:
    """Each window of an account has one, with what is used, its age, and when it begins anew."""
    page = new_page(governed["account"], width=360, locale=locale)
    expect(page.locator("meter")).to_have_count(2)
    told = page.locator("div", has=page.locator("> meter")).last
    expect(told).to_contain_text("70")
    expect(told).to_contain_text({"en-GB": "begins anew", "ja-JP": "リセット"}[locale])
    assert fits(page)
    page.goto("/admin/accounts/account/")
    expect(page.locator("#result_list tr", has_text="phone@gemini").locator("meter")).to_have_count(1)
    assert fits(page)


@pytest.mark.parametrize("locale", LANGUAGES)
def test_groups_on_a_phone(new_page: NewPage, governed: dict[str, str], locale: str) -> None:
    """The group's own form, and the list with who is in it."""
    page = new_page(governed["group"], width=360, locale=locale)
    expect(page.locator("#id_strategy")).to_have_value("drain")
    assert fits(page)
    page.goto("/admin/accounts/accountgroup/")
    expect(page.locator("#result_list")).to_contain_text("phones")
    assert fits(page)
