"""What changes by itself is seen to change, without a reload by hand."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.monitor.test_live import in_background
from tests.served.world import World

pytestmark = pytest.mark.stores

NewPage = Callable[..., Page]


def fast(page: Page) -> Page:
    """The page with its clock in the test's hand, and its script at work."""
    page.clock.install()
    page.reload()
    expect(page.locator("html[data-refreshes]")).to_have_count(1)
    return page


def test_the_overview_follows_what_happens(new_page: NewPage, console_world: World) -> None:
    """Failures that are alike are one line with their number, and it grows."""
    for _ in range(2):
        console_world.row(console_world.messages("Refused. [fault: status=400]"))
    page = fast(new_page("/admin/"))
    group = page.locator(".ek-group").first
    expect(group).to_contain_text("× request refused for")
    before = int(group.locator("b").inner_text().rstrip("+ ×"))
    console_world.row(console_world.messages("Refused. [fault: status=400]"))
    page.clock.run_for(11_000)
    expect(group.locator("b")).to_have_text(f"{before + 1} ×")
    group.click()
    expect(page.locator("tr[data-row]")).to_have_count(before + 1)


def test_an_account_that_cools_down_is_seen_in_the_list(new_page: NewPage, console_world: World) -> None:
    """With a countdown beside the time, and cleared again."""
    page = fast(new_page("/admin/accounts/account/"))
    awaited = page.locator("#result_list td.field-why time[data-awaited]")
    expect(awaited).to_have_count(0)
    console_world.row(console_world.messages("Limited. [fault: retry_after=600, ok]"))
    page.clock.run_for(11_000)
    expect(awaited.first).to_contain_text("in 10 min")
    console_world.clear_marks()


def test_a_request_in_flight_is_seen_to_end(new_page: NewPage, console_world: World) -> None:
    """Its page says so within seconds, with the whole answer."""
    waiting = in_background(console_world, "Slowly. [say: events=120, delay=0.15]")
    console_world.eventually("SELECT id FROM monitor_requestlog WHERE in_flight = true", ())
    page = new_page("/monitor/history/?running=1")
    row = page.locator("tr[data-row] td.t a").first
    expect(row).to_be_visible()
    row.click()
    expect(page.locator("#mon-request[data-refresh]")).to_have_count(1)
    waiting.join()
    expect(page.locator("#mon-request")).to_contain_text("ok", timeout=15_000)
    expect(page.locator("#mon-request[data-refresh]")).to_have_count(0)
    expect(page.locator(".mon-turn.assistant")).to_have_count(1)
