"""What can be seen: text with contrast, fields with borders, a filter that is empty when its box is."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.all_pages import PAGES

NewPage = Callable[..., Page]

CONTRAST = """element => {
    const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const over = (color, ground) => {
        pen.fillStyle = `rgb(${ground})`; pen.fillRect(0, 0, 1, 1);
        pen.fillStyle = color; pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const grounds = [];
    for (let one = element; one; one = one.parentElement) {
        grounds.unshift(getComputedStyle(one).backgroundColor);
    }
    const ground = grounds.reduce((below, color) => over(color, below), [255, 255, 255]);
    const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const weights = [0.2126, 0.7152, 0.0722];
    const light = color => color.reduce((sum, v, at) => sum + linear(v / 255) * weights[at], 0);
    const both = [light(over(getComputedStyle(element).color, ground)), light(ground)];
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""
"""WCAG 2.2's contrast ratio of an element's text, over all that lies behind it."""


@pytest.mark.parametrize("dark", [False, True])
def test_navigation_and_links_have_contrast(new_page: NewPage, dark: bool) -> None:
    """At least 4.5 to 1: the chosen entry, the others, and a link among text."""
    page = new_page("/admin/accounts/account/", dark=dark)
    page.goto("/admin/auth/user/1/change/")
    link = page.locator("a[href='../password/']")
    ratios = {"a link": link.evaluate(CONTRAST)}
    page.goto("/admin/accounts/account/")
    for entry in page.locator("#nav-sidebar a:visible").all():
        ratios[entry.inner_text()] = entry.evaluate(CONTRAST)
    assert len(ratios) > 5
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


EDGES = """() => {
    const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const over = (color, ground) => {
        pen.fillStyle = `rgb(${ground})`; pen.fillRect(0, 0, 1, 1);
        pen.fillStyle = color; pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const weights = [0.2126, 0.7152, 0.0722];
    const light = color => color.reduce((sum, v, at) => sum + linear(v / 255) * weights[at], 0);
    const told = {};
    for (const field of document.querySelectorAll("input, select, textarea")) {
        if (!field.checkVisibility() || field.type === "submit" || field.clientWidth < 8) continue;
        const around = [field, field.parentElement];
        const framed = around.find(one => parseFloat(getComputedStyle(one).borderTopWidth));
        if (!framed && getComputedStyle(field).appearance !== "none") continue;  // the browser's own
        const edged = framed ?? field;
        const grounds = [];
        for (let one = edged.parentElement; one; one = one.parentElement)
            grounds.unshift(getComputedStyle(one).backgroundColor);
        const ground = grounds.reduce((below, color) => over(color, below), [255, 255, 255]);
        const style = getComputedStyle(edged);
        const own = [style.backgroundColor, framed ? style.borderTopColor : style.backgroundColor];
        const best = Math.max(...own.map(color => {
            const both = [light(over(color, ground)), light(ground)];
            return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
        }));
        told[field.name || field.id || field.type] = Math.round(best * 100) / 100;
    }
    return told;
}"""
"""WCAG 2.2's contrast of each field's edge, or of a switch itself, against what lies round it, by name."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("dark", [False, True])
def test_what_can_be_filled_in_has_an_edge(new_page: NewPage, known: dict[str, str], dark: bool) -> None:
    """At least 3 to 1 on every page (WCAG 1.4.11): fields, lists, boxes to tick, switches and searches."""
    page = new_page("/admin/keys/", dark=dark)
    faint, seen = {}, 0
    for path in (path.format(**known) for paths in PAGES.values() for path in paths):
        page.goto(path)
        ratios = page.evaluate(EDGES)
        seen += len(ratios)
        faint[path] = {name: ratio for name, ratio in ratios.items() if ratio < 3}
    assert seen > 150
    assert {path: some for path, some in faint.items() if some} == {}


@pytest.mark.parametrize("dark", [False, True])
def test_the_fields_of_a_new_user_have_borders(new_page: NewPage, dark: bool) -> None:
    """As every other form's."""
    page = new_page("/admin/auth/user/add/", dark=dark)
    for name in ("username", "password1", "password2"):
        field = page.locator(f"input[name={name}]")
        assert field.evaluate("element => getComputedStyle(element).borderTopWidth") == "1px", name


def test_escape_empties_the_live_filter_too(new_page: NewPage) -> None:
    """Box and filter say the same."""
    page = new_page("/monitor/live/?q=nothing-of-that-name")
    box = page.locator("#live-filter")
    expect(box).to_have_value("nothing-of-that-name")
    box.press("Escape")
    expect(box).to_have_value("")
    expect(page).to_have_url(page.url.partition("?")[0])


SCROLLED_IN = """table => {
    const around = [];
    for (let one = table.parentElement; one; one = one.parentElement)
        if (/auto|scroll/.test(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1)
            around.push(one.className);
    return around;
}"""


@pytest.mark.parametrize("width", [1280, 1440])
def test_the_accounts_fit_a_laptop(new_page: NewPage, width: int) -> None:
    """All their columns beside the sidebar: none is behind a bar, and the bar lies on no row."""
    page = new_page("/admin/accounts/account/", width=width)
    assert page.locator("#result_list").evaluate(SCROLLED_IN) == []
    expect(page.locator("#nav-sidebar")).to_be_visible()
