"""The plots, drawn by our own server's script under its own policy."""

import re
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.served.world import World

NewPage = Callable[..., Page]


@pytest.mark.parametrize("dark", [False, True])
def test_a_bar_leads_to_its_requests(new_page: NewPage, console_world: World, dark: bool) -> None:
    """Plots are drawn, say the same as a table, and a click on the newest bar shows its rows."""
    console_world.row(console_world.messages("Asked in this hour, which may have begun just now."))
    page = new_page("/monitor/statistics/?days=1", dark=dark)
    expect(page.locator(".ek-plots[data-drawn]")).to_have_count(1)
    for name in ("outcomes", "times", "tokens", "money"):
        expect(page.locator(f"[data-numbers={name}] tbody tr")).to_have_count(24)
    canvas = page.locator("canvas[data-plot=outcomes]")
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": box["width"] - 12, "y": box["height"] / 3})
    page.wait_for_url("**/monitor/history/?since=*")
    expect(page.locator("tr[data-row]").first).to_be_visible()


def test_hours_are_those_of_the_reader(new_page: NewPage, console_world: World) -> None:
    """On the axis, in the numbers and in the table by hour: beside times in the browser's zone no others."""
    console_world.row(console_world.messages("Asked in this hour, too."))
    page = new_page("/monitor/statistics/?days=1")
    expect(page.locator(".ek-plots[data-drawn]")).to_have_count(1)
    newest = page.evaluate("JSON.parse(document.getElementById('ek-plotted').textContent).starts.at(-1)")
    shown = datetime.fromisoformat(newest).astimezone(ZoneInfo("Asia/Tokyo"))
    first = page.locator("[data-numbers=outcomes] tbody td").first
    assert first.text_content() == f"{shown:%H:%M}"
    hours = page.locator("details table time")
    exact = [datetime.fromisoformat(one.get_attribute("datetime") or "") for one in hours.all()]
    assert datetime.fromisoformat(newest) in exact
    at = hours.nth(exact.index(datetime.fromisoformat(newest)))
    expect(at).to_have_text(re.compile(f"{shown:%H:%M}$"))


def test_the_overview_has_the_last_day(new_page: NewPage) -> None:
    """As one strip of stacked outcomes."""
    page = new_page("/monitor/statistics/?days=1")  # fills the first hour of a server
    page.goto("/admin/")
    expect(page.locator(".ek-strip[data-drawn]")).to_have_count(1)
    expect(page.locator("[data-numbers=outcomes] tbody tr")).to_have_count(24)
