"""The history's table as a person uses it: many rows at once, sorted, with their own columns and views."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.served.world import World

NewPage = Callable[..., Page]
HISTORY = "/monitor/history/"
ROWS = "tr[data-row]"


def ready(page: Page) -> Page:
    """The page when its script has run: it has asked how many rows there are."""
    expect(page.locator("[data-about]")).to_contain_text("request")
    return page


def test_a_row_is_as_high_as_two_lines(new_page: NewPage) -> None:
    """Twenty rows fit under the head on a laptop's screen of 1440 by 900."""
    page = new_page(HISTORY)
    page.set_viewport_size({"width": 1440, "height": 900})
    ready(page)
    heights = page.locator(ROWS).evaluate_all("rows => rows.map(row => row.getBoundingClientRect().height)")
    top = page.locator("#mon-history tbody").bounding_box()
    assert top is not None
    assert max(heights) <= 33
    assert top["y"] + 20 * max(heights) <= 900
    time = page.locator(f"{ROWS} time").first
    assert time.evaluate("time => time.getClientRects().length") == 1


@pytest.mark.parametrize("path", [f"{HISTORY}?q=nothing-of-the-kind", HISTORY])
def test_the_columns_fill_the_table(new_page: NewPage, path: str) -> None:
    """A row that spans all columns brings none of the hidden ones back, to take the request's room."""
    page = new_page(path)
    page.locator("#mon-history tbody").evaluate(
        """part => {
            const row = part.insertRow();
            row.className = "mon-foot";
            row.insertCell().colSpan = part.closest("table").tHead.rows[0].cells.length;
        }"""
    )
    shown, hidden, table = page.locator("#mon-history").evaluate(
        """table => {
            const heads = [...table.tHead.rows[0].cells];
            const width = some => some.reduce((sum, one) => sum + one.offsetWidth, 0);
            const isHidden = one => getComputedStyle(one).visibility === "hidden";
            const shown = heads.filter(one => !isHidden(one));
            return [width(shown), width(heads.filter(isHidden)), table.clientWidth];
        }"""
    )
    assert hidden == 0
    assert abs(shown - table) <= 8  # each width is rounded


def test_the_head_stays_in_sight(new_page: NewPage) -> None:
    """Whoever scrolls still sees what the columns are."""
    page = ready(new_page(HISTORY))
    page.locator("body").evaluate("body => { body.style.minHeight = '4000px'; }")
    page.locator("#mon-history tbody").evaluate(
        "part => { for (let i = 0; i < 60; i += 1) part.append(part.querySelector('tr').cloneNode(true)); }"
    )
    page.evaluate("scrollTo(0, 900)")
    box = page.locator("#mon-history thead th").nth(1).bounding_box()
    assert box is not None
    assert box["y"] == 0


def test_it_is_sorted_by_a_click_and_back_by_two_more(new_page: NewPage) -> None:
    """Falling, rising, by time; the address says so."""
    page = ready(new_page(f"{HISTORY}?client_key=tests"))
    head = page.locator("th.k-cost")
    for wanted in ("descending", "ascending", None):
        head.get_by_role("link", name="attempts").click()
        if wanted:
            expect(head).to_have_attribute("aria-sort", wanted)
            assert "sort=" in page.url
            assert "client_key=tests" in page.url
    expect(page.locator("th.t")).to_have_attribute("aria-sort", "descending")
    page.goto(f"{HISTORY}?client_key=tests&sort=-attempts")
    expect(page.locator(f"{ROWS} td.k-cost").first).to_contain_text("3 attempts")


def test_columns_are_chosen_and_stay_chosen(new_page: NewPage) -> None:
    """What is hidden is hidden on the next page too, without a flash: the server draws it so."""
    page = ready(new_page(HISTORY))
    page.click("summary:has-text('Columns')")
    page.uncheck("[data-columns] input[value=tokens]")
    page.check("[data-columns] input[value=ended]")
    expect(page.locator("td.k-tokens").first).to_be_hidden()
    page.reload()
    assert page.locator("#mon-history").get_attribute("data-hide") == "tokens size"
    expect(page.locator("td.k-ended").first).to_be_visible()


