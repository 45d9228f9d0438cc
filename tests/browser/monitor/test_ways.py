"""The shortest ways: one number everywhere, the search beside every page, the keys, a plot that answers."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.served.world import World

NewPage = Callable[..., Page]


def number_in(text: str) -> int:
    """The first number of a text."""
    found = re.search(r"\d[\d,]*", text)
    assert found is not None, text
    return int(found[0].replace(",", ""))


def test_what_was_rescued_is_one_number(new_page: NewPage, console_world: World) -> None:
    """On the overview's tile, behind the history's chip and in the statistics."""
    console_world.row(console_world.messages("Rescued, too. [fault: empty, ok]"))
    page = new_page("/admin/")
    tiles = page.locator(".ek-tile", has_text="Rescued")
    counted = number_in(tiles.locator(".ek-tile-note").inner_text())
    assert counted >= 1
    page.goto("/monitor/statistics/?days=1")
    ends_at = time.monotonic() + 90  # they are worked out once a minute
    while number_in(tiles.locator(".ek-tile-note").inner_text()) != counted and time.monotonic() < ends_at:
        page.wait_for_timeout(1_000)
        page.reload()
    assert number_in(tiles.locator(".ek-tile-note").inner_text()) == counted
    page.goto("/monitor/history/")
    page.get_by_role("link", name="Rescued").click()
    page.wait_for_url("**rescued=1**")
    expect(page.locator("tr[data-row]")).to_have_count(counted)


def test_the_cooldown_is_cleared_where_it_is_told(new_page: NewPage, console_world: World) -> None:
    """A request that no account could take has its title and its lines of app.log, and its id finds it. One
    press on its page, and the accounts are usable at once.
    """
    console_world.row(console_world.messages("Enough. [fault: retry_after=1800*]"))
    answer = console_world.messages("And nobody is left.")
    assert answer.status_code == 429
    row = console_world.row(answer)
    page = new_page(f"/monitor/history/?q={row['id']}")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.locator("tr[data-row] td.r").click()
    page.wait_for_url(f"**/{row['id']}/")
    expect(page).to_have_title(re.compile("^error · claude-sonnet-4-6"))
    expect(page.locator("details", has_text="Lines of app.log").locator("pre")).to_contain_text(
        str(row["id"])
    )
    page.locator(".mon-diagnosis").get_by_role("button", name="Clear the cooldown").click()
    page.wait_for_load_state("networkidle")
    page.goto("/admin/accounts/account/")
    expect(page.locator("#result_list")).not_to_contain_text("cooling down")
    assert console_world.messages("Once more.").status_code == 200


def test_the_search_beside_every_page(new_page: NewPage, console_world: World) -> None:
    """t, the beginning of an id, or a name, and Enter: no hand leaves the keyboard."""
    row = console_world.row(console_world.messages("To be found."))
    page = new_page("/admin/accounts/modelmapping/")
    page.keyboard.press("t")
    page.keyboard.type(str(row["id"])[:12])
    results = page.locator("#search-results")
    expect(results.locator(f"a[href='/monitor/history/{row['id']}/']")).to_be_visible()
    for name, kind in (("tests", "client key"), ("claude-on-gemini", "mapping")):
        page.keyboard.press("Control+a")
        page.keyboard.type(name)
        expect(results).to_contain_text(kind, ignore_case=True)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/accounts/modelmapping/*/change/**")
    page.keyboard.press("t")
    page.keyboard.type(str(row["id"]))
    page.keyboard.press("Enter")  # sooner than the results are there
    page.wait_for_url(f"**/{row['id']}/")


def test_the_keys_are_told_on_a_question_mark(new_page: NewPage) -> None:
    """Over any page, and gone with Esc; in a field it is a question mark."""
    page = new_page("/monitor/history/")
    page.keyboard.press("?")
    told = page.locator("dialog.ek-help")
    expect(told).to_contain_text("next and previous row")
    page.keyboard.press("Escape")
    expect(told).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.press("?")
    expect(page.locator("#mon-q")).to_have_value("?")
    expect(told).to_have_count(0)


def test_a_plot_answers_to_the_mouse(new_page: NewPage, console_world: World) -> None:
    """It has axes; a name in the legend hides its bars; over a bar its numbers are told."""
    console_world.row(console_world.messages("In this hour, for sure."))
    page = new_page("/monitor/statistics/?days=1")
    expect(page.locator(".ek-plots[data-drawn]")).to_have_count(1)
    canvas = page.locator("canvas[data-plot=outcomes]")
    box = canvas.bounding_box()
    assert box is not None
    chart = "Chart.getChart(document.querySelector('canvas[data-plot=outcomes]'))"
    assert page.evaluate(f"Object.keys({chart}.scales).sort().join()") == "x,y"
    names = page.evaluate(f"{chart}.legend.legendItems.map(one => one.text)")
    assert "ok" in names
    page.mouse.move(box["x"] + box["width"] - 14, box["y"] + box["height"] / 3)
    told = f"{chart}.tooltip.body.flatMap(one => one.lines).join()"
    # A function: a text would be evaluated at each look, and the page's policy forbids all but the first.
    page.wait_for_function(f"() => {chart}.tooltip.opacity === 1")
    assert re.search(r"ok: \d", page.evaluate(told))
    place = page.evaluate(f"{chart}.legend.legendHitBoxes[{names.index('ok')}]")
    canvas.click(position={"x": place["left"] + 5, "y": place["top"] + 5})
    page.wait_for_function(f"() => !{chart}.isDatasetVisible({names.index('ok')})")
