"""What is the same on every page of the operator: the way by keyboard, and times in the reader's zone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

NewPage = Callable[..., Page]


def test_a_letter_after_g_goes_to_a_page(new_page: NewPage) -> None:
    """From any page to any other; while one types, a letter is a letter."""
    page = new_page("/admin/")
    for letter, where in (
        ("l", "/monitor/live/"),
        ("h", "/monitor/history/"),
        ("c", "/monitor/conversations/"),
        ("s", "/monitor/statistics/"),
        ("a", "/admin/accounts/account/"),
        ("o", "/admin/"),
    ):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        page.wait_for_url(f"**{where}")
    page.goto("/monitor/history/")
    page.keyboard.press("/")
    page.keyboard.type("gl")
    expect(page.locator("input[name=q]")).to_have_value("gl")
    assert page.url.endswith("/monitor/history/")


def test_an_id_is_copied_and_a_form_says_that_it_is_at_work(new_page: NewPage) -> None:
    """The button tells that it copied; a click on a slow act is answered at once, and not taken twice."""
    page = new_page("/monitor/history/?q=plain")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("tr[data-row]").last.locator("td.r").click()
    page.get_by_text("Copy id").click()
    expect(page.get_by_text("Copied", exact=True).first).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") in page.url
    page.click("text=Replay…")
    page.evaluate("addEventListener('submit', event => event.preventDefault())")
    button = page.locator("#replay-simulator button[type=submit]")
    button.click()
    expect(button).to_be_disabled()
    expect(button).to_contain_text("waiting for the answer")


def test_the_accounts_tell_times_in_the_readers_zone(new_page: NewPage) -> None:
    """As every page does: the exact moment stands in the title."""
    time = new_page("/admin/accounts/account/").locator("#result_list .field-last_error time").first
    exact = time.get_attribute("title") or ""
    hour = (int(exact[11:13]) + 9) % 24
    expect(time).to_contain_text(f"{hour:02d}{exact[13:16]}")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/monitor/live/",
        "/monitor/statistics/",
        "/admin/accounts/account/",
        "/admin/monitor/modelprice/what/",
        "/monitor/retention/",
    ],
)
def test_no_page_is_wider_than_a_phone(new_page: NewPage, path: str, dark: bool) -> None:
    """At 360 px nothing scrolls sideways but what has its own bar."""
    page = new_page(path, width=360, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
