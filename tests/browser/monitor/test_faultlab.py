"""The fault lab as an operator uses it: choose, run, watch, cancel, look at the bytes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

NewPage = Callable[..., Page]
LAB = "/monitor/faultlab/"
RUN_MS = 90_000
"""A run of a few exchanges starts a server of its own."""


def choose(page: Page, fault: str) -> None:
    """One fault, Anthropic clients and upstreams only, with the keyboard."""
    for name in ("client", "upstream"):
        for value in ("gemini", "openai"):
            page.locator(f"input[name={name}][value={value}]").focus()
            page.keyboard.press("Space")
    page.select_option("select[name=fault]", fault)


def test_a_small_run_from_the_button_to_the_bytes(new_page: NewPage) -> None:
    """It is found in the navigation, runs beside the server, and shows expected against received."""
    page = new_page("/admin/")
    page.locator(f"a[href='{LAB}']").first.click()
    page.wait_for_url(f"**{LAB}")
    choose(page, "cut@3")
    page.locator("button:has-text('Run')").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".lab-run progress")).to_be_visible()
    expect(page.locator("#lab-result")).to_contain_text(
        "Every exchange was as the contract says: 8 in all.", timeout=RUN_MS
    )
    expect(page.locator(".lab-table tbody tr")).to_have_count(2)  # with continuation and without
    line = page.locator(".lab-table tbody tr", has_text="200, error event").first
    line.locator("a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**fault=cut*")
    expect(page.locator(".lab-case")).to_have_count(4)
    page.locator(".lab-case summary").first.focus()
    page.keyboard.press("Enter")
    wire = page.locator(".lab-case").first.locator("pre").nth(1)
    expect(wire).to_contain_text("HTTP/1.1 200")
    expect(wire).to_contain_text("event: error")
    page.click("nav a:has-text('Only differences (0)')")
    expect(page.locator(".lab-none")).to_contain_text("No difference")


def test_a_run_is_cancelled(new_page: NewPage) -> None:
    """The whole contract is begun and given up; the page says so, and the last result stays."""
    page = new_page(LAB)
    page.click("button:has-text('Run')")
    page.click("button:has-text('Cancel')")
    expect(page.locator(".mon-diagnosis.notice")).to_contain_text("cancelled after", timeout=RUN_MS)
    expect(page.locator("button:has-text('Run')")).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), [(360, True), (360, False), (1280, True)])
def test_it_fits_every_screen(new_page: NewPage, width: int, dark: bool) -> None:
    """Nothing is wider than the screen, in the table and in a row's details."""
    page = new_page(LAB, width=width, dark=dark)
    for path in (LAB, f"{LAB}?fault=cut@3"):
        page.goto(path)
        for summary in page.locator(".lab-case summary").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for box in (part.bounding_box() for part in page.locator(".lab-table, .lab-case").all()):
            assert box is not None
            assert box["x"] + box["width"] <= width
