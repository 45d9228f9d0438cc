"""A mapping says what it does before it is saved."""

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

NewPage = Callable[..., Page]


def test_a_mapping_says_what_it_does_as_it_is_filled_in(new_page: NewPage) -> None:
    """The way of each model to its accounts, a tried name's too, and doubts that go when their cause goes."""
    page = new_page("/admin/accounts/modelmapping/add/")
    shown = page.locator("#mapping-preview")
    expect(shown).to_contain_text("Enter the clients' model")
    page.fill("#id_pattern", "my-[model]-*")
    page.fill("#id_target", "claude-haiku-4-5")
    page.check("[name=kinds][value=openai]")
    expect(page.locator(".field-pattern")).to_contain_text("no regular expression")
    expect(page.locator(".field-target")).to_contain_text("none of these kinds and groups")
    page.fill("#id_pattern", "my-model-*")
    page.uncheck("[name=kinds][value=openai]")
    expect(page.locator(".field-pattern .ekp-remarks")).to_have_count(0)
    expect(page.locator(".field-target .ekp-remarks")).to_have_count(0)
    page.fill("#tried-model", "my-model-7")
    way = shown.locator("[data-model=my-model-7]")
    expect(way).to_contain_text("this mapping")
    expect(way).to_contain_text("claude-haiku-4-5: ")
    expect(way).to_contain_text("@")
    page.fill("#id_pattern", "*")
    expect(page.locator(".field-pattern")).to_contain_text("every model that no other mapping takes")
    page.press("#tried-model", "Enter")
    assert page.url.endswith("/add/")


def test_the_preview_fits_a_phone(new_page: NewPage) -> None:
    """At 360 pixels nothing is wider than the page."""
    page = new_page("/admin/accounts/modelmapping/add/", width=360)
    page.fill("#id_pattern", "claude-*")
    page.fill("#id_target", "claude-haiku-4-5")
    expect(page.locator("#mapping-preview li").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_field_keeps_what_described_it(new_page: NewPage) -> None:
    """Remarks stand behind the field's own help for a screen reader, and go without it."""
    page = new_page("/admin/accounts/modelmapping/add/")
    page.fill("#id_target", "claude-haiku-4-5")
    pattern, remarks = page.locator("#id_pattern"), page.locator(".field-pattern .ekp-remarks")
    own = pattern.get_attribute("aria-describedby")
    assert own
    expect(page.locator(f"[id='{own}']")).to_have_count(1)
    pattern.fill("my-[model]-*")
    expect(remarks).to_have_count(1)
    expect(pattern).to_have_attribute("aria-describedby", f"{own} pattern-remarks")
    pattern.fill("my-model-*")
    expect(remarks).to_have_count(0)
    expect(pattern).to_have_attribute("aria-describedby", own)


def test_only_the_newest_question_is_waited_for(new_page: NewPage) -> None:
    """What was asked for an older entry is broken off, however late its answer would be."""
    page = new_page("/admin/accounts/modelmapping/add/")
    page.fill("#id_target", "claude-haiku-4-5")
    held: list[Route] = []
    page.route(lambda url: "pattern=first" in url, lambda route: held.append(route))
    with page.expect_event("requestfailed", lambda request: "pattern=first" in request.url):
        with page.expect_request(lambda request: "pattern=first" in request.url):
            page.fill("#id_pattern", "first")
        page.fill("#id_pattern", "second-[x]")
    expect(page.locator(".field-pattern")).to_contain_text("no regular expression")
