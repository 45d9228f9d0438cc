"""Every page on a phone of 360 pixels, in both languages: nothing is cut, only code scrolls sideways."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.all_pages import PAGES

NewPage = Callable[..., Page]

TOO_WIDE = """() => {
    document.querySelectorAll("details").forEach(one => one.open = true);
    const wrong = [];
    const name = one => one.tagName + (one.id ? "#" + one.id : "") + "." + String(one.className).slice(0, 40);
    if (document.documentElement.scrollWidth > innerWidth) wrong.push("the page");
    const forms = "form:not(#changelist-form), fieldset, .form-rows";
    const parts = `${forms}, .ek-card, .ek-scroll, .ekc-scroll, .mon-panel > .body`;
    for (const one of document.querySelectorAll(parts)) {
        const inner = one.scrollWidth - one.clientWidth;
        if (one.clientWidth && getComputedStyle(one).display !== "inline" && inner > 1)
            wrong.push(`${name(one)} by ${inner} px`);
    }
    const last = document.querySelector("h1 > :last-child");
    if (last?.clientWidth && last.clientWidth < Math.min(last.scrollWidth, 96)) wrong.push("the head");
    return wrong;
}"""
"""The page, its forms and its tables; only a piece of code has a bar of its own."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("locale", ["en-GB", "ja"])
def test_nothing_is_wider_than_a_phone(new_page: NewPage, known: dict[str, str], locale: str) -> None:
    """Page, form and table fit, and where one is can be read."""
    page = new_page("/admin/keys/", width=360, locale=locale)
    told = {}
    for path in (path.format(**known) for paths in PAGES.values() for path in paths):
        page.goto(path)
        told[path] = page.evaluate(TOO_WIDE)
    assert len(told) > 50
    wrong = [f"{path}: {what}" for path, some in told.items() for what in some]
    assert not wrong, "\n".join(wrong)