def test_what_is_new_waits_in_a_bar(new_page: NewPage, console_world: World) -> None:
    """New requests do not push the row away that is being read; a click shows them."""
    page = new_page(f"{HISTORY}?dialect=anthropic&q=number", width=1280)
    page.clock.install()
    page.reload()
    ready(page)
    before = page.locator(ROWS).count()
    for number in range(2):
        console_world.row(console_world.messages(f"New number {number}"))
    page.clock.run_for(6000)
    bar = page.locator("[data-new]")
    expect(bar).to_have_text("2 new: show them")
    assert page.locator(ROWS).count() == before
    bar.click()
    expect(page.locator(ROWS)).to_have_count(before + 2)
    expect(bar).to_be_hidden()


def test_a_request_leads_back_to_the_view_it_was_found_in(new_page: NewPage) -> None:
    """The link and the key, with the filters as they were."""
    page = ready(new_page(f"{HISTORY}?outcome=retried&sort=-cost"))
    page.locator(f"{ROWS} td.r").first.click()
    back = page.locator("a[rel=up]")
    expect(back).to_have_attribute(
        "href", f"{page.url.partition('/monitor')[0]}{HISTORY}?outcome=retried&sort=-cost"
    )
    page.keyboard.press("u")
    page.wait_for_url("**/history/?outcome=retried&sort=-cost")


def test_any_two_are_compared(new_page: NewPage) -> None:
    """The older one stands left."""
    page = ready(new_page(HISTORY))
    button = page.locator("[data-compare]")
    boxes = page.locator(f"{ROWS} input")
    boxes.nth(0).check()
    expect(button).to_be_hidden()
    boxes.nth(1).check()
    newer, older = (boxes.nth(at).get_attribute("value") for at in (0, 1))
    button.click()
    page.wait_for_url(f"**/{older}/beside/{newer}/")
    expect(page.locator(".mon-compare thead")).to_contain_text("The first")


def test_account_and_key_are_links(new_page: NewPage) -> None:
    """To the account's and to the key's own page."""
    page = ready(new_page(f"{HISTORY}?outcome=retried"))
    page.locator(f"{ROWS} td.a a").first.click()
    page.wait_for_url("**/admin/accounts/account/*/change/")
    page.goto(f"{HISTORY}?outcome=retried")
    page.locator(f"{ROWS} td.a small a").first.click()
    page.wait_for_url("**/admin/accounts/clientkey/*/change/")


def test_what_an_address_asks_in_vain_is_said(new_page: NewPage) -> None:
    """A filter that means nothing does not vanish unseen."""
    page = new_page(f"{HISTORY}?outcome=exploded")
    expect(page.locator(".mon-misunderstood")).to_contain_text("outcome=exploded")


@pytest.mark.parametrize("width", [360, 1280])
def test_a_view_is_kept_under_a_name(new_page: NewPage, width: int) -> None:
    """And is a button from then on, until it is removed."""
    page = new_page(f"{HISTORY}?since=2026-01-01T00:00:00&outcome=ok", width=width)
    ready(page)
    page.click("summary:has-text('Views')")
    page.fill("input[name=name]", "All good")
    page.click("button:has-text('Keep')")
    view = page.locator(".mon-pills > a.own")
    expect(view).to_have_text("All good")
    expect(view).to_have_attribute("aria-current", "page")
    page.click("summary:has-text('Views')")
    page.click("button:has-text('Remove')")
    expect(view).to_have_count(0)


def test_a_row_in_flight_is_seen_to_end(new_page: NewPage) -> None:
    """Nobody reloads for it."""
    page = new_page(HISTORY)
    page.clock.install()
    page.route(
        "**/monitor/history/",
        lambda route: (
            route.fulfill(
                body=route.fetch().text().replace("<tr data-row>", "<tr data-row data-running>", 1),
                content_type="text/html; charset=utf-8",
            )
            if route.request.headers.get("x-part") is None
            else route.continue_()
        ),
    )
    page.reload()
    ready(page)
    expect(page.locator("tr[data-running]")).to_have_count(1)
    page.clock.run_for(6000)
    expect(page.locator("tr[data-running]")).to_have_count(0)
