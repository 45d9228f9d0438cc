"""The pages about models in a real browser: said, shown with its origin, and whole on a phone."""

import os
from collections.abc import Callable

from playwright.sync_api import Page, expect

BELIEVED = "/admin/accounts/modeloverride/believed/"


def test_a_fact_is_said_and_shown(new_page: Callable[..., Page]) -> None:
    """From the page that shows what is believed to the form, and back to the page that now shows the word."""
    page = new_page(BELIEVED)
    page.goto(f"{BELIEVED}?model=claude-opus-5-5")
    line = page.locator("tr[data-fact=prefill]")
    expect(line).to_contain_text("shipped table")
    page.get_by_role("link", name="Say otherwise").click()
    expect(page.locator("#id_pattern")).to_have_value("claude-opus-5-5")
    expect(page.get_by_text("Shipped: 1,000,000")).to_be_visible()
    page.locator("#id_fact_prefill").select_option("yes")
    page.locator("#id_note").fill("https://docs.example/opus")
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/fact-form.png", full_page=True)
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto(f"{BELIEVED}?model=claude-opus-5-5")
    expect(line).to_contain_text("your word")
    expect(page.get_by_role("link", name="https://docs.example/opus")).to_be_visible()
    if folder:
        page.screenshot(path=f"{folder}/believed.png", full_page=True)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.goto(BELIEVED)
    expect(page.get_by_role("link", name="claude-opus-5-5", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if folder:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.screenshot(path=f"{folder}/believed-list.png")
